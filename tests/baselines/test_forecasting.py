"""Forecasts against other people's answers: matrix powers, autoregressions in closed form, brute-force conditioning."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnviz.baselines import ahead, linear, per_length, state_space
from rnnviz.streams import generator

PROCESSES = ("ar2", "wave", "level")
every_process = pytest.mark.parametrize("kind", PROCESSES)


def covariance(model: state_space.StateSpace, length: int) -> np.ndarray:
    """Of x_1 … x_T, from cov(s_{t+k}, s_t) = A^k P."""
    found = np.empty((length, length))
    for t in range(length):
        for u in range(length):
            lag = np.linalg.matrix_power(model.transition, abs(t - u)) @ model.stationary
            found[t, u] = model.seen @ lag @ model.seen + (model.of_value if t == u else 0)
    return found


@every_process
def test_every_process_has_variance_one_and_keeps_it(kind):
    model = state_space.process(kind)
    assert model.variance(model.stationary) == pytest.approx(1.0, abs=1e-12)
    assert model.after(model.stationary) == pytest.approx(model.stationary, abs=1e-12)


@every_process
def test_the_best_error_is_the_conditional_variance_of_a_gaussian(kind):
    """var(x_t | x_1 … x_{t−1}) = 1 / (Σ_t⁻¹)_tt, with the covariance of t values: no filter needed."""
    model = state_space.process(kind)
    whole = covariance(model, 12)
    expected = [1 / np.linalg.inv(whole[:t, :t])[-1, -1] for t in range(1, 13)]
    assert state_space.best_errors(model, 12) == pytest.approx(expected, rel=1e-9)


@every_process
def test_what_is_drawn_has_the_covariance_that_it_should(kind):
    """An entry of a sample covariance has a standard error of at most √(2/n) = 0.014; five of those are room."""
    model = state_space.process(kind)
    values = state_space.drawn(model, 10_000, 6, generator(0, "test"))
    assert values.T @ values / len(values) == pytest.approx(covariance(model, 6), abs=0.07)


def test_far_ahead_the_best_error_of_an_autoregression_is_in_closed_form():
    model = state_space.process("ar2")
    weights = np.array([0.0, *model.transition[0]])
    expected = ahead.foreseen(weights, model.of_state[0, 0], 30)
    assert state_space.best_ahead(model, 30) == pytest.approx(expected, rel=1e-9)
    assert expected[-1] == pytest.approx(1.0, abs=0.01)  # it settles at the variance


@pytest.mark.parametrize("past", [1, 2, 5])
def test_a_path_is_the_power_of_the_companion_matrix(past):
    draw = np.random.default_rng(past)
    weights, seen = np.append(0.0, draw.uniform(-0.4, 0.4, past)), draw.standard_normal((3, past))
    companion = np.eye(past, k=-1)
    companion[0] = weights[1:]
    for k, found in enumerate(ahead.paths(weights, seen, 6).T, 1):
        assert found == pytest.approx((seen @ np.linalg.matrix_power(companion, k).T)[:, 0], abs=1e-12)
    psi = [np.linalg.matrix_power(companion, k)[0, 0] for k in range(6)]
    assert ahead.responses(weights, 6) == pytest.approx(psi, abs=1e-12)
    assert ahead.largest_root(weights) == pytest.approx(np.abs(np.linalg.eigvals(companion)).max(), rel=1e-12)


def test_an_exact_recurrence_is_forecast_as_far_as_one_likes():
    """v_t = 2 cos ω v_{t−1} − v_{t−2}: its roots lie on the unit circle, so the fit's rounding grows linearly with k."""
    series = np.sin(2 * np.pi / 25 * np.arange(400))
    weights = linear.fitted(series[:300], 2)
    found, came = ahead.held_out_paths(series, weights, 300, 20)
    assert found.shape == came.shape == (100, 20)
    assert np.isnan(came).sum() == 20 * 19 // 2
    assert np.nanmax(np.abs(found - came)) < 1e-9
    assert ahead.largest_root(weights) == pytest.approx(1.0, abs=1e-9)


def test_one_step_ahead_is_the_forecast_that_was_there_before():
    series = np.random.default_rng(0).standard_normal(300)
    for past in (1, 4):
        found, came = ahead.held_out_paths(series, linear.fitted(series[:200], past), 200, 3)
        assert np.mean((found[:, 0] - came[:, 0]) ** 2) == pytest.approx(linear.held_out_error(series, past, 200))


def test_the_error_of_an_autoregression_grows_as_it_foresees():
    """AR(1), a = 0.9: σ²(1 − a^{2k})/(1 − a²). 60 000 forecasts, correlated over some twenty steps, know it to 5 %."""
    noise = np.random.default_rng(1).standard_normal(120_000)
    series = np.zeros(len(noise))
    for t in range(1, len(noise)):
        series[t] = 0.9 * series[t - 1] + noise[t]
    weights = linear.fitted(series[:60_000], 1)
    found, came = ahead.held_out_paths(series, weights, 60_000, 16)
    expected = [(1 - 0.81**k) / (1 - 0.81) for k in range(1, 17)]
    assert np.nanmean((found - came) ** 2, axis=0) == pytest.approx(expected, rel=0.1)
    assert ahead.foreseen(np.array([0, 0.9]), 1.0, 16) == pytest.approx(expected, rel=1e-12)
    assert math.isclose(ahead.largest_root(np.array([5.0, 0.9])), 0.9)


def test_a_model_per_length_costs_what_a_wishart_matrix_says():
    """White noise, 40 examples, 300 training sets: each t's mean error is known to a few per cent."""
    draw = np.random.default_rng(3)
    found = np.mean(
        [
            per_length.errors_by_length(
                per_length.fitted_by_length(draw.standard_normal((40, 20))), draw.standard_normal((200, 20))
            )
            for _ in range(300)
        ],
        axis=0,
    )
    assert found == pytest.approx(per_length.expected_error(np.ones(20), 40), rel=0.05)


def test_with_as_many_examples_as_weights_a_model_fits_what_it_saw_and_nothing_is_promised():
    train = np.random.default_rng(4).standard_normal((12, 16))
    models = per_length.fitted_by_length(train)
    assert [len(model) for model in models] == list(range(1, 17))
    assert per_length.errors_by_length(models, train)[11:].max() < 1e-20
    assert np.isinf(per_length.expected_error(np.ones(16), 12)[11:]).all()


def test_shared_weights_find_the_autoregression_and_its_best_error():
    """40 000 values of AR(2): the weights are known to half a per cent, the error of 2 000 forecasts to √(2/2000) = 3 %."""
    model = state_space.process("ar2")
    train, test = (state_space.drawn(model, 2_000, 20, generator(k, "test")) for k in (0, 1))
    best = state_space.best_errors(model, 20)
    assert per_length.errors_with_past(train, test, 2) == pytest.approx(best, rel=0.15)
    assert per_length.errors_with_past(train, test, 0) == pytest.approx(np.ones(20), rel=0.15)
    assert (per_length.errors_with_past(train, test, 1)[2:] > 1.5 * best[2:]).all()  # one value is one too few
