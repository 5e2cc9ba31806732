"""How long each unit keeps what it holds: the mean of the gate that multiplies its old state."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.trace import Trace

MEANS = ("mean", "mean_log")


def compute(trace: Trace) -> xr.DataArray:
    """Mean of f (of PyTorch's z in the GRU) and mean of ln f, over time and all examples.

    The direct path c_T ← c_t is ∏ f, so a unit halves what it holds in ln ½ / mean(ln f) steps; for a gate that is held
    still this is ln ½ / ln f.
    Reads: gate.   Gives: (mean, layer, unit), unit 1 and nepers per step; no units for a cell without such a gate.
    """
    name = trace.experiment.cell.keeping_gate
    if name is None or "gate" not in trace.data:
        values = np.empty((len(MEANS), trace.data.sizes.get("layer", 0), 0))
    else:
        gate = trace.data["gate"].sel(gate_name=name).transpose("layer", "unit", "time", "example").values
        gate = gate.astype(np.float64)
        with np.errstate(divide="ignore"):
            values = np.stack([gate.mean((-2, -1)), np.log(gate).mean((-2, -1))])
    return xr.DataArray(values, dims=("mean", "layer", "unit"), coords={"mean": list(MEANS)})


keeping_gate = Diagnostic("keeping_gate", (), compute, ("gate",))
