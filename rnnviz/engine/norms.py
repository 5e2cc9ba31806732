"""Norms that neither underflow nor overflow, as decimal logarithms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rnnviz.engine.jacobians import LOG10_2

BAND = {"low": 0.1, "median": 0.5, "high": 0.9}  # of the examples


def log10_norm(parts: Sequence[Tensor], exponents: Tensor) -> np.ndarray:
    """log₁₀ of the Euclidean norm over all units of all parts, (time, example) float64; −∞ for an exact zero.

    Squares are summed in float64: torch's own float32 norm gives 0 below 1e-23 (pytorch#193006), and its norm with
    dtype=float64 takes six times as long.
    """
    squares = sum(sum_of_squares(part) for part in parts)
    assert isinstance(squares, Tensor)
    return (0.5 * squares.log10() + exponents.double() * LOG10_2).numpy()


def sum_of_squares(part: Tensor) -> Tensor:
    wide = part.to(torch.float64, copy=True)
    return wide.mul_(wide).sum(1)


def band(log_norms: np.ndarray) -> np.ndarray:
    """Median over the last axis, examples, with the 10th and 90th percentile: (band, …).

    Order statistics, the nearest example to each, so that −∞ stays −∞ and no value is made up.
    """
    ordered = np.sort(log_norms, axis=-1)
    places = np.rint(np.array(list(BAND.values())) * (ordered.shape[-1] - 1)).astype(int)
    return np.moveaxis(ordered[..., places], -1, 0)
