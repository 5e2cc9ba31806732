"""Itemised backpropagation: how strongly the loss of every step hears every state before it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, came_to_pass, evenly
from rnnviz.trace import Trace

MOST_STEPS = 200


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ ‖∂ℓ_t/∂s_k‖ for every loss step t and every earlier state k ≤ t of one example; −∞ for k > t.

    ℓ_t is the loss that the answer of step t would have, whatever the experiment judges. s is the whole state, (h, c) of
    all layers.
    Reads: itemised_log10_norm.   Gives: (map_loss, map_state), decades; evenly chosen steps, counted from 1.
    Raises: MissingQuantity, unless the run overflowed.
    """
    if not came_to_pass(trace, "itemised_log10_norm"):
        nothing = {"map_loss": np.empty(0, int), "map_state": np.empty(0, int)}
        return xr.DataArray(np.empty((0, 0)), nothing, ("map_loss", "map_state"))
    norms = trace.data.itemised_log10_norm.values
    steps = evenly(len(norms), MOST_STEPS)
    coords = {"map_loss": steps + 1, "map_state": steps + 1}
    return xr.DataArray(norms[np.ix_(steps, steps)], coords, ("map_loss", "map_state"))


bptt_map = Diagnostic("bptt_map", (), compute, ("itemised_log10_norm",))
