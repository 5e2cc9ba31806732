"""Forecasts of short sequences, each from all that came before it: a model per length, and models that share weights."""

from __future__ import annotations

import numpy as np


def fitted_by_length(train: np.ndarray) -> list[np.ndarray]:
    """A linear forecast of x_t from 1, x_1 … x_{t−1} for every t, by least squares, (t,) each: nothing is shared.

    train (example, time). Where there are fewer examples than weights the shortest of all exact solutions is taken.
    """
    return [np.linalg.lstsq(before(train, t), train[:, t], rcond=None)[0] for t in range(train.shape[1])]


def errors_by_length(models: list[np.ndarray], test: np.ndarray) -> np.ndarray:
    """Mean squared error of each on sequences that it was not fitted to, (time,)."""
    return np.array([np.mean((test[:, t] - before(test, t) @ model) ** 2) for t, model in enumerate(models)])


def before(sequences: np.ndarray, t: int, most: int | None = None) -> np.ndarray:
    """1 and the values before step t (from 0), newest first, at most so many of them, (example, 1 + values)."""
    values = sequences[:, max(0, t - most) if most is not None else 0 : t][:, ::-1]
    return np.column_stack([np.ones(len(sequences)), values])


def errors_with_past(train: np.ndarray, test: np.ndarray, past: int) -> np.ndarray:
    """The same of AR(τ), which shares its weights between all steps, (time,).

    Step t sees min(τ, t − 1) values; there is one fit for each such number, on every step that has as many before it.
    """
    weights = [shared(train, seen) for seen in range(min(past, train.shape[1] - 1) + 1)]
    models = [weights[min(past, t)] for t in range(train.shape[1])]
    forecasts = [before(test, t, past) @ model for t, model in enumerate(models)]
    return np.array([np.mean((test[:, t] - forecast) ** 2) for t, forecast in enumerate(forecasts)])


def shared(train: np.ndarray, seen: int) -> np.ndarray:
    """One fit for all steps that have so many values before them, (1 + seen,)."""
    steps = range(seen, train.shape[1])
    rows = np.concatenate([before(train, step, seen) for step in steps])
    return np.linalg.lstsq(rows, np.concatenate([train[:, step] for step in steps]), rcond=None)[0]


def expected_error(best: np.ndarray, examples: int) -> np.ndarray:
    """What a model per length costs in the mean over all training sets of Gaussian sequences, (time,).

    E = σ_t² (1 + 1/n) (n − 2) / (n − d − 2) with d = t − 1 values seen, infinite from n = d + 2 on, where no mean exists.
    Source: Stein (1960); from E[(XᵀX)⁻¹] of a Wishart matrix.
    """
    seen, n = np.arange(len(best)), examples
    room = np.maximum(n - seen - 2, 0)
    with np.errstate(divide="ignore"):
        return np.where(seen == 0, best * (1 + 1 / n), best * (1 + 1 / n) * (n - 2) / room)
