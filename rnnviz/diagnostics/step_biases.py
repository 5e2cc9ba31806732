"""The biases of every unit, which its equations add at every time step."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.step_numbers import READS, kept_units
from rnnviz.trace import Trace

BIASES = ("bias_ih", "bias_hh")


def compute(trace: Trace) -> xr.DataArray:
    """b_ih and b_hh of each gate, for the units of step_numbers.

    Gives: (bias, gate_name, layer, written_unit), unit 1.
    """
    cell, data = trace.experiment.cell, trace.data
    if "bias_ih" not in data:
        values = np.empty((len(BIASES), len(cell.gate_names), 0, 0))
    else:
        shape = (len(BIASES), data.sizes["layer"], len(cell.gate_names), cell.hidden_size)
        rows = np.stack([data[name].values for name in BIASES]).reshape(shape)
        values = rows[..., kept_units(trace)].swapaxes(1, 2)
    coords = {"bias": list(BIASES), "gate_name": list(cell.gate_names)}
    return xr.DataArray(values, coords, ("bias", "gate_name", "layer", "written_unit"))


step_biases = Diagnostic("step_biases", (), compute, (*BIASES, *READS))
