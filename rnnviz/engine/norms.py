"""Norms that neither underflow nor overflow, as decimal logarithms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from rnnviz.cells.kernel import Array
from rnnviz.engine.jacobians import LOG10_2

SMALLEST, LARGEST = 1e-20, 1e30  # of a sum whose terms float32 holds: what it drops is below 1e-38
BAND = {"low": 0.1, "median": 0.5, "high": 0.9}  # of the examples


def log10_norm(parts: Sequence[Tensor], exponents: Tensor) -> Array:
    """log₁₀ of the Euclidean norm over all units of all parts, (time, example) float64; −∞ for an exact zero."""
    squares = sum(sum_of_squares(part.numpy()) for part in parts)
    with np.errstate(divide="ignore"):
        norms: Array = 0.5 * np.log10(squares) + exponents.numpy() * LOG10_2
    return norms


def sum_of_squares(part: Array) -> Array:
    """Over the units of (time, unit, example): (time, example) float64.

    In the dtype of the part, and once more in float64 for the time steps where float32 has lost small squares or
    overflowed: torch's own float32 norm gives 0 below 1e-23 (pytorch#193006). All in float64 takes four times as long.
    """
    squares: Array = np.einsum("tun,tun->tn", part, part).astype(float)
    doubtful = ~((squares > SMALLEST) & (squares < LARGEST)).all(1)
    if doubtful.any():
        wide = part[doubtful].astype(float)
        squares[doubtful] = np.einsum("tun,tun->tn", wide, wide)
    return squares


def band(log_norms: Array) -> Array:
    """Median over the last axis, examples, with the 10th and 90th percentile: (band, …).

    Order statistics, the nearest example to each, so that −∞ stays −∞ and no value is made up.
    """
    ordered = np.sort(log_norms, axis=-1)
    places = np.rint(np.array(list(BAND.values())) * (ordered.shape[-1] - 1)).astype(int)
    return np.moveaxis(ordered[..., places], -1, 0)
