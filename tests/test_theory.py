"""Every formula against an independent one: quadrature by scipy and mpmath, drawn matrices, limits that are elementary."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import psi

from rnnviz import theory
from rnnviz.activations import ACTIVATIONS
from tests.oracles import finite_difference

NAMES = tuple(ACTIVATIONS)


@pytest.mark.parametrize("x", [0.5, 1.0, 1.5, 7.25, 30.0, 1000.0])
def test_digamma(x):
    assert theory.digamma(x) == pytest.approx(psi(x), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_slopes_belong_to_their_functions(name):
    phi, slope = theory.SQUASH[name]
    for x in (-2.0, -0.3, 0.4, 3.0):
        difference = finite_difference(lambda a: float(phi(np.array([a]))[0]), x)
        assert float(slope(np.array([x]))[0]) == pytest.approx(difference, abs=1e-9)


def gaussian_mean(function, variance: float) -> float:
    density = lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    return quad(lambda z: density(z) * function(math.sqrt(variance) * z), -12, 12, epsabs=1e-13, limit=400)[0]


@pytest.mark.parametrize("variance", [1e-4, 0.3, 2.0, 40.0])
def test_expectations_against_adaptive_quadrature(variance):
    assert theory.mean_square("tanh", variance) == pytest.approx(
        gaussian_mean(lambda a: math.tanh(a) ** 2, variance), abs=1e-10
    )
    assert theory.mean_square("relu", variance) == pytest.approx(variance / 2, rel=1e-10)
    assert theory.mean_square("identity", variance) == pytest.approx(variance, rel=1e-10)


@pytest.mark.parametrize(("gain", "drive"), [(1.5, 0.0), (3.0, 0.0), (5.0, 0.0), (1.2, 0.25), (0.7, 1.0)])
def test_the_variance_of_tanh_is_the_fixed_point_that_mpmath_finds(gain, drive):
    with mpmath.workdps(20):

        def rest(delta):
            square = lambda z: mpmath.npdf(z) * mpmath.tanh(mpmath.sqrt(delta) * z) ** 2  # noqa: E731
            return gain**2 * mpmath.quad(square, mpmath.linspace(-12, 12, 49)) + drive - delta

        root = float(mpmath.findroot(rest, gain**2 * 0.6 + drive))
    assert theory.mean_field_variance("tanh", gain, drive) == pytest.approx(root, rel=1e-9)


def test_where_there_is_only_rest_there_is_no_variance():
    assert theory.mean_field_variance("tanh", 0.9, 0.0) == pytest.approx(0.0, abs=1e-8)
    assert theory.mean_field_exponent("tanh", 0.9, 0.0) == pytest.approx(math.log(0.9), abs=1e-8)
    assert (
        theory.mean_field_variance("relu", 1.0, 0.0) == 0 and theory.mean_field_variance("relu", 2.0, 1.0) == math.inf
    )
    assert theory.mean_field_variance("identity", 0.5, 1.0) == pytest.approx(1 / 0.75)
    assert theory.mean_field_exponent("tanh", 0.0, 1.0) == -math.inf


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("drive", [0.0, 0.25, 1.0])
def test_the_exponent_is_zero_at_the_critical_gain(name, drive):
    gain = theory.critical_gain(name, drive)
    if name != "tanh" or drive:  # without input tanh is critical where its variance vanishes, like a root of a root
        assert theory.mean_field_exponent(name, gain, drive) == pytest.approx(0.0, abs=1e-8)
    assert (
        theory.mean_field_exponent(name, 0.98 * gain, drive) < 0 < theory.mean_field_exponent(name, 1.02 * gain, drive)
    )


def test_pascanus_bound_and_the_orthogonal_norm_are_powers():
    assert theory.pascanu_bound(0.25, 2.0, 10) == pytest.approx(10 * math.log10(0.5))
    assert 10 ** theory.orthogonal_norm(0.9, 100) == pytest.approx(2.65614e-5, abs=5e-11)


@pytest.mark.parametrize("name", ["tanh", "relu", "identity"])
@pytest.mark.parametrize("drive", [0.0, 0.1, 0.25, 1.0, 1.6])
def test_the_critical_line_runs_through_every_critical_gain(name, drive):
    """Two ways to χ = 1: a curve along Δ, and a search for the gain. Between its points the curve is straight."""
    gains, drives = theory.critical_line(name, 1.6)
    assert drives[0] == 0.0 and drives[-1] == 1.6 and (np.diff(drives) >= 0).all()
    assert np.interp(drive, drives, gains) == pytest.approx(theory.critical_gain(name, drive), abs=2e-4)


def test_the_critical_line_of_the_sigmoid_lies_far_beyond_any_gain_that_can_be_chosen():
    gains, _ = theory.critical_line("sigmoid", 4.0)
    assert gains.min() > 10  # row 23: never critical below 4
