"""Singular values of a long product of Jacobians, the small ones as true as the large ones, over any number of decades.

A product carried as one matrix keeps its largest singular value and loses all that lie 10¹⁶ below it. Here it is carried
as Pᵀ = U diag(d) V: U orthogonal, d as logarithms, V well conditioned because every step's R is divided by its graded
diagonal. Its singular values are found by one-sided Jacobi rotations of the rows of diag(d) V, whose relative accuracy
depends on V alone (Demmel & Veselić 1992).
Source of U d V: Loh & Gubernatis (1992), Bauer (2020), Fast and stable determinant quantum Monte Carlo.
"""

from __future__ import annotations

import math

import numpy as np

from rnnviz.cells.kernel import Array
from rnnviz.engine.passes import Tick, nothing

SWEEPS = 30  # of rotations; they converge quadratically and have needed at most 12
SMALL = 1e-14  # cosine between two rows that counts as a right angle
FARTHEST = 200.0  # powers of two: rows farther apart than this differ as if they were exactly this far


def product_singular_values(jacobians: Array, lags: Array, tick: Tick = nothing) -> Array:
    """log₁₀ of all singular values of P = J_T ⋯ J_{T−lag+1}, descending, (lag, state) float64, for each of `lags`.

    jacobians (time, state, state). −∞ is an exact zero: a direction that a step has shrunk by more than 10¹⁵ against
    the others within that step is below what J_t itself is known to, and counts as lost.
    """
    time, size, _ = jacobians.shape
    wanted, kept = set(map(int, lags)), []
    u, logs, v = np.eye(size), np.zeros(size), np.eye(size)
    if 0 in wanted:
        kept.append((logs, v))
    for lag in range(1, time + 1):
        u, logs, v = factorise(jacobians[time - lag].T @ u, logs, v)
        if lag in wanted:
            kept.append((logs, v))
        tick(0.5 * lag / time)
    found = graded_singular_values(np.stack([v for _, v in kept]), np.stack([d for d, _ in kept]), tick)
    return found * math.log10(2.0)


def factorise(u: Array, logs: Array, v: Array) -> tuple[Array, Array, Array]:
    """u diag(2^logs) v = q diag(2^new) w with q orthogonal and w, upper triangular with ±1 on its diagonal, times v.

    Columns are ordered by their true lengths first: then no entry of w is large.
    """
    with np.errstate(divide="ignore"):
        order = np.argsort(-(logs + 0.5 * np.log2(np.square(u).sum(0))), kind="stable")
    q, r = np.linalg.qr(u[:, order])
    diagonal, place = np.diag(r), np.arange(len(q))
    lost = np.abs(diagonal) <= 4 * len(q) ** 0.5 * np.finfo(float).eps * np.sqrt(np.square(r).sum(0))
    if (
        lost.any()
    ):  # a column that depends on those before it leaves rounding for a q, which would take from the later ones
        place = np.argsort(lost, kind="stable")
        order, lost = order[place], lost[place]
        q, r = np.linalg.qr(u[:, order])
        diagonal = np.diag(r)
    logs = logs[order]
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (
            logs[None, :] - logs[:, None]
        )  # of column j against row i, at most a little above 0 where j comes after i
        within = np.isfinite(apart) & (place[:, None] <= place)
        w = np.where(within, r * np.exp2(np.minimum(apart, FARTHEST)), 0.0)
        w = np.where(lost[:, None], 0.0, w / np.where(lost, 1.0, np.abs(diagonal))[:, None])
        new = np.where(lost, -np.inf, logs + np.log2(np.abs(diagonal)))
    return q, new, w @ v[order]


def graded_singular_values(v: Array, logs: Array, tick: Tick = nothing) -> Array:
    """log₂ of the singular values of diag(2^logs) v for each of many, (many, n, n) and (many, n) -> (many, n), descending.

    One-sided Jacobi: rotate pairs of rows until all are orthogonal, n/2 disjoint pairs at a time.
    """
    v = np.where(np.isfinite(logs)[..., None], v, 0.0)
    logs = np.where(np.isfinite(logs), logs, -1e9)
    v, logs = ordered(v, logs)
    for _ in range(SWEEPS if v.shape[1] > 1 else 0):
        largest = max(rotate(v, logs, *pairs) for pairs in rounds(v.shape[1]))
        tick(0.75)
        if largest < SMALL:
            break
        v, logs = ordered(v, logs)
    with np.errstate(divide="ignore"):
        values = logs + 0.5 * np.log2(np.square(v).sum(-1))
    return np.sort(values, axis=-1)[:, ::-1]


def ordered(v: Array, logs: Array) -> tuple[Array, Array]:
    """Rows by length, longest first, and their lengths moved into the exponents."""
    lengths = np.sqrt(np.square(v).sum(-1))
    with np.errstate(divide="ignore"):
        exponents = np.where(lengths > 0, np.ceil(np.log2(lengths)), 0.0)
    v, logs = v * np.exp2(-exponents)[..., None], logs + exponents
    order = np.argsort(np.where(lengths > 0, -logs, np.inf), axis=-1, kind="stable")
    return np.take_along_axis(v, order[..., None], 1), np.take_along_axis(logs, order, 1)


def rounds(n: int) -> list[tuple[Array, Array]]:
    """All pairs i < j in rounds of disjoint pairs, as a tournament is arranged: n − 1 rounds for an even n, n for an odd."""
    circle, made = list(range(n + n % 2)), []
    for _ in range(len(circle) - 1):
        half = len(circle) // 2
        pairs = [sorted(pair) for pair in zip(circle[:half], reversed(circle[half:]), strict=True) if max(pair) < n]
        made.append((np.array([i for i, _ in pairs]), np.array([j for _, j in pairs])))
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return made


def rotate(v: Array, logs: Array, first: Array, second: Array) -> float:
    """Make the rows 2^p a = `first` and 2^q b = `second` of each pair orthogonal; the largest cosine there was.

    With s = 2^{q−p}, α = ‖a‖², β = ‖b‖², γ = a·b and ζ = (s²β − α)/(2sγ): t = sign ζ/(|ζ| + √(1 + ζ²)) is the tangent,
    a ← c (a − t s b), b ← c (b + t/s a). t/s is finite however small s is, and only t/s moves a row that lies far below.
    """
    a, b = v[:, first], v[:, second]
    s = np.exp2(np.clip(logs[:, second] - logs[:, first], -FARTHEST, FARTHEST))
    alpha, beta, gamma = (np.einsum("kpn,kpn->kp", x, y) for x, y in ((a, a), (b, b), (a, b)))
    scale = np.sqrt(alpha * beta)
    moving = np.abs(gamma) > SMALL * scale
    if not moving.any():
        return 0.0
    with np.errstate(all="ignore"):
        zeta = (s * s * beta - alpha) / (2 * s * gamma)
        t = np.where(zeta >= 0, 1.0, -1.0) / (np.abs(zeta) + np.hypot(1.0, zeta))
        c = 1 / np.hypot(1.0, t)
        t, c = np.where(moving, t, 0.0), np.where(moving, c, 1.0)
        v[:, first] = c[..., None] * (a - (t * s)[..., None] * b)
        v[:, second] = c[..., None] * (b + (t / s)[..., None] * a)
        return float((np.abs(gamma) / scale)[moving].max())
