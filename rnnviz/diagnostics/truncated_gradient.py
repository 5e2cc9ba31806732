"""What truncated backpropagation makes of the gradient of the recurrent weights."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, came_to_pass
from rnnviz.engine.itemised import MEASURES
from rnnviz.trace import Trace


def compute(trace: Trace) -> xr.DataArray:
    """Bias ‖g_τ − g‖ / ‖g‖ and cosine of g_τ to g, for every truncation length τ = 1 … T.

    g = ∂ℓ/∂W_hh of all layers, of one example and the loss that the experiment judges. g_τ follows the loss of step t
    back through the steps t … t−τ+1 and stops there: k1 = 1, k2 = τ in the words of Williams & Peng (1990).
    Reads: truncated_gradient.   Gives: (measure, truncation), unit 1; NaN where g = 0.
    Raises: MissingQuantity, unless the run overflowed.
    """
    if not came_to_pass(trace, "truncated_gradient"):
        coords = {"measure": list(MEASURES), "truncation": np.empty(0, int)}
        return xr.DataArray(np.empty((len(MEASURES), 0)), coords, ("measure", "truncation"))
    values = trace.data.truncated_gradient.values
    coords = {"measure": list(MEASURES), "truncation": np.arange(1, values.shape[1] + 1)}
    return xr.DataArray(values, coords, ("measure", "truncation"))


truncated_gradient = Diagnostic("truncated_gradient", (), compute, ("truncated_gradient",))
