"""How the units of a layer differ at each time step, and how many of them are saturated."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, evenly
from rnnviz.diagnostics.unit_activity import MOST_STEPS, READS, in_float32, variables
from rnnviz.trace import Trace

SPREAD = ("low", "mean", "high", "saturated")
CLOSED, OPEN = 0.1, 0.9  # a gate below the one or above the other hardly moves any more: σ' = s(1 − s) < 0.09
LARGE_STATE = 0.9  # tanh' = 1 − h² < 0.19


def compute(trace: Trace) -> xr.DataArray:
    """Mean and 10–90 % band over units, and the saturated fraction: gate < 0.1 or > 0.9; |candidate or state| > 0.9.

    Of the example that was asked for. The cell state has no bound: there the fraction counts what tanh would saturate.
    Reads: gate, cell_state, hidden_state.   Gives: (variable, spread, layer, kept_time) float32, unit 1.
    """
    values = variables(trace)
    steps = evenly(values.sizes["time"], MOST_STEPS)
    chosen = values.values[:, :, steps].astype(np.float64)
    if not chosen.size:
        spread = np.empty((0, len(SPREAD), 0, 0))
    else:
        low, high = np.quantile(chosen, [0.1, 0.9], axis=-1)
        gates = np.array([str(name).endswith("_gate") for name in values["variable"].values])[:, None, None, None]
        saturated = np.where(gates, (chosen < CLOSED) | (chosen > OPEN), np.abs(chosen) > LARGE_STATE)
        spread = np.stack([low, chosen.mean(-1), high, saturated.mean(-1)], axis=1)
    coords = {"variable": values["variable"].values, "spread": list(SPREAD), "kept_time": steps + 1}
    return xr.DataArray(in_float32(spread), dims=("variable", "spread", "layer", "kept_time"), coords=coords)


unit_spread = Diagnostic("unit_spread", (), compute, READS)
