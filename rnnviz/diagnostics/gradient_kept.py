"""How much of the gradient is left at the first time step: one number for a whole run."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine.norms import BAND, band
from rnnviz.trace import Trace

MEDIAN = list(BAND).index("median")


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ ‖∂ℓ/∂s_1‖ − log₁₀ ‖∂ℓ/∂s_t‖, with t the last time step that the gradient reaches: medians over examples.

    Reads: state_grad_log10_norm.   Gives: (), decades; 0 is kept whole, −∞ an exact zero, NaN a trace that diverged
    before its loss.
    """
    if "state_grad_log10_norm" not in trace.data:
        return xr.DataArray(np.nan)
    return xr.DataArray(kept(trace.data["state_grad_log10_norm"].values))


def kept(norms: np.ndarray) -> float:
    """Of log₁₀ norms (time, example)."""
    curve = band(norms)[MEDIAN]
    reached = curve[np.isfinite(curve)]
    return float(curve[0] - reached[-1]) if len(reached) else np.nan


gradient_kept = Diagnostic("gradient_kept", (), compute, ("state_grad_log10_norm",))
