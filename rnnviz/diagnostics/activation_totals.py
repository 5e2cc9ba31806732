"""How much of a layer lies where φ passes nothing or hardly anything, over all units, time steps and examples."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.squashing import READS, SATURATED, squashings
from rnnviz.trace import Trace

TOTALS = ("dead", "saturated", "mean_slope", "dead_units", "reach", "below", "above")
NARROWEST = 5.0  # tanh and sigmoid are seen whole


def compute(trace: Trace) -> xr.DataArray:
    """Over all values of a layer:

    dead        fraction with φ' exactly 0: nothing passes;
    saturated   fraction with φ' < 0.05 γ, the dead among them;
    mean_slope  mean of φ' / γ;
    dead_units  fraction of units whose φ' is 0 at every step of every example: they cannot learn from this batch;
    reach       half the width of the histogram; below and above are the fractions of a that lie outside it.
    Reads: pre_activation, activation_slope, cell_state.   Gives: (total, place, layer), float64, unit 1.
    """
    found = squashings(trace)
    gamma = trace.experiment.cell.phi.largest_slope
    values = [[totals(*of_layer, gamma) for of_layer in zip(*one, strict=True)] for one in found.values()]
    array = np.array(values).reshape(len(found), trace.data.sizes.get("layer", 0), len(TOTALS))
    coords = {"total": list(TOTALS), "place": list(found)}
    return xr.DataArray(np.moveaxis(array, -1, 0), coords, ("total", "place", "layer"))


def totals(received: np.ndarray, slope: np.ndarray, gamma: float) -> tuple[float, ...]:
    """Of one layer, (time, example, unit) each."""
    reach = reach_of(received)
    return (
        (slope == 0).mean(),
        (slope < SATURATED * gamma).mean(),
        slope.mean(dtype=float) / gamma,
        (slope == 0).all((0, 1)).mean(),
        reach,
        (received < -reach).mean(),
        (received > reach).mean(),
    )


def reach_of(received: np.ndarray) -> float:
    """5, 10, 20, 50, …: the first that holds 99 % of what is finite."""
    size = np.abs(received[np.isfinite(received)], dtype=float)
    needed = float(np.quantile(size, 0.99)) if size.size else 0.0
    if needed <= NARROWEST:
        return NARROWEST
    decade = 10.0 ** math.floor(math.log10(needed))
    return next(decade * factor for factor in (1, 2, 5, 10, 20) if decade * factor >= needed)


activation_totals = Diagnostic("activation_totals", (), compute, READS)
