"""How well single hidden units follow what is true of a text, and where else a unit behaves as it does here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def correlations(states: Array, features: Mapping[str, Array]) -> dict[str, Array]:
    """Pearson's r of every unit with every feature: states (time, unit), features (time,) -> (unit,) each.

    NaN for a unit that never moves, or a feature that is the same at every character. For a feature of 0 and 1 it is the
    point-biserial correlation: how far apart the unit's means are, in units of its spread.
    """
    centred = states - states.mean(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = centred / np.sqrt(np.square(centred).sum(0))
        return {name: unit_vector(mark) @ scaled for name, mark in features.items()}


def unit_vector(mark: Array) -> Array:
    centred = mark - mark.mean()
    result: Array = centred / np.sqrt(np.square(centred).sum())
    return result


def ranked(correlation: Array) -> NDArray[np.intp]:
    """The units from the one that follows best, whichever its sign; those of NaN come last."""
    return np.argsort(-np.nan_to_num(np.abs(correlation), nan=-1.0), kind="stable")


def alike(states: Array, history: Array, count: int) -> list[tuple[int, float]]:
    """Where a unit's path (time,) comes nearest to `history` (window,): (first step, root mean squared difference).

    The nearest first, at most `count`, and no two that overlap. Nothing where the path is shorter than the history.
    """
    if len(states) < len(history):
        return []
    windows = np.lib.stride_tricks.sliding_window_view(states, len(history))
    distance = np.sqrt(np.square(windows - history).mean(1))
    found: list[tuple[int, float]] = []
    for start in np.argsort(distance, kind="stable"):
        if all(abs(int(start) - taken) >= len(history) for taken, _ in found):
            found.append((int(start), float(distance[start])))
            if len(found) == count:
                break
    return found
