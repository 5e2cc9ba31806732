"""The trajectory of a run, gone along once more by `Cell.step` and torch's autograd alone, in float64.

None of the closed forms, the backward pass or the products that make the curves is used here. The states are those of the
run: where λ₁ > 0 two forward passes in different precision part, and then it would be the states that are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from rnnviz.engine.data import draw_batch
from rnnviz.engine.judged import judged
from rnnviz.engine.network import layer_parameters
from rnnviz.trace import Trace

LOG10_2 = math.log10(2.0)


class Step(NamedTuple):
    """One time step under autograd, every node kept. before and after are whole states, (example, state)."""

    before: Tensor
    after: Tensor
    hidden: list[Tensor]  # of each layer, (example, unit)
    cells: list[Tensor]  # the same of the cell states; none for a cell without
    gates: list[Tensor]  # of each layer, (gate_name, example, unit)
    parameters: list[dict[str, Tensor]]

    def pulled_back(self, adjoint: Tensor, wanted: list[Tensor] | None = None) -> list[Tensor]:
        """(∂s_t/∂·)ᵀ adjoint for `wanted` nodes, by default s_{t−1}; zeros where a node has no part in s_t."""
        nodes = [self.before] if wanted is None else wanted
        found = torch.autograd.grad(self.after, nodes, adjoint, retain_graph=True, allow_unused=True)
        return [torch.zeros_like(node) if one is None else one for node, one in zip(nodes, found, strict=True)]


class Adjoint(NamedTuple):
    """∂ℓ/∂s_t = value × 2^exponent of every example, before it is carried through step t."""

    t: int
    value: Tensor  # (example, state)
    exponent: Tensor  # (example,)

    def log10(self, part: Tensor) -> Tensor:
        """log₁₀ ‖part‖ over its last axis, with the exponent."""
        return part.square().sum(-1).log10() / 2 + self.exponent * LOG10_2


class Replay:
    """A trace with its hidden states (and cell states), its weights, and the example that its figures look at."""

    def __init__(self, trace: Trace, weights: Mapping[str, Tensor]):
        e = trace.experiment
        self.experiment, self.cell, self.trace = e, e.cell, trace
        self.example = int(trace.data.attrs["example"])
        self.time = int(trace.data.sizes.get("time", 0))
        self.weights = {name: value.double() for name, value in weights.items()}
        self.layers = [layer_parameters(self.weights, layer) for layer in range(e.cell.layers)]
        self.batch = draw_batch(e)
        # The run reads its inputs in its own precision.
        self.inputs = self.batch.inputs[: self.time].to(getattr(torch, e.dtype)).double()
        self.states = states_of(trace)

    @property
    def steepness(self) -> float:
        """More than any step can multiply a gradient by before slopes make it smaller: 1 + (1 + max |s|) Σ ‖W‖₂.

        What a step rounds is of this size times u, and counts by how much smaller the gradient is that comes out of it:
        slopes near saturation, 1 − h² and s (1 − s), have lost the digits that cancel.
        """
        norms = [torch.linalg.matrix_norm(own["weight_hh"], 2) for own in self.layers]
        norms += [torch.linalg.matrix_norm(own["weight_ih"], 2) for own in self.layers[1:]]
        return 1.0 + (1.0 + float(self.states.abs().max())) * float(sum(norms))

    @property
    def size(self) -> int:
        """Numbers in the whole state."""
        return self.cell.state_size * self.cell.layers

    def step(self, t: int, columns: Tensor | None = None, with_weights: bool = False) -> Step:
        """Step t = 1 … T from the run's own s_{t−1}, of all examples or of `columns` of them."""
        x, start = self.inputs[t - 1], self.states[t - 1]
        if columns is not None:
            x, start = x[columns], start[columns]
        parameters = [{n: p.clone().requires_grad_(with_weights) for n, p in layer.items()} for layer in self.layers]
        with torch.enable_grad():
            before = start.clone().requires_grad_()
            made = Step(before, before, [], [], [], parameters)
            flats = []
            for own, flat in zip(parameters, before.chunk(self.cell.layers, -1), strict=True):
                state, gates = self.cell.step(own, x, self.cell.state(flat))
                x = state.hidden_state
                made.hidden.append(x)
                made.cells.extend([] if state.cell_state is None else [state.cell_state])
                made.gates.append(gates)
                flats.append(state.flat())
            return made._replace(after=torch.cat(flats, -1))

    def jacobian(self, t: int) -> Tensor:
        """∂s_t/∂s_{t−1} of the example, (state, state before): one row per coordinate of s_t."""
        made = self.step(t, torch.full((self.size,), self.example))
        (rows,) = made.pulled_back(torch.eye(self.size, dtype=torch.float64))
        return rows

    def loss_gradient(self) -> Tensor:
        """∂ℓ/∂h_t at the top layer from the readout and torch's own losses, (time, example, unit)."""
        answers = judged(self.experiment, self.batch.lengths, self.time)
        found = torch.zeros(self.time, self.inputs.shape[1], self.cell.hidden_size, dtype=torch.float64)
        if not answers.steps:
            return found
        rows = slice(answers.steps.start - 1, answers.steps.stop - 1)
        with torch.enable_grad():
            top = slice((self.cell.layers - 1) * self.cell.state_size, None)
            hidden = self.states[1:][rows, :, top][..., : self.cell.hidden_size].clone().requires_grad_()
            weighted = answers.weigh(self.losses(hidden, self.batch.targets[rows]))
            (found[rows],) = torch.autograd.grad(weighted.sum(), hidden)
        return found

    def losses(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """ℓ_t of some steps, (step, example), from hidden (step, example, unit)."""
        outputs = hidden @ self.weights["weight_hy"].T + self.weights["bias_hy"]
        if self.experiment.task.judgement == "cross_entropy":
            losses = functional.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
            return losses.reshape(outputs.shape[:2])
        return functional.mse_loss(outputs, targets.double(), reduction="none").mean(-1)

    def adjoints(
        self, from_loss: Tensor, columns: Tensor | None = None, with_weights: bool = False
    ) -> Iterator[tuple[Adjoint, Step]]:
        """From the last step to the first, with the step through which it is carried next.

        from_loss (time, column, unit) enters at the top layer. Powers of two are moved out of it, so that a gradient of
        10^−700 is there too.
        """
        top = slice((self.cell.layers - 1) * self.cell.state_size, None)
        value = torch.zeros(from_loss.shape[1], self.size, dtype=torch.float64)
        exponent = torch.zeros(from_loss.shape[1], dtype=torch.float64)
        for t in range(self.time, 0, -1):
            entering = from_loss[t - 1]
            common = torch.where(entering.abs().sum(1) > 0, exponent.clamp_min(0), exponent)
            value = torch.ldexp(value, (exponent - common)[:, None])
            exponent = common
            value[:, top][:, : self.cell.hidden_size] += torch.ldexp(
                entering, -exponent.clamp_min(0)[:, None]
            )  # 0 · 2^∞ is no number
            step = self.step(t, columns, with_weights)
            yield Adjoint(t, value, exponent), step
            (value,) = step.pulled_back(value)
            shift = torch.frexp(value.abs().amax(1)).exponent.double()
            value, exponent = torch.ldexp(value, -shift[:, None]), exponent + shift


def states_of(trace: Trace) -> Tensor:
    """s_0 … s_T, (time + 1, example, state): (h, c) of the lowest layer, then of the next."""
    data, parts = trace.data, []
    names = ("hidden_state", "cell_state") if trace.experiment.cell.has_cell_state else ("hidden_state",)
    for layer in range(trace.experiment.cell.layers):
        parts += [data[name].transpose("layer", "time", "example", "unit").values[layer] for name in names]
    states = torch.cat([torch.from_numpy(part.copy()).double() for part in parts], -1)
    return torch.cat([torch.zeros_like(states[:1]), states])
