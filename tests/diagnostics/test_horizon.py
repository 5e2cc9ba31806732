"""How far back a gradient reaches: where it is known in closed form, and against the lag that a task needs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from rnnviz.cells import Elman
from rnnviz.diagnostics.horizon import Horizon, horizon_of, reach
from rnnviz.engine import train
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast, LossAtStep
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.optimizers import SGD
from rnnviz.tasks import Adding, DelayedRecall, Noise
from rnnviz.training import Training, Truncated


def known(rows: list[list[float]]) -> np.ndarray:
    return reach(np.array(rows))


def test_the_horizon_is_the_last_step_with_a_thousandth_left():
    assert known([[-4.0, -3.0, -1.0, 0.0]]).tolist() == [2.0]  # exactly 10⁻³ counts
    assert known([[-3.001, -2.0, 0.0], [0.0, 0.0, 0.0]]).tolist() == [1.0, 2.0]
    assert known([[2.0, -5.0, 7.0 - 3.0, 7.0]]).tolist() == [1.0]  # beyond a gap nothing counts, however large


def test_an_exact_zero_ends_it_and_no_gradient_has_none():
    assert known([[-math.inf, -1.0, 0.0]]).tolist() == [1.0]
    assert np.isnan(known([[-math.inf, -math.inf], [math.nan, math.nan]])).all()


@pytest.mark.parametrize(("gain", "steps"), [(0.5, 9), (0.8, 30), (0.9, 60), (1.0, 60)])
def test_an_orthogonal_network_at_rest_reaches_as_far_as_the_powers_of_its_gain(gain, steps):
    """‖∂ℓ/∂s_(T−k)‖ = g^k ‖∂ℓ/∂s_T‖ (NUMBERS.md row 1): so k = ⌊3 / −log₁₀ g⌋, at most T − 1."""
    quiet = Experiment(
        task=Noise(sequence_length=61, variance=0.0), cell=Elman(hidden_size=6), dtype="float64", loss=LossAtLast(),
        initializer=Orthogonal(scale=Gain(gain=gain)), training=Training(updates=1, optimizer=SGD(learning_rate=1e-6)),
    )  # fmt: skip
    horizon = horizon_of(quiet, train(quiet).data)
    assert horizon is not None and horizon.lags.tolist() == [steps]
    assert steps == (60 if gain == 1 else min(60, math.floor(-3 / math.log10(gain) + 1e-9)))


def test_truncation_is_a_horizon_whatever_the_network():
    """BPTT through a window of k steps: the gradient is exactly 0 before them."""
    cut = Experiment(
        task=Adding(sequence_length=30), cell=Elman(hidden_size=8),
        training=Training(updates=3, truncation=Truncated(window=7, stride=7)),
    )  # fmt: skip
    horizon = horizon_of(cut, train(cut).data)
    assert horizon is not None and horizon.lags.max() <= 6 and horizon.needed == 29
    assert horizon.since is None and horizon.last_reached is None


def test_it_is_counted_from_the_step_of_the_loss():
    early = Experiment(
        task=Adding(sequence_length=40), cell=Elman(hidden_size=8), loss=LossAtStep(step=10), training=Training(updates=1)
    )  # fmt: skip
    horizon = horizon_of(early, train(early).data)
    assert horizon is not None and horizon.lags.tolist() == [9.0]


def test_where_a_loss_enters_at_every_step_there_is_none():
    every = Experiment(task=DelayedRecall(sequence_length=20), loss=LossAtEvery(), training=Training(updates=1))
    assert horizon_of(every, train(every).data) is None
    assert horizon_of(Experiment(), xr.Dataset()) is None


def test_since_when_and_until_when():
    updates, lags = np.array([0, 4, 8, 12, 16]), np.array([29.0, 5.0, math.nan, 29.0, 29.0])
    horizon = Horizon(updates, lags, 29)
    assert (horizon.since, horizon.last_reached) == (12, 16)
    assert (horizon.until(1).since, horizon.until(1).last_reached) == (None, 0)
    assert (horizon.until(0).since, horizon.until(3).since) == (0, 12)
    assert Horizon(updates, np.full(5, 3.0), 29).last_reached is None
