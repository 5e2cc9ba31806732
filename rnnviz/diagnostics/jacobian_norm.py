"""How much of a change of the state survives a lag: the norm of the product of Jacobians."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine.jacobians import largest_singular_values
from rnnviz.trace import Trace


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ ‖∂s_T/∂s_t‖₂ for every lag T − t, of the whole state and one example.

    Reads: jacobian_product and its scale.   Gives: (lag,), decades; 0 means neither growth nor decay.
    A trace that diverged counts its lags from the last finite step.
    """
    if "jacobian_product" not in trace.data:
        return xr.DataArray(np.empty(0), dims="lag")
    largest = largest_singular_values(torch.from_numpy(np.array(trace.data.jacobian_product.values)), alike=True)
    return xr.DataArray(trace.data.jacobian_product_log10_scale.values + largest.log10().numpy(), dims="lag")


jacobian_norm = Diagnostic("jacobian_norm", (), compute, ("jacobian_product", "jacobian_product_log10_scale"))
