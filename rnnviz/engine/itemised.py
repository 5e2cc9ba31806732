"""Backpropagation through time, itemised: which loss reaches which past, and what is missing when the past is cut off.

One example is put into T columns, all alike, and each column is judged at another step: so one backward pass carries the
gradients of all T losses apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.func import vjp

from rnnviz.cells import Cell
from rnnviz.cells.kernel import Array, Kernel, times_power_of_two
from rnnviz.engine.network import layer_parameters, loss_gradient
from rnnviz.engine.passes import Tick, backward, forward, nothing
from rnnviz.tasks import Batch, Judgement

MEASURES = ("bias", "cosine")  # of a truncated gradient against the whole one


class Itemised(NamedTuple):
    """Of T losses and T steps.

    adjoints  per layer ∂ℓ_t/∂(flat state of step k), total through the layers above: (step k, state, loss t)
    exponents (step k, loss t), int32: the true adjoint is adjoint × 2^exponent
    """

    layers: list[Kernel]
    adjoints: list[Tensor]
    exponents: Tensor


def itemise(
    cell: Cell, parameters: Mapping[str, Tensor], batch: Batch, judgement: Judgement, tick: Tick = nothing
) -> Itemised:
    """The gradients of ℓ_1 … ℓ_T apart, for a batch of one example."""
    time = len(batch.inputs)
    inputs = batch.inputs.transpose(1, 2).expand(-1, -1, time).contiguous()
    targets = batch.targets.expand(-1, time, *batch.targets.shape[2:])
    layers = forward(cell, parameters, inputs)
    gradient, _ = loss_gradient(parameters, layers[-1].hidden, targets, judgement)
    own = gradient * torch.eye(time, dtype=gradient.dtype)[:, None]  # ℓ_t enters at step t of column t alone
    exponents = backward(layers, range(1, time + 1), own, tick, apart=True)
    adjoints = [torch.cat([layer.hidden_adjoint, *layer.state_adjoint[1:]], 1) for layer in layers]
    return Itemised(layers, adjoints, exponents)


def truncated(
    cell: Cell, parameters: Mapping[str, Tensor], made: Itemised, weights: Tensor, tick: Tick = nothing
) -> Array:
    """What truncated BPTT makes of ∂L/∂W_hh (all layers) for every length τ = 1 … T: (measure, truncation) float64.

    ℓ_t is followed through the steps t, t−1, … t−τ+1 and no further; L = Σ weights_t ℓ_t. First row: the bias
    ‖g_τ − g‖ / ‖g‖ against the whole gradient g; second: the cosine between g_τ and g. NaN where g = 0.
    """
    time, shares = len(weights), [Shares(cell, parameters, made, k) for k in range(len(made.layers))]
    whole = [share.of_all(weights) for share in shares]
    tails, length = [np.zeros_like(g) for g in whole], norm(whole)
    found = np.full((len(MEASURES), time), np.nan)
    for lag in range(time - 1, -1, -1):  # the tail holds all that lies farther back than this lag
        kept = [g - tail for g, tail in zip(whole, tails, strict=True)]
        if length:
            found[0, lag] = norm(tails) / length
            found[1, lag] = inner(kept, whole) / (length * (norm(kept) or np.nan))
        for share, tail in zip(shares, tails, strict=True):
            tail += share.of_lag(lag, weights)
        tick(1 - lag / time)
    return found


class Shares:
    """Parts of one layer's ∂L/∂W_hh, each by one vector–Jacobian product of the step's own equation, in float64."""

    def __init__(self, cell: Cell, parameters: Mapping[str, Tensor], made: Itemised, layer: int):
        kernel = made.layers[layer]
        self.cell, self.adjoint, self.exponents = cell, made.adjoints[layer].double(), made.exponents
        self.parameters = {name: value.double() for name, value in layer_parameters(parameters, layer).items()}
        self.x, self.before = kernel.rows[:-1, kernel.size : -2, 0].double(), states_before(kernel)

    def of_all(self, weights: Tensor) -> Array:
        """Σ_t weights_t ∂ℓ_t/∂W_hh: plain BPTT."""
        return self.pulled_back(times_power_of_two(self.adjoint, self.exponents[:, None]) @ weights)

    def of_lag(self, lag: int, weights: Tensor) -> Array:
        """Σ_t weights_t [∂ℓ_t/∂W_hh]_{t−lag}: what every loss sends to the use of W_hh `lag` steps before it."""
        steps = torch.arange(len(weights) - lag)
        losses = steps + lag
        adjoint = times_power_of_two(self.adjoint[steps, :, losses], self.exponents[steps, losses][:, None])
        return self.pulled_back(adjoint * weights[losses][:, None])

    def pulled_back(self, adjoint: Tensor) -> Array:
        """From the gradient of the states after the first steps (step, state) to that of W_hh."""
        x, before = self.x[: len(adjoint)], self.cell.state(self.before[: len(adjoint)])

        def step(weight: Tensor) -> Tensor:
            return self.cell.step({**self.parameters, "weight_hh": weight}, x, before)[0].flat()

        gradient: Array = vjp(step, self.parameters["weight_hh"])[1](adjoint)[0].numpy()
        return gradient


def states_before(kernel: Kernel) -> Tensor:
    """s_0 … s_{T−1} of the (common) example, (time, state) float64."""
    parts = [kernel.hidden, *([] if kernel.cell_states is None else [kernel.cell_states])]
    after = torch.cat([part[..., 0] for part in parts], 1).double()
    return torch.cat([torch.zeros_like(after[:1]), after[:-1]])


def norm(matrices: Sequence[Array]) -> float:
    return float(np.sqrt(sum(np.square(matrix).sum() for matrix in matrices)))


def inner(left: Sequence[Array], right: Sequence[Array]) -> float:
    return float(sum((a * b).sum() for a, b in zip(left, right, strict=True)))
