"""Eigenvalues and singular values of W_hh, gate by gate."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.step_spectrum import SPECTRUM, spectra
from rnnviz.trace import Trace

DIMS = ("spectrum", "weight_layer", "gate_name", "weight_unit")


def compute(trace: Trace) -> xr.DataArray:
    """Of every gate's block of W_hh: eigenvalues by size and singular values, descending.

    Reads: weight_hh.   Gives: (spectrum, weight_layer, gate_name, weight_unit), unit 1.
    """
    gates, data = trace.experiment.cell.gate_names, trace.data
    values = np.empty((len(SPECTRUM), 0, len(gates), 0))
    if "weight_hh" in data:
        layers, size = data.sizes["layer"], data.sizes["unit"]
        blocks = np.asarray(data.weight_hh.values, float).reshape(layers * len(gates), size, size)
        values = spectra(blocks).reshape(len(SPECTRUM), layers, len(gates), size)
    return xr.DataArray(values, {"spectrum": list(SPECTRUM), "gate_name": list(gates)}, DIMS)


weight_spectrum = Diagnostic("weight_spectrum", (), compute, ("weight_hh",))
