"""How the gradient of the state shrinks or grows on its way back through time."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine.norms import BAND, band
from rnnviz.trace import Trace


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ ‖∂ℓ/∂s_t‖, ‖∂ℓ/∂h_t‖ and ‖∂ℓ/∂c_t‖: median over examples with the 10–90 % band.

    s_t is the whole state, (h, c) of all layers; h and c apart are those of the top layer.
    Reads: the three log norms.   Gives: (part, band, time), decades; −∞ is an exact zero.
    A trace that diverged before its loss has no gradient and gives no time steps.
    """
    data = trace.data
    parts = {
        "state": data.get("state_grad_log10_norm"),
        "hidden_state": top(data.get("hidden_state_grad_log10_norm")),
        "cell_state": top(data.get("cell_state_grad_log10_norm")),
    }
    found = {name: band(part.values) for name, part in parts.items() if part is not None}
    if not found:
        return xr.DataArray([[[]]], dims=("part", "band", "time"))[:0, :0]
    coords = {"part": list(found), "band": list(BAND), "time": data.time.values}
    return xr.DataArray(np.stack(list(found.values())), coords, ("part", "band", "time"))


def top(log_norms: xr.DataArray | None) -> xr.DataArray | None:
    return None if log_norms is None else log_norms[-1]


gradient_flow = Diagnostic(
    "gradient_flow",
    (),
    compute,
    ("state_grad_log10_norm", "hidden_state_grad_log10_norm", "cell_state_grad_log10_norm"),
)
