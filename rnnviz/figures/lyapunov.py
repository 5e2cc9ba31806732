"""What the two figures of Lyapunov exponents share: which windows count, the seeds, and what theory says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz import theory
from rnnviz.cells import Elman
from rnnviz.diagnostics.lyapunov_growth import exponents
from rnnviz.experiment import Experiment
from rnnviz.figures.figure import Result, Results
from rnnviz.initializers import Gain, Gaussian, NaturalScale
from rnnviz.tasks import Impulse, Noise

WHITE = 16  # features from which on the input is as good as white across units; with one all hear the same number


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


def converged(results: Results, asked: int) -> Converged | None:
    """All finished seeds together; None if no run reached the end of its warm-up."""
    first = next(iter(results.values()))
    warm_up = warm_up_for(first, asked)
    finished = [one.data for one in results.values() if one.data.attrs["outcome"] == "completed"]
    curves = [exponents(data["lyapunov_growth"].values, data["window"].values, warm_up) for data in finished]
    if not curves or not len(curves[0]):
        return None
    over_time = np.stack([curve[:, np.argsort(-curve[-1], kind="stable")] for curve in curves])
    return Converged(finished[0]["window"].values[-len(curves[0]) :], over_time, warm_up)


def statistics(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the first axis, seeds; −∞ wins over any number, and has no deviation."""
    lost = np.isneginf(values).any(0)
    finite = np.where(lost, 0.0, values)
    deviation = finite.std(0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])
    return np.where(lost, -np.inf, finite.mean(0)), deviation


class Prediction(NamedTuple):
    """A named curve: exponents by rank, or the first of them alone."""

    name: str
    values: np.ndarray


def prediction(experiment: Experiment) -> Prediction | None:
    """What holds for this network, if anything does: one vanilla layer of Gaussian weights, white input or none."""
    cell, task = experiment.cell, experiment.task
    if not (isinstance(cell, Elman) and cell.layers == 1 and isinstance(experiment.initializer, Gaussian)):
        return None
    scale = experiment.initializer.scale
    if not isinstance(scale, Gain | NaturalScale):
        return None
    gain = scale.gain if isinstance(scale, Gain) else 1.0
    if not gain:
        return None
    if cell.activation == "identity":
        return Prediction("circular_law", theory.circular_law_exponents(gain, cell.hidden_size))
    if isinstance(task, Impulse):
        drive = 0.0
    elif isinstance(task, Noise) and (task.features >= WHITE or cell.activation == "relu"):
        drive = task.variance
    else:
        return None
    return Prediction("mean_field", np.array([theory.mean_field_exponent(cell.activation, gain, drive)]))


def kaplan_yorke(values: np.ndarray) -> float:
    """D = k + Σ_{i≤k} λ_i / |λ_{k+1}| with the largest k whose sum is not negative; 0 without a positive exponent.

    Source: Kaplan & Yorke (1979).
    """
    sums = np.cumsum(values)
    k = int((sums >= 0).sum())
    if k == 0 or values[0] <= 0:
        return 0.0
    return float(len(values)) if k == len(values) else k + float(sums[k - 1] / abs(values[k]))
