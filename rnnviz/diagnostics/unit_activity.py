"""What every unit does at every time step: gates, candidate, cell state and hidden state of one example."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.cells.cell import Cell
from rnnviz.diagnostics.diagnostic import Diagnostic, evenly
from rnnviz.trace import Trace

MOST_UNITS, MOST_STEPS = 128, 1_000  # a screen shows no more; each array stays at half a megabyte a layer
READS = ("gate", "cell_state", "hidden_state")
LARGEST = float(np.finfo(np.float32).max)


def compute(trace: Trace) -> xr.DataArray:
    """The values themselves, of the example that was asked for; evenly chosen units and steps where there are too many.

    Reads: gate, cell_state, hidden_state.   Gives: (variable, layer, kept_unit, kept_time) float32, unit 1; both
    coordinates count from 1. A trace that diverged gives what came before; at its first step, nothing.
    """
    values = variables(trace)
    units, steps = evenly(values.sizes["unit"], MOST_UNITS), evenly(values.sizes["time"], MOST_STEPS)
    chosen = values.values[:, :, steps][..., units].swapaxes(2, 3)
    coords = {"variable": values["variable"].values, "kept_unit": units + 1, "kept_time": steps + 1}
    return xr.DataArray(in_float32(chosen), dims=("variable", "layer", "kept_unit", "kept_time"), coords=coords)


def variables_of(cell: Cell) -> tuple[str, ...]:
    """What a unit of this cell computes at each step; the state comes last.

    A cell whose only "gate" is its candidate (the vanilla RNN) has the hidden state alone: the two are the same there.
    """
    gates = cell.gate_names if len(cell.gate_names) > 1 else ()
    return (*gates, *(("cell_state",) if cell.has_cell_state else ()), "hidden_state")


def variables(trace: Trace) -> xr.DataArray:
    """All `variables_of` the cell for the recorded example, (variable, layer, time, unit)."""
    data, example = trace.data, int(trace.data.attrs["example"])
    found: dict[str, np.ndarray] = {}
    for name in variables_of(trace.experiment.cell) if "hidden_state" in data else ():
        array = data[name] if name in data else data["gate"].sel(gate_name=name)
        found[name] = array.transpose("layer", "time", "unit", "example").values[..., example]
    values = np.stack(list(found.values())) if found else np.empty((0, 0, 0, 0), np.float32)
    return xr.DataArray(values, dims=("variable", "layer", "time", "unit"), coords={"variable": list(found)})


def in_float32(values: np.ndarray) -> np.ndarray:
    """A float64 run may hold states that float32 cannot; they become its largest number, not infinity."""
    return np.clip(values, -LARGEST, LARGEST).astype(np.float32)


unit_activity = Diagnostic("unit_activity", (), compute, READS)
