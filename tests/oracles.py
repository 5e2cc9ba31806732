"""Independent answers: torch.nn's own modules, float64 autograd of a cell's equation, closed forms, finite differences.

Nothing here uses rnnviz's closed-form kernels, its backward pass or its products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnviz.cells import GRU, Elman
from rnnviz.experiment import Experiment
from rnnviz.streams import Examples

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def batch_of(experiment: Experiment) -> tuple[Tensor, Tensor]:
    """What the network reads and should answer: inputs (time, example, feature) in its dtype, targets as they are."""
    batch = experiment.task.batch(Examples(experiment.seed, experiment.batch_size))
    return batch.inputs.to(DTYPES[experiment.dtype]), batch.targets


# — torch's own layers —


def torch_module(experiment: Experiment, parameters: Mapping[str, Tensor]) -> nn.Module:
    """nn.RNN, nn.LSTM or nn.GRU with the recurrent part of these parameters; for the activations that torch has."""
    cell, inputs = experiment.cell, experiment.task.input_size
    if isinstance(cell, Elman):
        module: nn.Module = nn.RNN(inputs, cell.hidden_size, cell.layers, nonlinearity=cell.activation)
    else:
        assert cell.activation == "tanh"
        module = (nn.GRU if isinstance(cell, GRU) else nn.LSTM)(inputs, cell.hidden_size, cell.layers)
    module = module.to(DTYPES[experiment.dtype])
    module.load_state_dict({name: value for name, value in parameters.items() if not name.endswith("_hy")})
    return module


# — autograd of the equation —


class Graph(NamedTuple):
    """One forward pass under autograd: states[t][layer] is the flat (h, c) after step t, a node of its own."""

    parameters: dict[str, Tensor]
    states: list[list[Tensor]]
    losses: Tensor  # (time, example)


def graph(experiment: Experiment, parameters: Mapping[str, Tensor], inputs: Tensor, targets: Tensor) -> Graph:
    """Step by step, layer by layer, straight from `Cell.step`. inputs (time, example, feature)."""
    cell = experiment.cell
    leaves = {name: value.detach().clone().requires_grad_() for name, value in parameters.items()}
    start = cell.initial_state(inputs.shape[1], inputs.dtype).flat().requires_grad_()
    states, losses = [[start.clone() for _ in range(cell.layers)]], []
    for x, target in zip(inputs, targets, strict=True):
        states.append([])
        for layer in range(cell.layers):
            flat = cell.step(own(leaves, layer), x, cell.state(states[-2][layer]))[0].flat()
            states[-1].append(flat)
            x = flat[:, : cell.hidden_size]
        outputs = x @ leaves["weight_hy"].T + leaves["bias_hy"]
        if experiment.task.judgement == "cross_entropy":
            losses.append(functional.cross_entropy(outputs, target, reduction="none"))
        else:
            losses.append(functional.mse_loss(outputs, target.to(outputs.dtype), reduction="none").mean(-1))
    return Graph(leaves, states, torch.stack(losses))


def mean_loss(experiment: Experiment, made: Graph) -> Tensor:
    """ℓ of every example: the mean over the judged steps."""
    steps = experiment.loss.steps(experiment.task.sequence_length)
    return made.losses[steps.start - 1 : steps.stop - 1].mean(0)


def weight_gradient(experiment: Experiment, made: Graph, name: str) -> Tensor:
    """∂L/∂W for L = mean of ℓ over the batch: what `backward()` leaves in `.grad`."""
    (gradient,) = torch.autograd.grad(mean_loss(experiment, made).mean(), made.parameters[name], retain_graph=True)
    return gradient


def weight_gradient_of_each_step(
    experiment: Experiment, parameters: Mapping[str, Tensor], inputs: Tensor, targets: Tensor, name: str
) -> Tensor:
    """∂L/∂W of one matrix with a leaf of its own for every time step, (time, row, column): what W at step t alone does."""
    cell, leaves = experiment.cell, []
    states, losses = [cell.initial_state(inputs.shape[1], inputs.dtype).flat()] * cell.layers, []
    for x, target in zip(inputs, targets, strict=True):
        leaves.append(parameters[name].detach().clone().requires_grad_())
        of_step = {**parameters, name: leaves[-1]}
        for layer in range(cell.layers):
            states[layer] = cell.step(own(of_step, layer), x, cell.state(states[layer]))[0].flat()
            x = states[layer][:, : cell.hidden_size]
        outputs = x @ parameters["weight_hy"].T + parameters["bias_hy"]
        losses.append((outputs - target).square().mean(-1))
    steps = experiment.loss.steps(len(inputs))
    loss = torch.stack(losses)[steps.start - 1 : steps.stop - 1].mean()
    found = torch.autograd.grad(loss, leaves, allow_unused=True)
    return torch.stack([torch.zeros_like(parameters[name]) if one is None else one for one in found])


def total_state_gradient(experiment: Experiment, made: Graph, t: int, layer: int) -> Tensor:
    """∂ℓ/∂(flat state of one layer after step t), every path counted, (example, state). ℓ of each example is its own."""
    (gradient,) = torch.autograd.grad(
        mean_loss(experiment, made).sum(), made.states[t][layer], retain_graph=True, allow_unused=True
    )
    return torch.zeros_like(made.states[t][layer]) if gradient is None else gradient


def step_jacobian(experiment: Experiment, made: Graph, inputs: Tensor, t: int, example: int) -> Tensor:
    """∂s_t/∂s_{t−1} of all layers of one example, by autograd of one step; inputs (time, example, feature)."""
    cell = experiment.cell
    parameters = {name: value.detach() for name, value in made.parameters.items()}

    def step(flat: Tensor) -> Tensor:
        x, after = inputs[t - 1, example], []
        for layer, before in enumerate(flat.chunk(cell.layers)):
            after.append(cell.step(own(parameters, layer), x[None], cell.state(before[None]))[0].flat()[0])
            x = after[-1][: cell.hidden_size]
        return torch.cat(after)

    return torch.autograd.functional.jacobian(
        step, torch.cat([state[example] for state in made.states[t - 1]]).detach()
    )


def own(parameters: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
    """One layer's parameters under a cell's names."""
    return {name: parameters[f"{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}


# — closed forms and counting —


def finite_difference(function: Callable[[float], float], at: float, step: float = 1e-5) -> float:
    """f′ by central differences: error of order step² · f‴/6 and rounding of order 1e-16 · f/step."""
    return (function(at + step) - function(at - step)) / (2 * step)


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def powers(base: Decimal) -> Iterator[tuple[int, Decimal]]:
    """(t, base^t) for t = 1, 2, …, exact to the precision of the decimal context."""
    value, t = Decimal(1), 0
    while True:
        t, value = t + 1, value * base
        yield t, value
