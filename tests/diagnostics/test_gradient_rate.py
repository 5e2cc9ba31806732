"""λ₁ from the gradient itself: exact where it is elementary, the QR's where it is not, and the published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnviz import theory
from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import gradient_rate, lyapunov_growth
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.diagnostics.gradient_rate import stretch
from rnnviz.diagnostics.lyapunov_growth import exponents
from rnnviz.experiment import Experiment, LossAtEvery, LossAtStep
from rnnviz.figures.phase_map import crossing
from rnnviz.initializers import Gain, Gaussian, Orthogonal
from rnnviz.tasks import Impulse, Noise

SEEDS, STEPS, WARM_UP = 3, 1000, 250  # 625 steps count, as many as NUMBERS.md rows 20 and 21 were measured over
TOLERANCE = 0.02  # of those rows, nepers per step


def rates(experiment: Experiment) -> np.ndarray:
    return diagnose(experiment, [gradient_rate])["gradient_rate"].values


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.7])
def test_a_rotation_grows_by_ln_g_in_every_step(gain):
    cell, initializer = Elman(hidden_size=6, activation="identity"), Orthogonal(scale=Gain(gain=gain))
    made = Experiment(task=Noise(sequence_length=64), cell=cell, initializer=initializer, batch_size=3, dtype="float64")
    np.testing.assert_allclose(rates(made), np.full(3, math.log(gain)), atol=1e-12)


@pytest.mark.parametrize("cell", [Elman(hidden_size=24), LSTM(hidden_size=24, forget_bias=1.0), GRU(hidden_size=24)])
def test_it_is_the_exponent_that_a_qr_of_the_same_trajectory_gives(cell):
    """The transpose of a product has the product's singular values. Only the ends of the stretch differ: a starting
    direction that has not yet turned into place costs at most a few nepers over all 600 steps."""
    task, gaussian = Noise(sequence_length=960, features=16), Gaussian(scale=Gain(gain=1.3))
    made = Experiment(task=task, cell=cell, initializer=gaussian, batch_size=1, dtype="float64")
    first, last = stretch(960)
    growth = diagnose(made, [lyapunov_growth])["lyapunov_growth"]
    inside = growth.window.values <= last + 1
    known = exponents(growth.values[inside], growth.window.values[inside], first)[-1].max()
    assert rates(made)[0] == pytest.approx(known, abs=3 / (last - first))


def wide(gain: float, drive: float, seed: int) -> Experiment:
    task = (
        Noise(sequence_length=STEPS, variance=drive, features=64)
        if drive
        else Impulse(sequence_length=STEPS, features=64)
    )
    return Experiment(
        task=task, cell=Elman(hidden_size=500), initializer=Gaussian(scale=Gain(gain=gain)), batch_size=2, seed=seed
    )


@pytest.mark.parametrize(("gain", "published"), [(1.5, 0.065217), (2.0, 0.154724), (3.0, 0.310276)])
def test_row_20_the_autonomous_network_at_infinite_width(gain, published):
    found = np.mean([rates(wide(gain, 0.0, seed)).mean() for seed in range(SEEDS)])
    assert found == pytest.approx(published, abs=TOLERANCE)


@pytest.mark.parametrize(("drive", "published"), [(0.1, 1.40928), (0.25, 1.54967), (1.0, 1.85559)])
def test_row_21_the_driven_network_is_critical_where_theory_puts_it(drive, published):
    """λ₁ = 0 between two gains of a map's row. Its slope there is that of theory, so TOLERANCE of λ₁ is one of the gain."""
    gains = np.array([published - 0.1, published + 0.1])
    row = np.array([np.mean([rates(wide(float(gain), drive, seed)).mean() for seed in range(2)]) for gain in gains])
    known = [theory.mean_field_exponent("tanh", float(gain), drive) for gain in gains]
    np.testing.assert_allclose(row, known, atol=TOLERANCE)
    assert crossing(gains, row) == pytest.approx(published, abs=TOLERANCE * 0.2 / (known[1] - known[0]))


def test_what_is_no_rate_is_said_to_be_none():
    small = {"task": Noise(sequence_length=60), "batch_size": 2}
    assert np.isnan(rates(Experiment(**small, loss=LossAtEvery()))).all()  # new gradient joins on the way
    assert np.isnan(rates(Experiment(**small, loss=LossAtStep(step=1)))).all()  # it has no way to go
    dead = Experiment(**small, initializer=Gaussian(scale=Gain(gain=0.0)))
    assert np.isneginf(rates(dead)).all()
    wild = Elman(hidden_size=64, activation="relu")
    overflowed = Experiment(task=Noise(sequence_length=400), cell=wild, initializer=Gaussian(scale=Gain(gain=4.0)))
    assert rates(overflowed).shape == (0,)
