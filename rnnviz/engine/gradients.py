"""The gradient of one batch with respect to all weights: ∂L/∂θ as `backward()` would leave it in `.grad`.

L is the mean over the batch of each example's ℓ, and ℓ the mean over its judged steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.func import vjp

from rnnviz.cells.autograd import AutogradKernel
from rnnviz.cells.kernel import BLOCK_BYTES, Kernel, times_power_of_two
from rnnviz.engine.judged import Judged, judged
from rnnviz.engine.network import DTYPES, Answers, answers
from rnnviz.engine.norms import log10_norm
from rnnviz.engine.passes import Tick, backward, forward, nothing, true_value
from rnnviz.engine.workspace import Workspace
from rnnviz.experiment import Experiment
from rnnviz.tasks import Batch
from rnnviz.training import Chunk, FullBPTT, Truncation

Gradients = dict[str, Tensor]


class Back(NamedTuple):
    """One way back that was gone: the steps that it passed through, and the exponents of the adjoint, (time, example)."""

    steps: range
    exponents: Tensor


class Pass:
    """Forward, judge, and back as often as the truncation asks for. All that a log reads of one batch lies here."""

    def __init__(
        self,
        experiment: Experiment,
        parameters: Mapping[str, Tensor],
        batch: Batch,
        truncation: Truncation | None = None,
        tick: Tick = nothing,
        workspace: Workspace | None = None,
    ):
        self.experiment, self.parameters, self.batch, self.tick = experiment, parameters, batch, tick
        inputs = batch.inputs.to(DTYPES[experiment.dtype]).transpose(1, 2)
        self.layers = forward(experiment.cell, parameters, inputs, workspace=workspace)
        self.judged: Judged = judged(experiment, batch.lengths, len(inputs))
        steps = self.judged.steps
        hidden = self.layers[-1].hidden[steps.start - 1 : steps.stop - 1]
        self.answers: Answers = answers(parameters, hidden, self.targets, experiment.task.judgement)
        self.loss = float(self.judged.weigh(self.answers.loss).sum(0).mean())
        self.chunks = [
            chunk._replace(judged=within)
            for chunk in (truncation or FullBPTT()).chunks(len(inputs))
            if (within := range(max(steps.start, chunk.judged.start), min(steps.stop, chunk.judged.stop)))
        ]

    @property
    def targets(self) -> Tensor:
        """Of the judged steps."""
        return self.batch.targets[self.judged.steps.start - 1 : self.judged.steps.stop - 1]

    @property
    def accuracy(self) -> float | None:
        """The share of right classes in the mean over what is judged; None where answers are numbers."""
        if self.experiment.task.judgement == "squared_error":
            return None
        right = (self.answers.outputs.argmax(-1) == self.targets).double()
        return float(self.judged.weigh(right).sum(0).mean())

    def gradients(self, watch: Callable[[Back], object] = lambda back: None) -> Gradients:
        """∂L/∂θ under PyTorch's names. `watch` is called after each way back, while the layers hold its adjoints."""
        columns = self.layers[0].columns
        # ∂ℓ/∂y, (step, output, example), weighted as ℓ weighs its steps
        error = self.judged.weigh(self.answers.error.transpose(1, 2))
        hidden = self.layers[-1].hidden[self.judged.steps.start - 1 : self.judged.steps.stop - 1]
        found: Gradients = {
            "weight_hy": product(error, hidden) / columns,
            "bias_hy": error.sum((0, 2)) / columns,
        }
        into_state = self.parameters["weight_hy"].T @ error
        for chunk in self.chunks:
            for name, part in self.way_back(chunk, into_state, watch).items():
                part = part / columns
                found[name] = found[name] + part if name in found else part
        return found

    def way_back(self, chunk: Chunk, into_state: Tensor, watch: Callable[[Back], object]) -> Gradients:
        start, steps = self.judged.steps.start, chunk.judged
        gradient = into_state[steps.start - start : steps.stop - start]
        exponents = backward(self.layers, steps, gradient, self.tick, first=chunk.first)
        back = Back(range(chunk.first, steps.stop), exponents)
        watch(back)
        return {
            f"{name}_l{place}": value
            for place, layer in enumerate(self.layers)
            for name, value in weight_gradients(layer, back).items()
        }

    def flow(self) -> Flow:
        return Flow(self.layers, several=len(self.chunks) > 1)


