"""Which layer loses what: the gradient of each layer's state on its way back through time."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine.norms import BAND, band
from rnnviz.trace import Trace

PARTS = {
    "state": "layer_state_grad_log10_norm",
    "hidden_state": "hidden_state_grad_log10_norm",
    "cell_state": "cell_state_grad_log10_norm",
}


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ of the norm of each layer's gradient: median over examples with the 10–90 % band.

    hidden_state, cell_state   ‖∂ℓ/∂h_t⁽ˡ⁾‖ and ‖∂ℓ/∂c_t⁽ˡ⁾‖ over every path, as autograd gives them: also through the
                               layers above within the same step.
    state                      the part of layer l in ‖∂ℓ/∂s_t‖: h and c of all layers are coordinates of one state, so
                               the squares of the layers add up. At the loss itself a lower layer has none of it: all
                               that its h_t does is already in the layer above.
    Reads: the three log norms.   Gives: (part, band, layer, time), decades; −∞ is an exact zero.
    A trace that diverged before its loss has no gradient and gives no time steps.
    """
    data = trace.data
    found = {part: band(data[name].values) for part, name in PARTS.items() if name in data}
    dims = ("part", "band", "layer", "time")
    if not found:
        return xr.DataArray(np.empty((0, 0, data.sizes.get("layer", 0), 0)), dims=dims)
    coords = {"part": list(found), "band": list(BAND), "time": data.time.values}
    return xr.DataArray(np.stack(list(found.values())), coords, dims)


layer_gradient = Diagnostic("layer_gradient", (), compute, tuple(PARTS.values()))
