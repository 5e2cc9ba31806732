"""What each time step sends to the weights, reduced while it is made: the shares themselves are never all in memory.

With S_t = [∂L/∂W]_t and G = ∂L/∂W = Σ_t S_t, three numbers per time step and gate's block of rows say which steps teach W.
One share is as large as W; one pass from T down to 1 forms each, and a second one compares each with G.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from rnnviz.cells.kernel import Array, Kernel
from rnnviz.engine.jacobians import LOG10_2
from rnnviz.engine.passes import CHECK_EVERY, Tick, nothing

MATRICES = ("weight_hh", "weight_ih")
ZERO = -(1 << 30)  # the exponent of an exact zero, which must not scale down what is added to it


class ShareSums(NamedTuple):
    """Each (matrix, layer, gate, time), float64."""

    log10_norm: Array  # log₁₀ ‖S_t‖; −∞ for an exact zero
    tail_log10_norm: Array  # log₁₀ ‖Σ_{k ≥ t} S_k‖: what the steps from t on have made of G
    projection: Array  # ⟨S_t, G⟩ / ‖G‖²: over time they sum to 1, but to 0 if G is exactly zero


class Share(NamedTuple):
    """blocks × 2^exponent; blocks (gate, number) float64 with a largest entry below 1, so that squares stay in range."""

    blocks: Array
    exponent: int

    def plus(self, other: Share) -> Share:
        common = max(self.exponent, other.exponent)
        mine, its = (np.ldexp(one.blocks, one.exponent - common) for one in (self, other))
        return of_blocks(mine + its, common)

    def dot(self, other: Share) -> Array:
        """⟨self, other⟩ of each block, without the exponents."""
        return np.einsum("gk,gk->g", self.blocks, other.blocks)

    def log10_norms(self) -> Array:
        return 0.5 * np.log10(self.dot(self)) + self.exponent * LOG10_2

    def projection_on(self, total: Share) -> Array:
        """⟨self, total⟩ / ‖total‖² of each block; 0 on a total of zero."""
        squares = total.dot(total)
        ratios = np.divide(self.dot(total), squares, out=np.zeros_like(squares), where=squares != 0)
        return np.ldexp(ratios, self.exponent - total.exponent)


def of_blocks(blocks: Array, exponent: int) -> Share:
    largest = float(np.abs(blocks).max(initial=0.0))
    if largest == 0:
        return Share(blocks, ZERO)
    shift = math.frexp(largest)[1]  # 0 for what is not finite
    return Share(np.ldexp(blocks, -shift), exponent + shift)


def share_sums(layers: Sequence[Kernel], exponents: Tensor, mean: float, tick: Tick = nothing) -> ShareSums:
    """All steps of all layers, after `backward`; `mean` multiplies the sum over examples (1/N)."""
    gates, time = len(layers[0].cell_choice.gate_names), len(exponents)
    shape = (len(MATRICES), len(layers), gates, time)
    sums = ShareSums(np.empty(shape), np.empty(shape), np.empty(shape))
    with np.errstate(all="ignore"):  # log₁₀ 0 = −∞ is an answer
        for k, layer in enumerate(layers):
            totals = [Share(np.zeros((gates, 1)), ZERO)] * len(MATRICES)
            for t, m, share in every_share(layer, exponents, part_of(tick, 2 * k, 2 * len(layers))):
                totals[m] = totals[m].plus(share)
                sums.log10_norm[m, k, :, t - 1] = share.log10_norms()
                sums.tail_log10_norm[m, k, :, t - 1] = totals[m].log10_norms()
            for t, m, share in every_share(layer, exponents, part_of(tick, 2 * k + 1, 2 * len(layers))):
                sums.projection[m, k, :, t - 1] = share.projection_on(totals[m])
    scale = math.log10(mean)
    return ShareSums(sums.log10_norm + scale, sums.tail_log10_norm + scale, sums.projection)


def every_share(layer: Kernel, exponents: Tensor, tick: Tick) -> Iterator[tuple[int, int, Share]]:
    """(t, place of the matrix, S_t) from t = T down to 1."""
    by_step, gates = exponents.numpy(), len(layer.cell_choice.gate_names)
    for t in range(len(by_step), 0, -1):
        for m, (share, exponent) in enumerate(layer.weight_share(t, by_step[t - 1])):
            yield t, m, of_blocks(share.reshape(gates, -1), exponent)
        if t % CHECK_EVERY == 0:
            tick(1 - t / len(by_step))


def part_of(tick: Tick, done: int, of: int) -> Tick:
    return lambda progress: tick((done + progress) / of)