class Flow:
    """log₁₀ ‖∂ℓ/∂s_t‖ of what the weights see: the sum over all ways back. Handed to `Pass.gradients` as its `watch`.

    (time, example) float64; −∞ where nothing arrives. A single way back keeps its exponents and so its whole range;
    several can only be added as float64 holds them.
    """

    def __init__(self, layers: Sequence[Kernel], several: bool):
        self.layers, self.several = layers, several
        self.sums: list[Tensor] = []
        self.log10_norm = np.full((layers[0].time, layers[0].columns), -np.inf)

    def __call__(self, back: Back) -> None:
        rows = slice(back.steps.start - 1, back.steps.stop - 1)
        parts, exponents = [part for layer in self.layers for part in layer.state_adjoint], back.exponents
        if self.several:
            self.sums = self.sums or [part.new_zeros(part.shape, dtype=torch.float64) for part in parts]
            for total, part in zip(self.sums, parts, strict=True):
                total[rows] += times_power_of_two(part[rows].double(), exponents[rows, None])
            parts, exponents, rows = self.sums, torch.zeros_like(exponents), slice(None)
        self.log10_norm[rows] = log10_norm([part[rows] for part in parts], exponents[rows])


def weight_gradients(layer: Kernel, back: Back) -> Gradients:
    """Σ_t δ_t [h_{t−1}; x_t; 1; 1]ᵀ over the steps of a way back and over all examples, under a cell's own names."""
    if isinstance(layer, AutogradKernel):
        return by_equation(layer, back)
    rows, size = slice(back.steps.start - 1, back.steps.stop - 1), layer.size
    exponents = back.exponents[rows] if back.exponents.any() else None
    states, deltas, of_inputs = layer.rows[:-1][rows], layer.deltas[rows], layer.input_delta()[rows]
    hh = product(true_value(deltas, exponents), states)
    same = of_inputs.data_ptr() == deltas.data_ptr() and of_inputs.shape == deltas.shape
    ih = hh[:, size:] if same else product(true_value(of_inputs, exponents), states[:, size:])
    return {"weight_hh": hh[:, :size], "weight_ih": ih[:, :-2], "bias_ih": ih[:, -2], "bias_hh": hh[:, -1]}


def product(deltas: Tensor, rows: Tensor) -> Tensor:
    """Σ_t δ_t z_tᵀ: (time, row, example), (time, column, example) -> (row, column), nothing of it kept by step.

    One product for as many steps as a cache holds, copied to lie in a row: a tenth less time than torch.addbmm.
    """
    together = max(1, BLOCK_BYTES // 2 // (deltas.shape[1] * deltas.shape[2] * deltas.dtype.itemsize))
    total = deltas.new_zeros(rows.shape[1], deltas.shape[1])
    for z, delta in zip(torch.split(rows, together), torch.split(deltas, together), strict=True):
        total.addmm_(by_row(z), by_row(delta).T)
    return total.T


def by_row(block: Tensor) -> Tensor:
    """(time, row, example) -> (row, time and example)."""
    return block.transpose(0, 1).reshape(block.shape[1], -1)


def by_equation(layer: AutogradKernel, back: Back) -> Gradients:
    """For a cell without a closed form: the step's own vector–Jacobian product with respect to its parameters."""
    total = {name: torch.zeros_like(value) for name, value in layer.parameters.items()}
    for t in back.steps:
        adjoint = times_power_of_two(layer.state_adjoints[t], back.exponents[t - 1][:, None])

        def step(parameters: dict[str, Tensor], t: int = t) -> Tensor:
            return layer.step(parameters, layer.input_of_step(t), layer.states[t - 1])

        (gradient,) = vjp(step, layer.parameters)[1](adjoint)
        for name, value in gradient.items():
            total[name] += value
    return total
