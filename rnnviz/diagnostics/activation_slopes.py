"""How much of a layer is dead or saturated at each time step."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, evenly
from rnnviz.diagnostics.squashing import READS, SATURATED, squashings
from rnnviz.diagnostics.unit_activity import MOST_STEPS
from rnnviz.trace import Trace

OF_SLOPE = ("dead", "saturated", "mean_slope")


def compute(trace: Trace) -> xr.DataArray:
    """Over the units and examples of a layer: the fraction with φ' = 0, with φ' < 0.05 γ, and the mean of φ' / γ.

    At most 1 000 time steps, evenly chosen.
    Reads: pre_activation, activation_slope, cell_state.   Gives: (of_slope, place, layer, kept_time) float64, unit 1.
    """
    found, gamma = squashings(trace), trace.experiment.cell.phi.largest_slope
    steps = evenly(trace.data.sizes.get("time", 0) if found else 0, MOST_STEPS)
    kept = [one.slope[:, steps] for one in found.values()]
    values = [
        [over(slope == 0) for slope in kept],
        [over(slope < SATURATED * gamma) for slope in kept],
        [over(slope) / gamma for slope in kept],
    ]
    shape = (len(OF_SLOPE), len(found), trace.data.sizes.get("layer", 0), len(steps))
    coords = {"of_slope": list(OF_SLOPE), "place": list(found), "kept_time": steps + 1}
    return xr.DataArray(np.array(values).reshape(shape), coords, ("of_slope", "place", "layer", "kept_time"))


def over(values: np.ndarray) -> np.ndarray:
    """The mean over examples and units, (layer, time)."""
    return values.mean((-2, -1), dtype=float)


activation_slopes = Diagnostic("activation_slopes", (), compute, READS)
