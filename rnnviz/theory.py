"""What theory says of a random recurrent network, beside what is measured: each formula with its source and its domain.

g is the gain (W_hh has entries of variance g²/H), s² the variance of what the input adds to every unit, N the number of
units; exponents are in nepers per step. Plain numbers in and out, no network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnviz.activations import ActivationName

Array = NDArray[np.float64]
LARGEST_GAIN = 1e3  # where the search for a critical gain gives up


class Squash(NamedTuple):
    """φ and φ' for arrays."""

    function: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def logistic(a: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * a))  # without the overflow of e^−a


SQUASH: dict[str, Squash] = {
    "tanh": Squash(np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "sigmoid": Squash(logistic, lambda a: logistic(a) * (1 - logistic(a))),
    "relu": Squash(lambda a: np.maximum(a, 0.0), lambda a: (a > 0).astype(float)),
    "identity": Squash(lambda a: a, np.ones_like),
}


# — products of matrices —


def pascanu_bound(gamma: float, sigma: float, lag: int) -> float:
    """‖∂h_T/∂h_t‖₂ ≤ (γ σ₁(W_hh))^lag, as log₁₀.  Holds for every vanilla RNN of one layer.

    σ₁ < 1/γ is sufficient to vanish, σ₁ > 1/γ only necessary to explode.  Source: Pascanu, Mikolov & Bengio (2013).
    """
    return lag * math.log10(gamma * sigma)


def orthogonal_norm(gain: float, lag: int) -> float:
    """‖∂h_T/∂h_t‖₂ = g^lag, as log₁₀.  Holds for φ = identity and W_hh = gQ with Q orthogonal."""
    return lag * math.log10(gain)


def power_norm(gain: float, lag: int) -> float:
    """‖W^t‖₂ → g^t √((t+1)^{t+1}/t^t) for one Gaussian W, N → ∞ and t far below N, as log₁₀: the largest singular value
    grows first although ρ → g.  Source: the largest atom of the Fuss–Catalan law, Penson & Życzkowski (2011).
    """
    t = lag
    return t * math.log10(gain) + 0.5 * ((t + 1) * math.log10(t + 1) - (t * math.log10(t) if t else 0.0))


def newman_exponents(gain: float, size: int) -> Array:
    """λ_i = ln g + ½ [ln(2/N) + ψ((N − i + 1)/2)], i = 1 … N.  Holds for φ = identity and a fresh Gaussian W at every step.

    Source: Newman (1986), The distribution of Lyapunov exponents: exact results for random matrices.
    """
    return np.array([math.log(gain) + 0.5 * (math.log(2 / size) + digamma(k / 2)) for k in range(size, 0, -1)])


def circular_law_exponents(gain: float, size: int) -> Array:
    """λ_i = ln g + ½ ln(1 − (i − ½)/N): ln|μ_i| where a fraction s²/g² of the eigenvalues lies within |μ| < s.

    Holds for φ = identity (or a network at rest at 0 with φ'(0) = 1), one tied Gaussian W, N → ∞.
    Source: Girko (1985), Ginibre (1965).
    """
    return math.log(gain) + 0.5 * np.log1p(-(np.arange(size) + 0.5) / size)


def digamma(x: float) -> float:
    """ψ(x) for x > 0: ψ(x) = ψ(x + 1) − 1/x up to x ≥ 10, then its asymptotic series (error below 1e-13)."""
    shift = 0.0
    while x < 10:
        shift, x = shift - 1 / x, x + 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series


# — mean field: N → ∞, one tied Gaussian W_hh of variance g²/N, no bias, white input —


def mean_field_variance(activation: ActivationName, gain: float, drive: float) -> float:
    """Δ, the variance of the pre-activations at rest: Δ = g² E φ(√Δ z)² + s²; ∞ where nothing holds it.

    The largest solution, to which the network is driven from a large state. Source: Sompolinsky, Crisanti & Sommers
    (1988) for s² = 0; Molgedey, Schuchhardt & Schuster (1992) with white input.
    """
    if activation in ("identity", "relu"):  # E φ² = κ Δ: one linear equation
        kappa = gain**2 * (1.0 if activation == "identity" else 0.5)
        return drive / (1 - kappa) if kappa < 1 else math.inf if drive else math.nan if kappa > 1 else 0.0
    bound = gain**2 + drive  # |φ| ≤ 1
    return decreasing_root(lambda delta: gain**2 * mean_square(activation, delta) + drive - delta, 0.0, bound)


def mean_field_chi(activation: ActivationName, gain: float, drive: float) -> float:
    """χ = g² E φ'(√Δ z)²: the factor by which the squared norm of a small change grows in one step.

    χ < 1 vanishes, χ > 1 explodes. The linear and the ReLU network have E φ'² = 1 and ½ whatever Δ is.
    Source: Poole et al. (2016); for networks in time Chen, Pennington & Schoenholz (2018).
    """
    if activation == "identity":
        return gain**2
    if activation == "relu":
        return gain**2 / 2
    delta = mean_field_variance(activation, gain, drive)
    return gain**2 * expectation(lambda a: SQUASH[activation].slope(a) ** 2, delta)


def mean_field_exponent(activation: ActivationName, gain: float, drive: float) -> float:
    """λ₁ = ½ ln χ.  Row by row of W independent of the state: exact for N → ∞, within a few hundredths at N = 500."""
    chi = mean_field_chi(activation, gain, drive)
    return 0.5 * math.log(chi) if chi > 0 else -math.inf


@cache
def critical_gain(activation: ActivationName, drive: float) -> float:
    """g_c, where χ = 1: 1 for the identity, √2 for ReLU, 1 for tanh at rest and more for a driven one.

    The sigmoid is never critical below g = 1/γ = 4, and without input not before 10.15. ∞ beyond LARGEST_GAIN.
    """
    if activation == "identity":
        return 1.0
    if activation == "relu":
        return math.sqrt(2.0)
    lowest = 1.0 if activation == "tanh" else 4.0  # χ ≤ (γ g)² < 1 below 1/γ
    if mean_field_chi(activation, LARGEST_GAIN, drive) < 1:
        return math.inf
    return decreasing_root(lambda gain: 1 - mean_field_chi(activation, gain, drive), lowest, LARGEST_GAIN)


def critical_line(activation: ActivationName, most: float) -> tuple[Array, Array]:
    """The line χ = 1 as (gains g, drives s²), for drives from 0 to `most`: `critical_gain` of all of them at once.

    Along it Δ runs, and both follow without a search: g² = 1 / E φ'(√Δ z)², s² = Δ − g² E φ(√Δ z)².
    """
    if activation in ("identity", "relu"):
        return np.full(2, critical_gain(activation, 0.0)), np.array([0.0, most])
    delta = np.concatenate([[0.0], np.geomspace(1e-4, 100 * (1 + most), 300)])
    squares = np.array([expectation(lambda a: SQUASH[activation].slope(a) ** 2, each) for each in delta])
    gains = squares**-0.5
    drives = delta - gains**2 * np.array([mean_square(activation, each) for each in delta])
    drives[np.abs(drives) < 1e-12] = 0.0
    inside = np.flatnonzero((drives >= 0) & (drives <= most))
    beyond = inside[-1:] + 1 if len(inside) and inside[-1] + 1 < len(delta) else inside[:0]
    ends = [np.interp(most, drives[[inside[-1], k]], gains[[inside[-1], k]]) for k in beyond]
    return np.append(gains[inside], ends), np.append(drives[inside], [most] * len(ends))


def mean_square(activation: ActivationName, variance: float) -> float:
    return expectation(lambda a: SQUASH[activation].function(a) ** 2, variance)


def expectation(function: Callable[[Array], Array], variance: float) -> float:
    """E f(√Δ z), z ~ N(0, 1), by the trapezoidal rule, which converges geometrically for what is smooth and decays."""
    z, weight = normal_nodes()
    return float(weight @ function(math.sqrt(variance) * z))


@cache
def normal_nodes() -> tuple[Array, Array]:
    z = np.linspace(-9.0, 9.0, 3601)
    weight = np.exp(-0.5 * z * z)
    return z, weight / weight.sum()


def decreasing_root(function: Callable[[float], float], low: float, high: float) -> float:
    """The largest root between, of a function that is not positive at `high`; `low` if there is none."""
    grid = np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 60)])
    points = low + (high - low) * grid
    above = next((k for k in range(len(points) - 1, -1, -1) if function(points[k]) > 0), None)
    if above is None:
        return low
    low, high = points[above], points[min(above + 1, len(points) - 1)]
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return float(0.5 * (low + high))
