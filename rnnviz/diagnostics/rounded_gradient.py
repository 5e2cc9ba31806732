"""What becomes of the gradient when the backward pass is really run in float16, bfloat16, float32 or float64."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, came_to_pass
from rnnviz.engine.norms import BAND, band
from rnnviz.precision import PRECISIONS
from rnnviz.trace import Trace

OF_ROUNDED = (*BAND, "largest")
READS = ("rounded_grad_log10_norm", "rounded_grad_log10_largest")


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ ‖∂ℓ/∂s_t‖ as each format has it: median over examples with the 10–90 % band; and the median of log₁₀ of the
    largest entry, which says when no entry is a normal number any more.

    Every product of the backward pass is rounded to the format and nothing is rescaled: engine.rounded says what is
    rounded where. gradient_flow is the same without the rounding.
    Reads: rounded_grad_log10_norm, rounded_grad_log10_largest.   Gives: (precision, of_rounded, time), decades; −∞ is
    exactly zero, +∞ an overflow. A trace without gradient gives no time steps.
    """
    coords = {"precision": list(PRECISIONS), "of_rounded": list(OF_ROUNDED)}
    if not came_to_pass(trace, READS[0]):
        return xr.DataArray(np.empty((len(PRECISIONS), len(OF_ROUNDED), 0)), coords, (*coords, "time"))
    norm, largest = (band(trace.data[name].values) for name in READS)  # (band, precision, time)
    values = np.stack([*norm, largest[list(BAND).index("median")]], axis=1)
    return xr.DataArray(values, {**coords, "time": trace.data["time"].values}, (*coords, "time"))


rounded_gradient = Diagnostic("rounded_gradient", (), compute, READS)
