"""How far back a gradient reaches while a network is trained, against the lag that its task needs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from rnnviz.experiment import Experiment

LEFT = -3.0  # decades: a step counts as reached while at least a thousandth of the gradient at the loss gets there


class Horizon(NamedTuple):
    """`lags` (snapshot,): the steps back that the gradient reaches at each snapshot, NaN where there is no gradient.

    `needed` is the task's lag, 0 where it names none.
    """

    updates: np.ndarray
    lags: np.ndarray
    needed: int

    def until(self, place: int) -> Horizon:
        """The same up to one snapshot, as if training had come no further."""
        return Horizon(self.updates[: place + 1], self.lags[: place + 1], self.needed)

    @property
    def since(self) -> int | None:
        """The update from which on the gradient has reached the needed lag without a break; None if it does not now."""
        short = np.flatnonzero(~(self.lags >= self.needed))
        first = int(short[-1]) + 1 if len(short) else 0
        return int(self.updates[first]) if first < len(self.updates) else None

    @property
    def last_reached(self) -> int | None:
        """The last update at which it did; None if it never did."""
        there = np.flatnonzero(self.lags >= self.needed)
        return int(self.updates[there[-1]]) if len(there) else None


def horizon_of(experiment: Experiment, data: xr.Dataset) -> Horizon | None:
    """The largest k with log₁₀ ‖∂ℓ/∂s_{t_ℓ−j}‖ − log₁₀ ‖∂ℓ/∂s_{t_ℓ}‖ ≥ −3 for every j ≤ k: of medians over examples.

    Reads: gradient_profile.   t_ℓ is the step of the loss. None where a loss enters at every step: a profile is then the
    sum of many gradients, and says nothing about how far one of them comes.
    """
    judged = experiment.loss.steps(experiment.task.sequence_length)
    if len(judged) > 1 or "gradient_profile" not in data:
        return None
    profile = data["gradient_profile"].sel(band="median").values[:, : judged.stop - 1]
    return Horizon(data["snapshot"].values, reach(profile), experiment.task.needed_lag)


def reach(profile: np.ndarray) -> np.ndarray:
    """The same of profiles (snapshot, time) in decades that end with the step of the loss."""
    back = profile[:, ::-1]
    with np.errstate(invalid="ignore"):  # −∞ − −∞: a gradient that is zero at the loss has no horizon
        kept = back - back[:, :1] >= LEFT
    run = np.logical_and.accumulate(kept, axis=1).sum(1) - 1.0
    return np.where(np.isfinite(back[:, 0]), run, np.nan)
