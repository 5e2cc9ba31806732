"""Forecasts several steps ahead: an autoregression fed with its own forecasts in place of values not yet seen."""

from __future__ import annotations

import numpy as np

from rnnviz.baselines.linear import windows


def paths(weights: np.ndarray, seen: np.ndarray, ahead: int) -> np.ndarray:
    """x̂_{t+1} … x̂_{t+k} from the last τ values, newest first (forecast, past) -> (forecast, ahead).

    x̂_{t+k} = a_0 + Σ_j a_j x̂_{t+k−j}, where x̂ is x itself up to t.
    """
    known, found = seen, np.empty((len(seen), ahead))
    for k in range(ahead):
        found[:, k] = weights[0] + known @ weights[1:]
        known = np.column_stack([found[:, k], known])[:, : seen.shape[1]]
    return found


def held_out_paths(series: np.ndarray, weights: np.ndarray, split: int, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts from every value before the end, the first made just before `split`, (forecast, ahead).

    And the values that came, (forecast, ahead), NaN beyond the end of the series.
    """
    past = len(weights) - 1
    seen, _ = windows(np.append(series[split - past :], 0.0), past)
    found = paths(weights, seen[: len(series) - split, 1:], ahead)
    longer = np.append(series[split:], np.full(ahead, np.nan))
    return found, np.lib.stride_tricks.sliding_window_view(longer, ahead)[: len(found)]


def responses(weights: np.ndarray, ahead: int) -> np.ndarray:
    """ψ_0 … ψ_{k−1}: what an innovation of size 1 still does after so many steps, ψ_0 = 1, ψ_k = Σ_j a_j ψ_{k−j}."""
    psi = [1.0]
    for k in range(1, ahead):
        psi.append(sum(a * psi[k - j] for j, a in enumerate(weights[1:], 1) if j <= k))
    return np.array(psi)


def foreseen(weights: np.ndarray, variance: float, ahead: int) -> np.ndarray:
    """The error that the model itself expects at 1 … k steps: σ² Σ_{i<k} ψ_i².  Source: Box & Jenkins (1970), ch. 5."""
    return variance * np.cumsum(responses(weights, ahead) ** 2)


def largest_root(weights: np.ndarray) -> float:
    """The spectral radius of the companion matrix: below 1, forecasts settle; above, they run away."""
    past = len(weights) - 1
    companion = np.eye(past, k=-1)
    companion[0] = weights[1:]
    return float(np.abs(np.linalg.eigvals(companion)).max())
