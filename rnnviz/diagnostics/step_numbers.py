"""Every number that one time step of a unit puts into its equations, for all time steps at once."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.cells import GRU
from rnnviz.cells.cell import Cell
from rnnviz.diagnostics.diagnostic import Diagnostic, evenly
from rnnviz.trace import Trace

MOST_NUMBERS = (
    2_000_000  # 8 MB in float32: the default page sends 0.2 MB, a state of 512 units over 400 steps is thinned
)
STATES = ("hidden_state", "cell_state", "activation_slope", "hidden_state_grad", "cell_state_grad")
READS = ("gate", "weight_hh", "input_sum", *STATES)


def compute(trace: Trace) -> xr.DataArray:
    """What the equations of a unit are filled with, of the example that was asked for:

    input.<gate>   (W_ih x_t)_j, the row of that gate for unit j;
    hidden.<gate>  (W_hh h_{t−1})_j with h_0 = 0, and (W_hn (r ∘ h_{t−1}))_j in a GRU that resets before the product;
    <gate>, hidden_state, cell_state, activation_slope, hidden_state_grad, cell_state_grad   as they were recorded.
    The sums are those of the run's parameters, inputs and states, made in float64 and kept in the run's dtype. All time
    steps, so that a page moves between them without asking again; evenly chosen units where it were too many numbers.
    Gives: (entry, layer, written_unit, written_time), unit 1. A gradient that does not exist is NaN.
    """
    data, cell = trace.data, trace.experiment.cell
    if "hidden_state" not in data:  # it overflowed at its first step
        return xr.DataArray(np.empty((0, 0, 0, 0)), dims=("entry", "layer", "written_unit", "written_time"))
    entries, layers, steps = entries_of(cell), data.sizes["layer"], data.sizes["time"]
    units = kept_units(trace)
    values = np.full((len(entries), layers, len(units), steps), np.nan, trace.experiment.dtype)
    for place, entry in enumerate(entries):
        array = entry_of(trace, entry, units)
        if array is not None:
            values[place] = array
    coords = {"entry": list(entries), "written_unit": units + 1, "written_time": data.time.values}
    return xr.DataArray(values, coords, ("entry", "layer", "written_unit", "written_time"))


def entries_of(cell: Cell) -> tuple[str, ...]:
    sums = tuple(f"{source}.{gate}" for gate in cell.gate_names for source in ("input", "hidden"))
    states = tuple(name for name in STATES if cell.has_cell_state or not name.startswith("cell_state"))
    return (*sums, *cell.gate_names, *states)


def kept_units(trace: Trace) -> np.ndarray:
    """Indices of the units that are kept."""
    cell, data = trace.experiment.cell, trace.data
    per_unit = len(entries_of(cell)) * data.sizes["layer"] * data.sizes["time"]
    return evenly(cell.hidden_size, max(1, MOST_NUMBERS // per_unit))


def entry_of(trace: Trace, entry: str, units: np.ndarray) -> np.ndarray | None:
    """(layer, unit, time) of one entry; None where the trace has no such thing."""
    data, cell, example = trace.data, trace.experiment.cell, int(trace.data.attrs["example"])
    source, _, gate = entry.partition(".")
    if gate:
        rows = cell.gate_names.index(gate) * cell.hidden_size + units
        if source == "input":
            return data["input_sum"].values[..., rows].swapaxes(1, 2)
        weight = data["weight_hh"].values[:, rows].astype(np.float64)
        return weight @ read_by(trace, gate, example).swapaxes(1, 2)
    array = data["gate"].sel(gate_name=entry) if entry in cell.gate_names else data.get(entry)
    if array is None:
        return None
    return array.isel(example=example, unit=units).transpose("layer", "unit", "time").values


def read_by(trace: Trace, gate: str, example: int) -> np.ndarray:
    """What W_hh multiplies at each step for this gate, (layer, time, unit): h_{t−1}, or r ∘ h_{t−1}."""
    data, cell = trace.data, trace.experiment.cell
    hidden = data["hidden_state"].values[:, :, example].astype(np.float64)
    before = np.concatenate([np.zeros_like(hidden[:, :1]), hidden[:, :-1]], axis=1)
    if isinstance(cell, GRU) and cell.reset == "before" and gate == "candidate":
        reset = data["gate"].sel(gate_name="reset_gate").transpose("layer", "time", "example", "unit")
        return before * reset.values[:, :, example]
    return before


step_numbers = Diagnostic("step_numbers", (), compute, READS)
