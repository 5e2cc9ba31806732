"""How an orthonormal frame of small changes stretches along the trajectory: what Lyapunov exponents are read from."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.trace import Trace


def compute(trace: Trace) -> xr.DataArray:
    """ln R_ii of J_t Q_{t−1} = Q_t R_t, summed over each window of the trajectory, for every direction of the whole state.

    `window` is the step after which a window ends. Exponents are λ_i = Σ growth / Σ steps over the windows after a
    warm-up that the reader chooses (`exponents`), so that choosing another one computes nothing again.
    Reads: tangent_growth.   Gives: (window, exponent), nepers; −∞ for a direction that a step has lost altogether.
    Source: Benettin et al. (1980); Engelken, Wolf & Abbott (2023).
    """
    if "tangent_growth" not in trace.data:
        return xr.DataArray(np.empty((0, 0)), {"window": np.empty(0, int)}, ("window", "exponent"))
    growth = trace.data["tangent_growth"]
    return xr.DataArray(growth.values, {"window": growth["window"].values}, ("window", "exponent"))


def exponents(growth: np.ndarray, ends: np.ndarray, warm_up: int) -> np.ndarray:
    """λ_i(t) in nepers per step, (window, exponent), from growth (window, exponent) and the ends of the windows.

    The mean from the first window that begins after the warm-up to the end of each; no rows if there is none.
    """
    starts = np.concatenate([[0], ends[:-1]])
    used = starts >= warm_up
    if not used.any() or not growth.size:
        return np.empty((0, growth.shape[1]))
    means: np.ndarray = np.cumsum(growth[used], axis=0) / (ends[used] - starts[used][0])[:, None]
    return means


lyapunov_growth = Diagnostic("lyapunov_growth", (), compute, ("tangent_growth",))
