"""Singular values over hundreds of decades, where mpmath, a closed form or an exact fraction has the answer."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.cells import LSTM
from rnnviz.engine import run
from rnnviz.engine.graded import graded_singular_values, product_singular_values, rounds
from rnnviz.experiment import Experiment
from rnnviz.tasks import Noise

RELATIVE = 1e-9  # in decades; V's condition (below 1e4 here) times T·n·2⁻⁵³


def of_mpmath(jacobians: np.ndarray, digits: int) -> np.ndarray:
    """log₁₀ σ of J_T ⋯ J_1 with so many digits, descending."""
    with mpmath.workdps(digits):
        product = mpmath.eye(jacobians.shape[1])
        for j in jacobians:
            product = mpmath.matrix(j.tolist()) * product
        values = mpmath.svd_r(product, compute_uv=False)
        return np.array(sorted((float(mpmath.log10(value)) for value in values), reverse=True))


def tied(n: int, time: int, low: float, seed: int = 0) -> np.ndarray:
    """diag(D_t) W with D_t from U(low, 1): what a vanilla RNN multiplies."""
    random = np.random.default_rng(seed)
    return random.uniform(low, 1, (time, n, 1)) * random.standard_normal((n, n)) / np.sqrt(n)


@pytest.mark.parametrize(
    ("jacobians", "digits"),
    [
        (np.random.default_rng(1).standard_normal((60, 6, 6)), 60),
        (tied(8, 100, 0.01), 200),
        (tied(5, 200, 1e-4), 400),
        (np.linalg.qr(np.random.default_rng(2).standard_normal((50, 6, 6)))[0], 40),
    ],
    ids=["fresh", "tied", "saturated", "orthogonal"],
)
def test_every_singular_value_is_that_of_mpmath(jacobians, digits):
    time = len(jacobians)
    found = product_singular_values(jacobians, np.array([0, 1, 7, time]))
    assert found[0] == pytest.approx(np.zeros(jacobians.shape[1]), abs=1e-14)
    expected = np.linalg.svd(jacobians[-1], compute_uv=False)
    assert found[1] == pytest.approx(np.log10(expected), abs=RELATIVE)
    assert found[2] == pytest.approx(of_mpmath(jacobians[-7:], digits), abs=RELATIVE)
    assert found[3] == pytest.approx(of_mpmath(jacobians, digits), abs=RELATIVE)


def test_over_more_decades_than_a_float_has():
    """diag(D) Q with Q orthogonal, the same at every step with Q = I: σ_i = D_i^T exactly, here down to 10^−4000."""
    diagonal = np.array([1.5, 1.0, 0.3, 1e-2, 1e-4])
    found = product_singular_values(np.broadcast_to(np.diag(diagonal), (1000, 5, 5)), np.array([1000]))[0]
    assert found == pytest.approx(1000 * np.log10(diagonal), rel=1e-12, abs=1e-10)
    rotation = np.linalg.qr(np.random.default_rng(3).standard_normal((5, 5)))[0]
    turned = rotation @ np.diag(diagonal) @ rotation.T
    found = product_singular_values(np.broadcast_to(turned, (1000, 5, 5)), np.array([1000]))[0]
    assert found == pytest.approx(1000 * np.log10(diagonal), rel=1e-9, abs=1e-8)  # 1e4 · 2⁻⁵³ a step, 1000 steps


def test_the_powers_of_a_triangular_matrix_as_exact_fractions():
    """Row 3's chain, W = 0.8 I + 0.5 N (4×4), T = 300: ∏σ = det = 0.8^1200 exactly, and σ₁ from the exact power."""
    chain = [[Fraction(8, 10) if i == j else Fraction(1, 2) if i == j + 1 else Fraction(0) for j in range(4)]
             for i in range(4)]  # fmt: skip
    power = [[Fraction(int(i == j)) for j in range(4)] for i in range(4)]
    for _ in range(300):
        power = [[sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*chain, strict=True)]
                 for row in power]  # fmt: skip
    exact = np.array([[float(entry) for entry in row] for row in power])
    found = product_singular_values(np.broadcast_to(np.array(chain, float), (300, 4, 4)), np.array([300]))[0]
    assert found[0] == pytest.approx(np.log10(np.linalg.norm(exact, 2)), abs=RELATIVE)
    assert found.sum() == pytest.approx(1200 * np.log10(0.8), abs=RELATIVE)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 7), time=st.integers(1, 40), low=st.floats(1e-3, 1.0), seed=st.integers(0, 10**6))
def test_their_product_is_the_determinant(n, time, low, seed):
    jacobians = tied(n, time, low, seed)
    found = product_singular_values(jacobians, np.array([time]))[0]
    assert (np.diff(found) <= 1e-12).all()
    assert found.sum() == pytest.approx(np.linalg.slogdet(jacobians)[1].sum() / np.log(10), abs=1e-7)


def test_a_direction_that_a_mask_removes_is_zero_and_the_others_stay():
    jacobians = np.tile(np.eye(4), (30, 1, 1))
    jacobians[10, 2] = 0.0
    jacobians[20] = np.diag([0.5, 1.0, 1.0, 2.0])
    found = product_singular_values(jacobians, np.array([5, 15, 30]))
    assert found[0] == pytest.approx(np.zeros(4), abs=1e-12)
    assert found[1] == pytest.approx(np.log10([2, 1, 1, 0.5]), abs=1e-12)
    assert found[2][:3] == pytest.approx(np.log10([2, 1, 0.5]), abs=1e-12) and found[2][3] == -np.inf
    gone = product_singular_values(np.zeros((3, 2, 2)), np.array([0, 3]))
    assert (gone[1] == -np.inf).all()


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_what_a_lost_direction_leaves_is_that_of_the_product_as_one_matrix(seed):
    """ReLU units that are switched off: columns that depend on others stand in the middle of the order by length."""
    made = Experiment(
        cell=LSTM(hidden_size=16, activation="relu"), task=Noise(sequence_length=40), dtype="float64", seed=seed
    )
    jacobians = run(made, record=["jacobian"]).data.jacobian.values
    found, product = product_singular_values(jacobians, np.arange(8)), np.eye(32)
    for lag in range(1, 8):
        product = product @ jacobians[-lag]
        exact = np.linalg.svd(product, compute_uv=False)
        large = exact > 1e-6 * exact[0]
        assert found[lag][large] == pytest.approx(np.log10(exact[large]), abs=1e-6)


def test_rows_of_every_size_are_rotated_to_what_the_svd_finds():
    random = np.random.default_rng(4)
    v, logs = random.standard_normal((3, 9, 9)), random.uniform(-6, 6, (3, 9))
    expected = np.log2(np.linalg.svd(np.exp2(logs)[..., None] * v, compute_uv=False))
    assert graded_singular_values(v, logs) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 8, 9])
def test_a_tournament_has_every_pair_once(n):
    pairs = [(int(i), int(j)) for first, second in rounds(n) for i, j in zip(first, second, strict=True)]
    assert sorted(pairs) == [(i, j) for i in range(n) for j in range(i + 1, n)]
    for first, second in rounds(n):
        assert len({*first.tolist(), *second.tolist()}) == 2 * len(first)
