"""Which way a change of the state takes through time: the product of Jacobians split into paths."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, evenly
from rnnviz.engine.paths import path_norms
from rnnviz.trace import Trace

MOST_LAGS = 200


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ ‖·‖₂ over the lag T − t of one example, all layers: every path, the direct one, and the detours.

    LSTM: all; direct c→c, diag(∏ f); detour c→h→c, from c to c through h at least once; hidden h→h, handed on through h
    at every step. GRU: all; direct diag(∏ z); detour, the rest. Vanilla RNN: all and hidden, which are the same.
    The paths are matrices that add up to ∂s_T/∂s_t, so their norms do not add up: the largest decides.
    Reads: jacobian, gate.   Gives: (path, path_lag), decades; evenly chosen lags, both ends among them.
    """
    data, cell = trace.data, trace.experiment.cell
    if "jacobian" not in data or "gate" not in data:
        return xr.DataArray(np.empty((0, 0)), {"path": [], "path_lag": np.empty(0, int)}, ("path", "path_lag"))
    jacobians = np.asarray(data.jacobian.values, float)
    lags = evenly(len(jacobians) + 1, MOST_LAGS)
    hidden = np.ones((cell.layers, cell.state_size // cell.hidden_size, cell.hidden_size), bool)
    keeping = np.zeros((len(jacobians), *hidden.shape))
    if cell.keeping_gate:
        gate = data["gate"].sel(gate_name=cell.keeping_gate).transpose("time", "layer", "unit", "example")
        hidden[:, -1] = False  # c is the last part of (h, c); a GRU keeps h itself
        keeping[:, :, -1] = gate.values[..., int(data.attrs["example"])]
    norms = path_norms(jacobians, keeping.reshape(len(jacobians), -1), hidden.ravel(), lags)
    coords = {"path": list(norms), "path_lag": lags}
    return xr.DataArray(np.stack(list(norms.values())), coords, ("path", "path_lag"))


jacobian_paths = Diagnostic("jacobian_paths", (), compute, ("jacobian", "gate"))
