"""Models of the past against other people's answers: Yule-Walker, torch's least squares, entropies known in closed form."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from rnnviz.baselines import linear, ngram


def autoregressive(weights: list[float], length: int, seed: int = 0) -> np.ndarray:
    """x_t = Σ a_k x_{t−k} + ε_t, ε ~ N(0, 1)."""
    noise = np.random.default_rng(seed).standard_normal(length)
    series = np.zeros(length)
    for t in range(length):
        series[t] = sum(a * series[t - k] for k, a in enumerate(weights, 1) if k <= t) + noise[t]
    return series


def test_an_autoregression_is_found_again():
    """Least squares is consistent; its standard error is about √((1 − a²)/n) ≈ 0.004 here, and five of those are room."""
    series = autoregressive([0.6, -0.3], 50_000)
    assert linear.fitted(series, 2)[1:] == pytest.approx([0.6, -0.3], abs=0.02)
    assert linear.held_out_error(series, 2, 25_000) == pytest.approx(1.0, abs=5 * math.sqrt(2 / 25_000))


def test_the_fit_is_torchs_least_squares():
    series = np.random.default_rng(1).standard_normal(200)
    seen, answers = linear.windows(series, 3)
    theirs = torch.linalg.lstsq(torch.tensor(seen), torch.tensor(answers)[:, None]).solution[:, 0]
    assert linear.fitted(series, 3) == pytest.approx(theirs.numpy(), rel=1e-9)


def test_a_window_holds_the_values_before_newest_first():
    seen, answers = linear.windows(np.arange(5.0), 2)
    assert seen.tolist() == [[1, 1, 0], [1, 2, 1], [1, 3, 2]] and answers.tolist() == [2, 3, 4]


def test_without_a_past_the_forecast_is_the_mean():
    series = np.random.default_rng(2).standard_normal(300)
    expected = np.mean((series[200:] - series[:200].mean()) ** 2)
    assert linear.held_out_error(series, 0, 200) == pytest.approx(expected, rel=1e-12)


def test_every_held_out_value_is_forecast_whatever_the_past():
    """An exact recurrence leaves nothing: v_t = 2 cos ω v_{t−1} − v_{t−2}."""
    series = np.sin(2 * np.pi / 25 * np.arange(400))
    assert linear.held_out_error(series, 2, 100) < 1e-24  # ε² of a fit with condition number ~ 10, with room


def test_a_past_as_long_as_the_series_is_refused():
    with pytest.raises(ValueError, match=r"^past must be less than the 4 values of the series; got 4$"):
        linear.windows(np.zeros(4), 4)


@pytest.mark.parametrize("past", [0, 1, 3])
def test_ngram_probabilities_add_up_to_one_after_every_context(past):
    text = np.random.default_rng(past).integers(0, 3, 60).tolist()
    counts = ngram.counted(text, past)
    for context in itertools.product(range(4), repeat=past):  # class 3 was never seen
        total = sum(ngram.probability(counts, context, c, 4) for c in range(4))
        assert total == pytest.approx(1.0, abs=1e-12)


def test_witten_bell_by_hand():
    """Text 0 0 1: n = 3, k = 2, so P_0(1) = (1 + 2/3)/(3 + 2) = 1/3; after 0 came 0 and 1: (1 + 2/3)/(2 + 2) = 5/12."""
    counts = ngram.counted([0, 0, 1], 1)
    assert ngram.probability(counts, [], 1, 3) == pytest.approx(1 / 3)
    assert ngram.probability(counts, [0], 1, 3) == pytest.approx(5 / 12)
    assert ngram.probability(counts, [2], 1, 3) == pytest.approx(1 / 3)  # a context never seen: one class less of it


def test_a_coin_costs_one_bit_and_a_cycle_none():
    """n/2 flips are known, so P is ½ up to 1/√n: the excess is of order 1/n bits, and the draw's own error 1/√n."""
    coin = np.random.default_rng(0).integers(0, 2, 20_000).tolist()
    assert ngram.held_out_bits(coin, 0, 10_000, 2) == pytest.approx(1.0, abs=0.01)
    assert ngram.held_out_bits([0, 1, 2] * 4_000, 1, 6_000, 3) < 0.01
