"""Many gains at once: vanilla networks that differ in their gain alone share one W_hh, up to a number per column.

With W_0 the matrix at gain 1, and a column for every example and gain, one product with W_0 does a step of all of them:

    a_t = W_0 (g ∘ h_{t−1}) + W_ih x_t + b        ∂ℓ/∂h_{t−1} = g ∘ (W_0ᵀ δ_t)

What is found equals separate runs to rounding. Where a network is chaotic, rounding grows, and after some hundred steps
two runs of one network agree in their statistics only, as they do on two machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rnnviz.cells import Cell, Elman
from rnnviz.cells.elman import ElmanKernel
from rnnviz.cells.kernel import Array
from rnnviz.engine.budget import LARGEST_SIZE, check_budget
from rnnviz.engine.data import draw_batch
from rnnviz.engine.jacobians import LOG10_2
from rnnviz.engine.judged import judged
from rnnviz.engine.network import DTYPES, draw_parameters, layer_parameters, loss_gradient
from rnnviz.engine.norms import log10_norm
from rnnviz.engine.passes import Tick, backward, nothing
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.initializers import Gain
from rnnviz.quantities import QUANTITIES
from rnnviz.tasks import Batch
from rnnviz.trace import COMPLETED, Outcome, Trace
from rnnviz.training import NoTraining

QUANTITY = "state_grad_log10_norm"  # all that is recorded
ROOM = 2.0**24  # a product's norm is brought back to one when it leaves 1/ROOM … ROOM
TINY = 2.0**-70  # of a sum of squares, below what a product in its room has


class GainsKernel(ElmanKernel):
    """`ElmanKernel` whose columns are (example, gain), with W_0 in the place of W_hh and the inputs of the examples.

    The gains of one example lie side by side: what they share, its input, is then added to all of them in one sweep.
    """

    def __init__(self, cell: Cell, parameters: Mapping[str, Tensor], inputs: Tensor, gains: Array):
        time, _, self.examples = inputs.shape
        # What the input gives is the same for all gains: one product over the whole sequence, and no columns of its own.
        bias = (parameters["bias_ih"] + parameters["bias_hh"])[:, None]
        self.driven = (parameters["weight_ih"] @ inputs + bias).numpy()[..., None]
        without = {**parameters, "weight_ih": parameters["weight_ih"][:, :0]}
        super().__init__(cell, without, inputs.new_empty(time, 0, self.examples * len(gains)))
        self.gains = gains.astype(self.driven.dtype)
        self.gain_of_column = np.tile(self.gains, self.examples)

    def forward(self) -> None:
        weight, gain, scaled = self.weight_hh.numpy(), self.gain_of_column, np.empty_like(self.h[0])
        apart = [h.reshape(self.size, self.examples, len(self.gains)) for h in self.h]
        steps = zip(self.h, self.h[1:], apart[1:], self.driven, self.calls[self.phi], strict=False)
        for before, h, by_example, driven, phi in steps:
            # Before the product: what overflows on the way to a sum then overflows at the step at which it does alone.
            np.multiply(before, gain, scaled)
            np.dot(weight, scaled, h)
            np.add(by_example, driven, by_example)
            phi()

    def carry_adjoint(self, t: int) -> None:
        super().carry_adjoint(t)
        np.multiply(self.dh[t], self.gain_of_column, self.dh[t])

    def product_norms(self, example: int, tick: Tick = nothing) -> Array:
        """log₁₀ ‖∂h_T/∂h_t‖_F of every gain and lag T − t = 0 … T for one example, (gain, lag) float64.

        All products go back together, as (unit, gain, unit): P_tᵀ = g ∘ (W_0ᵀ (D_{t+1} ∘ P_{t+1}ᵀ)).
        """
        count, size = len(self.gains), self.size
        slopes = self.phi.slope(self.hidden[:, :, example * count : (example + 1) * count]).numpy()
        product = np.repeat(np.eye(size, dtype=slopes.dtype)[:, None], count, axis=1)
        moved, scale = np.empty_like(product), np.zeros(count)
        norms = np.empty((count, self.time + 1))
        with np.errstate(all="ignore"):
            for lag in range(self.time + 1):
                if lag:
                    # The gain joins the slopes, which are smaller than the product.
                    product *= (slopes[-lag] * self.gains)[:, :, None]
                    np.dot(self.into_past, product.reshape(size, -1), moved.reshape(size, -1))
                    product, moved = moved, product
                lengths = frobenius(product, moved)
                norms[:, lag] = np.log10(lengths) + scale * LOG10_2
                scale += brought_back(product, lengths)
                tick(lag / self.time)
        return norms


def frobenius(product: Array, scratch: Array) -> Array:
    """‖P‖_F of each of (unit, gain, unit), float64, by way of a product with ones, a quarter of the time of a sum."""
    size, count, _ = product.shape
    np.multiply(product, product, scratch)
    squares = np.ones(size, product.dtype) @ scratch.reshape(size, -1)
    squares = squares.reshape(count, size).sum(1, dtype=float)
    if (squares < TINY).any():  # float32 would soon take a small square for nothing
        squares = np.einsum("igj,igj->g", product, product, dtype=float)
    lengths: Array = np.sqrt(squares)
    return lengths


def brought_back(product: Array, lengths: Array) -> Array:
    """Divide those of (unit, gain, unit) whose length has left the room by a power of two; the exponents (gain,)."""
    out = np.isfinite(lengths) & (lengths > 0) & ((lengths > ROOM) | (lengths < 1 / ROOM))
    exponents = np.where(out, np.frexp(lengths)[1], 0)
    if out.any():
        product *= np.ldexp(np.ones_like(lengths), -exponents).astype(product.dtype)[:, None]
    return exponents.astype(float)


# — experiments —


class Family(NamedTuple):
    """Experiments that differ in their gain alone, by name."""

    base: Experiment  # at gain 1
    gains: dict[str, float]


def families(experiments: Mapping[str, Experiment]) -> Iterator[Family]:
    """All that can be run together, two or more, as many at once as one experiment may be large."""
    found: dict[Experiment, dict[str, float]] = {}
    for name, experiment in experiments.items():
        if shares_its_weights(experiment):
            scale = experiment.initializer.scale
            base = experiment.changed({"initializer.scale.gain": 1.0})
            found.setdefault(base, {})[name] = scale.gain  # type: ignore[union-attr]
    for base, gains in found.items():
        names = list(gains)
        most = LARGEST_SIZE // (base.task.sequence_length * base.batch_size * base.cell.hidden_size)
        for start in range(0, len(names), max(1, most)):
            some = names[start : start + max(1, most)]
            if len(some) > 1:
                yield Family(base, {name: gains[name] for name in some})


def shares_its_weights(experiment: Experiment) -> bool:
    """One vanilla layer at a chosen gain, untrained, judged at one step that is the same for all examples."""
    cell, judged_once = experiment.cell, not isinstance(experiment.loss, LossAtEvery)
    untrained, at_gain = isinstance(experiment.training, NoTraining), isinstance(experiment.initializer.scale, Gain)
    together = isinstance(cell, Elman) and cell.layers == 1 and judged_once and untrained and at_gain
    return together and len(set(experiment.task.ends)) == 1


def run_gains(family: Family, *, example: int = 0, tick: Tick = nothing) -> dict[str, Trace]:
    """The traces of `run` with nothing recorded but the log norm of the gradient. Raises OverBudget before any work."""
    check_budget(family.base)
    with torch.no_grad():
        found = drawn(family.base, np.array(list(family.gains.values())))
        overflows, norms = found.overflows, found.gradient_norms(tick)
    traces = {}
    for k, (name, gain) in enumerate(family.gains.items()):
        experiment = family.base.changed({"initializer.scale.gain": gain})
        traces[name] = trace_of(experiment, int(overflows[k]), norms[k], example)
    return traces


def drawn(base: Experiment, gains: Array) -> Gains:
    return Gains(base, draw_parameters(base), draw_batch(base), gains)


class Gains:
    """One forward pass of an experiment at all gains, from its weights at gain 1 and its data."""

    def __init__(self, base: Experiment, weights: Mapping[str, Tensor], batch: Batch, gains: Array):
        self.base, self.weights, self.batch = base, weights, batch
        inputs = batch.inputs.to(DTYPES[base.dtype]).transpose(1, 2)
        self.kernel = GainsKernel(base.cell, layer_parameters(weights, 0), inputs, gains)
        with np.errstate(all="ignore"):
            self.kernel.forward()

    @property
    def overflows(self) -> Array:
        """The first time step of each gain at which a state is no longer finite; 0 for none."""
        bad = (~torch.isfinite(self.kernel.hidden.sum(1))).numpy().reshape(self.kernel.time, self.kernel.examples, -1)
        if not bad.any():
            return np.zeros(bad.shape[2], int)
        exact = (~torch.isfinite(self.kernel.hidden)).any(1).numpy().reshape(bad.shape).any(1)
        return np.where(exact.any(0), exact.argmax(0) + 1, 0)

    def gradient_norms(self, tick: Tick = nothing) -> Array:
        """log₁₀ ‖∂ℓ/∂h_t‖, (gain, time, example) float64."""
        kernel, count = self.kernel, len(self.kernel.gains)
        steps = judged(self.base, None, kernel.time).steps
        of_steps = slice(steps.start - 1, steps.stop - 1)
        targets = self.batch.targets[of_steps].repeat_interleave(count, 1)
        gradient, _ = loss_gradient(self.weights, kernel.hidden[of_steps], targets, self.base.task.judgement)
        exponents = backward([kernel], steps, gradient, tick)
        norms = log10_norm(kernel.state_adjoint, exponents)
        return np.moveaxis(norms.reshape(kernel.time, kernel.examples, count), 2, 0)


def trace_of(experiment: Experiment, overflow: int, norms: Array, example: int) -> Trace:
    """As `run` has it: a run that overflowed before its loss has no gradient, and a later overflow cuts it short."""
    outcome = Outcome("diverged", "hidden_state", overflow, experiment.dtype) if overflow else COMPLETED
    length = overflow - 1 if overflow else experiment.task.sequence_length
    reached = bool(judged(experiment, None, length).steps)
    quantity = QUANTITIES[QUANTITY]
    data = {QUANTITY: (quantity.dims, np.ascontiguousarray(norms[:length]), quantity.attributes)} if reached else {}
    coords = {"time": np.arange(1, length + 1)} if reached else {}
    return Trace(experiment, outcome, xr.Dataset(data, coords, {"experiment": experiment.key, "example": example}))


def readable(reads: Iterable[Sequence[str]]) -> bool:
    """Whether what diagnostics read, all together, is what is recorded here."""
    return {name for names in reads for name in names} == {QUANTITY}
