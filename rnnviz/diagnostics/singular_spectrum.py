"""Every singular value of the product of Jacobians: in how many directions the past is still heard."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, evenly
from rnnviz.engine.budget import looks
from rnnviz.engine.graded import product_singular_values
from rnnviz.trace import Trace


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ σ_i(∂s_T/∂s_t), descending, for evenly chosen lags, of the whole state of one example.

    The first is the norm, the first minus the last is log₁₀ of the condition number. Small ones are as true as large
    ones: the product is carried as U diag(d) V (engine.graded), in float64 along the computed states. −∞ is a direction
    that is lost altogether, as behind the mask of a ReLU.
    Reads: jacobian.   Gives: (kept_lag, singular), decades; kept_lag counts T − t and has both ends.
    """
    if "jacobian" not in trace.data:
        return xr.DataArray(np.empty((0, 0)), {"kept_lag": np.empty(0, int)}, ("kept_lag", "singular"))
    jacobians = np.asarray(trace.data.jacobian.values, float)
    lags = evenly(len(jacobians) + 1, looks(jacobians.shape[1]))
    return xr.DataArray(product_singular_values(jacobians, lags), {"kept_lag": lags}, ("kept_lag", "singular"))


singular_spectrum = Diagnostic("singular_spectrum", (), compute, ("jacobian",))
