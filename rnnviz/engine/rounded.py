"""The backward pass as a training in float16, bfloat16, float32 or float64 has it: every product rounded, nothing rescaled.

Forward is the run that there is already. Its states s_{t−1}, its inputs and the weights are cast to the format once; then
PyTorch's own autograd of `Cell.step` carries a_t = ∂ℓ/∂s_t back, one step at a time, in tensors of that format:

    a_{t−1} = J_tᵀ a_t + ∂ℓ_{t−1}/∂s_{t−1}

Rounded to the format are: the gates, which the step computes anew from the cast state, and their slopes; every elementwise
product; every entry of a matrix product; every sum of two gradients; and, once, ∂ℓ_t/∂h_t where it enters. Within a matrix
product PyTorch's CPU kernels add up float16 and bfloat16 in float32 and round the sum once (torch 2.13: 4 096 ones add up
to 4 096, where sums kept in the format would stick at 2 048 and 256), as tensor cores do; so a dot product loses no more
than one rounding. Nothing keeps the gradient in range: no exponent of its own, no loss scaling. Subnormal numbers are
kept, as IEEE 754 has them; hardware that flushes them to zero loses the gradient at the first of the two marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnviz.cells import Cell
from rnnviz.cells.kernel import Array, Kernel
from rnnviz.engine.network import layer_parameters
from rnnviz.engine.passes import CHECK_EVERY, Tick, nothing
from rnnviz.precision import PRECISIONS

FORMATS: dict[str, torch.dtype] = {name: getattr(torch, name) for name in PRECISIONS}


class RoundedNorms(NamedTuple):
    """log₁₀ of ‖a_t‖ and of its largest entry, (precision, time, example) float64.

    −∞: every entry is exactly zero.   +∞: one of them has overflowed.
    """

    norm: Array
    largest: Array


def rounded_norms(
    cell: Cell,
    parameters: Mapping[str, Tensor],
    layers: Sequence[Kernel],
    inputs: Tensor,
    steps: range,
    gradient: Tensor,
    tick: Tick = nothing,
) -> RoundedNorms:
    """In every format, of the whole state of all layers, (h, c) as independent coordinates.

    layers   after their forward pass over inputs (time, feature, example)
    gradient ∂ℓ_t/∂h_t at the top layer of the judged steps, (step, unit, example)
    """
    states, xs = whole_states(layers), inputs.transpose(1, 2)
    found = RoundedNorms(*(np.full((len(FORMATS), len(xs), inputs.shape[2]), -np.inf) for _ in RoundedNorms._fields))
    for k, dtype in enumerate(FORMATS.values()):
        weights = [
            {name: value.to(dtype) for name, value in layer_parameters(parameters, layer).items()}
            for layer in range(cell.layers)
        ]
        top, from_loss = slice((cell.layers - 1) * cell.state_size, None), gradient.transpose(1, 2).to(dtype)
        adjoint = torch.zeros_like(states[0], dtype=dtype)
        for t in range(steps[-1], 0, -1):
            if t >= steps[0]:
                adjoint[:, top][:, : cell.hidden_size] += from_loss[t - steps[0]]
            found.norm[k, t - 1], found.largest[k, t - 1] = log10_sizes(adjoint)
            if t > 1:
                adjoint = pulled_back(cell, weights, xs[t - 1].to(dtype), states[t - 1].to(dtype), adjoint)
            if t % CHECK_EVERY == 0:
                tick((k + 1 - t / steps[-1]) / len(FORMATS))
    return found


def whole_states(layers: Sequence[Kernel]) -> Tensor:
    """s_0 … s_T, (time + 1, example, state): (h, c) of the lowest layer, then of the next."""
    parts = [part for layer in layers for part in (layer.hidden, layer.cell_states) if part is not None]
    states = torch.cat(parts, 1).transpose(1, 2)
    return torch.cat([torch.zeros_like(states[:1]), states])


def whole_step(cell: Cell, weights: Sequence[Mapping[str, Tensor]], x: Tensor, before: Tensor) -> Tensor:
    """s_t of all layers from x_t and s_{t−1}, (example, state), straight from `Cell.step`."""
    after = []
    for parameters, flat in zip(weights, before.chunk(cell.layers, -1), strict=True):
        state, _ = cell.step(parameters, x, cell.state(flat))
        after.append(state.flat())
        x = state.hidden_state
    return torch.cat(after, -1)


def pulled_back(
    cell: Cell, weights: Sequence[Mapping[str, Tensor]], x: Tensor, before: Tensor, adjoint: Tensor
) -> Tensor:
    """J_tᵀ a_t in the format of the tensors, by autograd."""
    with torch.enable_grad():
        leaf = before.detach().requires_grad_()
        (carried,) = torch.autograd.grad(whole_step(cell, weights, x, leaf), leaf, adjoint)
    return carried


def log10_sizes(adjoint: Tensor) -> tuple[Array, Array]:
    """log₁₀ of the norm and of the largest entry, (example,); +∞ where an entry is not finite."""
    entries = adjoint.double().abs()
    entries = torch.where(torch.isfinite(entries), entries, torch.inf)
    largest = entries.amax(1)
    scale = torch.where((largest > 0) & torch.isfinite(largest), largest, 1.0)  # squares would leave float64
    return (scale.log10() + (entries / scale[:, None]).square().sum(1).log10() / 2).numpy(), largest.log10().numpy()
