"""Where on the curve of φ a network works: how often each pre-activation occurs, beside φ and φ' there."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from rnnviz.activations import Activation
from rnnviz.diagnostics.activation_totals import reach_of
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.squashing import READS, squashings
from rnnviz.trace import Trace

BINS = 120  # an even number: ReLU's corner at 0 lies between two of them
CENTRES = (np.arange(BINS) + 0.5) * 2 / BINS - 1  # as a fraction of the reach
OF_BIN = ("fraction", "function", "slope")


def compute(trace: Trace) -> xr.DataArray:
    """In each of 120 bins from −reach to reach: the fraction of all values (units × time × examples) of the layer that
    lie in it, and φ(a) and φ'(a) in its middle.

    What lies outside belongs to no bin; activation_totals has the reach and both remainders.
    Reads: pre_activation, activation_slope, cell_state.   Gives: (of_bin, place, layer, bin), float64, unit 1; `bin` is
    the middle of the bin as a fraction of the reach.
    """
    found, phi = squashings(trace), trace.experiment.cell.phi
    counted = [[of_bins(layer, phi) for layer in one.received] for one in found.values()]
    values = np.array(counted).reshape(len(found), trace.data.sizes.get("layer", 0), len(OF_BIN), BINS)
    coords = {"of_bin": list(OF_BIN), "place": list(found), "bin": CENTRES}
    return xr.DataArray(np.moveaxis(values, 2, 0), coords, ("of_bin", "place", "layer", "bin"))


def of_bins(received: np.ndarray, phi: Activation) -> np.ndarray:
    """(of_bin, bin) of one layer."""
    reach = reach_of(received)
    counts, _ = np.histogram(received, BINS, (-reach, reach))
    function = phi.function(torch.from_numpy(CENTRES * reach))
    return np.stack([counts / received.size, function.numpy(), phi.slope(function).numpy()])


activation_histogram = Diagnostic("activation_histogram", (), compute, READS)
