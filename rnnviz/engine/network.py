"""The network of an experiment: its parameters under PyTorch's names, and its readout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from rnnviz.cells import Cell
from rnnviz.experiment import Experiment
from rnnviz.initializers import Initializer, uniform
from rnnviz.streams import generator
from rnnviz.tasks import Judgement

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def draw_parameters(experiment: Experiment) -> dict[str, Tensor]:
    """All weights: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_ih_l1 …, weight_hy, bias_hy.

    Drawn in float64 and then rounded to the experiment's dtype, so float32 and float64 start from the same network.
    The readout y = W_hy h + b_hy starts as torch.nn.Linear does, U(−1/√H, 1/√H).
    """
    e, task = experiment, experiment.task
    drawn = draw_network(e.cell, e.initializer, task.input_size, task.output_size, e.seed)
    return {name: value.to(DTYPES[e.dtype]) for name, value in drawn.items()}


def draw_network(cell: Cell, initializer: Initializer, inputs: int, outputs: int, seed: int) -> dict[str, Tensor]:
    """The same for a network that no experiment names, in float64."""
    size = cell.hidden_size
    drawn: dict[str, Tensor] = {}
    for layer in range(cell.layers):
        one = cell.draw(initializer, size if layer else inputs, generator(seed, "weights", layer))
        drawn |= {f"{name}_l{layer}": value for name, value in one.items()}
    readout = generator(seed, "weights", "readout")
    drawn["weight_hy"] = uniform(outputs, size, size**-0.5, readout)
    drawn["bias_hy"] = uniform(1, outputs, size**-0.5, readout)[0]
    return drawn


def layer_parameters(parameters: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
    """One layer's weights under a cell's own names; missing biases (bias=False in PyTorch) are zero."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    found = {name: parameters[f"{name}_l{layer}"] for name in names if f"{name}_l{layer}" in parameters}
    zero = found["weight_hh"].new_zeros(len(found["weight_hh"]))
    return {"bias_ih": zero, "bias_hh": zero, **found}


def judge(outputs: Tensor, targets: Tensor, judgement: Judgement) -> Tensor:
    """The loss of each answer, (time, example): squared error averaged over outputs, or cross-entropy in nats."""
    if judgement == "cross_entropy":
        return functional.cross_entropy(outputs.permute(1, 2, 0), targets.T, reduction="none").T
    return (outputs - targets).square().mean(-1)


class Answers(NamedTuple):
    """What the readout says at some steps: y_t and ∂ℓ_t/∂y_t (time, example, output), ℓ_t (time, example)."""

    outputs: Tensor
    error: Tensor
    loss: Tensor


def answers(parameters: Mapping[str, Tensor], hidden: Tensor, targets: Tensor, judgement: Judgement) -> Answers:
    """y = W_hy h + b_hy, judged. hidden (time, unit, example) and the targets of the same steps."""
    # W_hy h as it lies in memory takes a fifth of the time of hᵀ W_hyᵀ.
    outputs = (parameters["weight_hy"] @ hidden).transpose(1, 2) + parameters["bias_hy"]
    if judgement == "cross_entropy":
        error = outputs.softmax(-1) - functional.one_hot(targets, outputs.shape[-1])
    else:
        targets = targets.to(outputs.dtype)
        error = (outputs - targets) * (2 / outputs.shape[-1])
    return Answers(outputs, error, judge(outputs, targets, judgement))


def loss_gradient(
    parameters: Mapping[str, Tensor], hidden: Tensor, targets: Tensor, judgement: Judgement
) -> tuple[Tensor, Tensor]:
    """∂ℓ_t/∂h_t and ℓ_t from the readout alone.

    hidden (time, unit, example) of the steps that are judged -> (gradient (time, unit, example), loss (time, example)).
    """
    made = answers(parameters, hidden, targets, judgement)
    return (made.error @ parameters["weight_hy"]).transpose(1, 2), made.loss
