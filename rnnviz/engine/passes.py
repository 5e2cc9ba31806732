"""Forward and backward through every layer and time step, with nothing lost to underflow or overflow.

The adjoint is carried as mantissa × 2^exponent, one exponent per time step and example and shared by all layers. As
long as the gradient stays within 2^±24 of one the exponent is 0 and the arrays are the gradient itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from rnnviz.cells import Cell
from rnnviz.cells.autograd import AutogradKernel
from rnnviz.cells.kernel import Array, Kernel, times_power_of_two
from rnnviz.engine.network import layer_parameters
from rnnviz.engine.workspace import Workspace

CHECK_EVERY = 8  # steps; at the largest gain the gradient moves by less than 2^80 in between, inside float32
WINDOW = 24  # the exponent is touched when the largest entry leaves 2^±24
LOWER, UPPER = 2.0**-WINDOW, 2.0**WINDOW

Tick = Callable[[float], None]


def nothing(progress: float) -> None:
    """A tick that nobody listens to."""


def forward(
    cell: Cell,
    parameters: Mapping[str, Tensor],
    inputs: Tensor,
    *,
    by_equation: bool = False,
    workspace: Workspace | None = None,
) -> list[Kernel]:
    """Run every layer over inputs (time, feature, example); the layers keep all that they computed.

    `by_equation` uses autograd of `Cell.step` where a closed form exists too, to check the one against the other.
    A `workspace` lends the arrays of its last pass, and what that computed is gone.
    """
    closed_form = cell.kernel()
    kind = AutogradKernel if closed_form is None or by_equation else closed_form
    workspace = workspace or Workspace()
    layers: list[Kernel] = []
    for layer in range(cell.layers):
        own, below = layer_parameters(parameters, layer), layers[-1].hidden if layers else inputs
        kernel = workspace.kernel(kind, layer, cell, own, below)
        with np.errstate(all="ignore"):  # an overflow is an outcome, not a warning
            kernel.forward()
        layers.append(kernel)
    return layers


def first_overflow(layers: Sequence[Kernel]) -> tuple[int, str] | None:
    """The first time step at which a state is no longer finite, and which state; None if all are."""
    found = []
    for layer in layers:
        for name, states in (("hidden_state", layer.hidden), ("cell_state", layer.cell_states)):
            if states is not None and not torch.isfinite(states.sum()):  # a sum of finite numbers may overflow too
                bad = (~torch.isfinite(states)).any(-1).any(-1).nonzero()
                found += [(int(bad[0]) + 1, name)] if len(bad) else []
    return min(found, default=None)


def backward(
    layers: Sequence[Kernel],
    steps: range,
    gradient: Tensor,
    tick: Tick = nothing,
    *,
    first: int = 1,
    apart: bool = False,
) -> Tensor:
    """The adjoint of every layer, from ∂ℓ_t/∂h_t of the judged steps (step, unit, example) at the top layer.

    Fills the layers' adjoints and gives their exponents (time, example), int32: the true adjoint of step t is
    adjoint × 2^exponent[t − 1]. Truncated, it goes back to step `first`; what the layers hold of earlier steps is old.
    `apart`: every example is judged at one step only, so none waits for a later loss.
    """
    time, columns = layers[0].time, layers[0].columns
    exponents = np.zeros((time + 2, columns), dtype=np.int32)
    earliest, last, every = steps[0], steps[-1], len(steps) > 1 and not apart
    from_loss = list(gradient.detach().contiguous().numpy())
    moved = False  # whether any exponent is not 0
    downwards = list(zip(reversed(layers), [None, *reversed(layers)], strict=False))
    for layer in layers:
        layer.begin_adjoint(last)
    with np.errstate(all="ignore"):  # an overflow is what the page shows, not a warning
        for t in range(last, first - 1, -1):
            if moved:
                exponents[t] = exponents[t + 1]
            for layer, above in downwards:
                if t == layer.next_block:
                    layer.prepare(t)
                layer.carry_adjoint(t)
                if above is not None:
                    layer.receive(t, above.input_adjoint_step(t))
                elif t >= earliest:
                    dh, own = layer.dh[t], from_loss[t - earliest]
                    np.add(dh, np.ldexp(own, -exponents[t]) if moved else own, dh)
                layer.adjoint_step(t)
            if (last - t) % CHECK_EVERY == CHECK_EVERY - 1:
                moved |= keep_in_window(layers, t, exponents, lowest=0 if every and t > earliest else None)
                tick(1 - t / last)
    return torch.from_numpy(exponents[1:-1])


def keep_in_window(layers: Sequence[Kernel], t: int, exponents: Array, lowest: int | None) -> bool:
    """Move powers of two from what step t keeps into its exponent, for the examples that have left the window.

    While losses are still to come the exponent does not go below `lowest` = 0: a vanished past must not make the next
    loss overflow the mantissa. Gives whether an exponent has moved.
    """
    kept = [part for layer in layers for part in layer.state_adjoint_step(t)]
    squares = np.einsum("un,un->n", kept[0], kept[0])
    for part in kept[1:]:
        squares += np.einsum("un,un->n", part, part)
    entries = sum(map(len, kept))  # the largest of n squares lies between their sum and an n-th of it
    if np.minimum.reduce(squares) >= entries * LOWER**2 and np.maximum.reduce(squares) < UPPER**2:
        return False
    largest = np.maximum.reduce([np.abs(part).max(0) for part in kept])
    shift = np.frexp(largest)[1]
    shift = np.where((np.abs(shift) > WINDOW) & (largest > 0) & np.isfinite(largest), shift, 0)
    if lowest is not None:
        shift = np.maximum(shift, lowest - exponents[t])
    if not shift.any():
        return False
    factor = np.ldexp(np.ones_like(largest), -shift)
    for layer in layers:
        layer.rescale(t, factor)
    exponents[t] += shift
    return True


def true_value(adjoint: Tensor, exponents: Tensor | None) -> Tensor:
    """The adjoint as its dtype can hold it: what lies below becomes 0 and what lies above infinity, as in training."""
    return adjoint if exponents is None else times_power_of_two(adjoint, exponents[:, None])
