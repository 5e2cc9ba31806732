"""The best linear forecast from the last τ values: an autoregressive model, fitted by least squares."""

from __future__ import annotations

import numpy as np


def windows(series: np.ndarray, past: int) -> tuple[np.ndarray, np.ndarray]:
    """What a forecast sees, 1 and x_{t−1} … x_{t−τ}, (forecast, 1 + past); and x_t, (forecast,), for t = τ + 1 … T."""
    if past >= len(series):
        raise ValueError(f"past must be less than the {len(series)} values of the series; got {past}")
    seen = [series[past - k : len(series) - k] for k in range(1, past + 1)]
    answers = series[past:]
    return np.column_stack([np.ones(len(answers)), *seen]), answers


def fitted(series: np.ndarray, past: int) -> np.ndarray:
    """Intercept and a_1 … a_τ of  x_t = a_0 + Σ_k a_k x_{t−k} + ε_t  by least squares, (1 + past,)."""
    seen, answers = windows(series, past)
    return np.linalg.lstsq(seen, answers, rcond=None)[0]


def held_out_error(series: np.ndarray, past: int, split: int) -> float:
    """Mean squared error on the values from `split` on, of the forecast that was fitted on those before it.

    Every held-out value is forecast, whatever `past` is: its window may reach back over the split.
    """
    seen, answers = windows(series[split - past :], past)
    return float(np.mean((answers - seen @ fitted(series[:split], past)) ** 2))
