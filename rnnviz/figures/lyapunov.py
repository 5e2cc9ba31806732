"""What the two figures of Lyapunov exponents share: which windows count, the seeds, and what is certain."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rnnviz.diagnostics.lyapunov_growth import exponents
from rnnviz.figures.figure import Result, Results


class Converged(NamedTuple):
    """Exponents in nepers per step of every seed whose run came far enough."""

    ends: np.ndarray  # (window,) steps after which a window ends, the warm-up left out
    over_time: np.ndarray  # (seed, window, exponent), descending at the last window
    warm_up: int

    @property
    def last(self) -> np.ndarray:
        """(seed, exponent)."""
        return self.over_time[:, -1]


def warm_up_for(result: Result, asked: int) -> int:
    """No more than half of the run: what is left must still be a mean."""
    return min(asked, result.experiment.task.sequence_length // 2)


def converged(results: Results, asked: int, untied: bool = False) -> Converged | None:
    """All finished seeds together; None if no run reached the end of its warm-up, or has no untied counterpart."""
    first = next(iter(results.values()))
    warm_up, prefix = warm_up_for(first, asked), "untied_" if untied else ""
    finished = [one.data for one in results.values() if one.data.attrs["outcome"] == "completed"]
    growth = "untied_growth" if untied else "lyapunov_growth"
    curves = [exponents(data[growth].values, data[f"{prefix}window"].values, warm_up) for data in finished]
    if not curves or not len(curves[0]):
        return None
    over_time = np.stack([curve[:, np.argsort(-curve[-1], kind="stable")] for curve in curves])
    return Converged(finished[0][f"{prefix}window"].values[-len(curves[0]) :], over_time, warm_up)


def doubt(found: Converged) -> float:
    """How far λ₁ may lie from its mean over seeds: two standard errors, and the 1/t that turning frames leave behind."""
    _, deviation = statistics(found.last[:, 0])
    steps = found.ends[-1] - found.warm_up
    return float(2 * deviation / len(found.last) ** 0.5 + 1 / steps)


def slowest_gate(results: Results) -> float:
    """Time constant −1/ln f in steps of the unit that forgets most slowly, over all layers and seeds; 0 without gates."""
    logs = [result.data["keeping_gate"].sel(mean="mean_log").values for result in results.values()]
    slowest = max((float(log.max()) for log in logs if log.size), default=-math.inf)
    return math.inf if slowest >= 0 else -1 / slowest


def statistics(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the first axis, seeds; −∞ wins over any number, and has no deviation."""
    lost = np.isneginf(values).any(0)
    finite = np.where(lost, 0.0, values)
    deviation = finite.std(0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])
    return np.where(lost, -np.inf, finite.mean(0)), deviation


def kaplan_yorke(values: np.ndarray) -> float:
    """D = k + Σ_{i≤k} λ_i / |λ_{k+1}| with the largest k whose sum is not negative; 0 without a positive exponent.

    Source: Kaplan & Yorke (1979).
    """
    sums = np.cumsum(values)
    k = int((sums >= 0).sum())
    if k == 0 or values[0] <= 0:
        return 0.0
    return float(len(values)) if k == len(values) else k + float(sums[k - 1] / abs(values[k]))
