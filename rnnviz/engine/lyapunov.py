"""Lyapunov exponents: how fast small changes of the state grow or shrink along a trajectory, direction by direction.

λ_i = lim 1/t ln R_ii(1) ⋯ R_ii(t), where J_t Q_{t−1} = Q_t R_t carries an orthonormal frame along.
Source: Benettin, Galgani, Giorgilli & Strelcyn (1980); for recurrent networks Engelken, Wolf & Abbott (2023).
"""

from __future__ import annotations

import numpy as np

from rnnviz.cells.kernel import Array
from rnnviz.cells.tangent import Push
from rnnviz.engine.passes import Tick, nothing

EVERY = 5  # steps between two orthogonalisations
APART = 14.0  # nepers that the frame's directions may part in between: then R_ii keeps ten digits
WINDOWS = 200  # at most; a curve of the convergence needs no more points


def frame_growth(
    push: Push, time: int, size: int, count: int | None = None, tick: Tick = nothing
) -> tuple[Array, Array]:
    """ln R_ii summed over each of at most WINDOWS stretches of the trajectory, and the step after which each one ends.

    (window, exponent) float64 in nepers, (window,) int. `push(t, Q, out)` puts J_t Q into `out`; `count` directions are
    followed, all if None. Exponents come in descending order once the frame has turned into place, which is why the
    first windows belong to the warm-up. −∞: a direction that a single step has lost (below rounding).
    """
    count = size if count is None else min(count, size)
    start = np.random.default_rng(0).standard_normal((size, count))  # one that no coordinate is special to
    frame, moved = np.linalg.qr(start)[0].copy(), np.empty((size, count))
    ends = np.unique(np.linspace(0, time, min(time, WINDOWS) + 1).round().astype(int))[1:]
    growth, window = np.zeros((len(ends), count)), 0
    last, due = 0, 1
    with np.errstate(all="ignore"):
        for t in range(1, time + 1):
            push(t, frame, moved)
            frame, moved = moved, frame
            if t == due or t == ends[window]:
                logs = orthogonalise(frame)
                growth[window] += logs
                due, last = t + interval(logs, t - last), t
                window += t == ends[window]
                tick(t / time)
    return growth, ends


def orthogonalise(frame: Array) -> Array:
    """Replace the columns by an orthonormal frame of what they span; ln R_ii (count,).

    An entry of R that is only the rounding of its column is zero: W behind the mask of a ReLU has no full rank.
    """
    q, r = np.linalg.qr(frame)
    diagonal, lengths = np.abs(np.diag(r)), np.sqrt(np.square(r).sum(0))
    frame[:] = q
    logs: Array = np.log(np.where(diagonal > 4 * len(q) ** 0.5 * np.finfo(float).eps * lengths, diagonal, 0.0))
    return logs


def interval(logs: Array, steps: int) -> int:
    """Steps until the next one, so that the directions, parting as they did, part by less than APART; at most EVERY."""
    finite = logs[np.isfinite(logs)]
    apart = float(finite.max(initial=-np.inf) - finite.min(initial=np.inf)) / steps
    if len(finite) < len(logs):
        return 1
    return EVERY if apart <= APART / EVERY else max(1, int(APART / apart))
