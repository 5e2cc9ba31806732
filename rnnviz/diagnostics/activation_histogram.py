"""Where on the curve of φ a network works: how often each pre-activation occurs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.activation_totals import reach_of
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.squashing import READS, squashings
from rnnviz.trace import Trace

BINS = 120  # an even number: ReLU's corner at 0 lies between two of them
CENTRES = (np.arange(BINS) + 0.5) * 2 / BINS - 1  # as a fraction of the reach


def compute(trace: Trace) -> xr.DataArray:
    """The fraction of all values (units × time × examples) of a layer in each of 120 bins from −reach to reach.

    What lies outside belongs to no bin; activation_totals has the reach and both remainders.
    Reads: pre_activation, activation_slope, cell_state.   Gives: (place, layer, bin), unit 1; `bin` is the centre of
    the bin as a fraction of the reach.
    """
    found = squashings(trace)
    counted = [[histogram(layer) for layer in one.received] for one in found.values()]
    values = np.array(counted).reshape(len(found), trace.data.sizes.get("layer", 0), BINS)
    return xr.DataArray(values, {"place": list(found), "bin": CENTRES}, ("place", "layer", "bin"))


def histogram(received: np.ndarray) -> np.ndarray:
    reach = reach_of(received)
    counts, _ = np.histogram(received, BINS, (-reach, reach))
    return counts / received.size


activation_histogram = Diagnostic("activation_histogram", (), compute, READS)
