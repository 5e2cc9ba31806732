"""The direct path through time, and only that one: the product of the gates that keep the old state."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.trace import Trace

OF_UNITS = ("low", "median", "high", "largest")


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ ∏ f_k over k = t+1 … T for every lag T − t (∏ z for the GRU), of the example that was asked for.

    With the gates held, ∂c_T/∂c_t = diag(∏ f) in the LSTM and ∂h_T/∂h_t = diag(∏ z) in the GRU: over units the median,
    the 10–90 % band and the largest, which is the norm of that diagonal matrix. The true ∂s_T/∂s_t has more paths,
    through the gates and the hidden state: see jacobian_norm. Logarithms are summed, so nothing underflows.
    Reads: gate.   Gives: (of_units, layer, lag), decades; lag 0 is 0. Nothing for a cell without such a gate.
    """
    name, data = trace.experiment.cell.keeping_gate, trace.data
    if "gate" not in data:
        values = np.empty((0, 0, 0))
    elif name is None:
        values = np.empty((0, data.sizes["layer"], data.sizes["time"] + 1))
    else:
        of_all = data["gate"].sel(gate_name=name).transpose("layer", "time", "unit", "example").values
        gate = of_all[..., int(data.attrs["example"])].astype(np.float64)
        with np.errstate(divide="ignore"):
            sums = np.cumsum(np.log10(gate)[:, ::-1], axis=1)
        paths = np.concatenate([np.zeros_like(sums[:, :1]), sums], axis=1)
        values = np.quantile(paths, [0.1, 0.5, 0.9, 1.0], axis=-1, method="nearest")  # order statistics: −∞ stays −∞
    return xr.DataArray(values, dims=("of_units", "layer", "lag"), coords={"of_units": list(OF_UNITS[: len(values)])})


gate_product = Diagnostic("gate_product", (), compute, ("gate",))
