"""Which time steps teach the recurrent and the input weights, and how much of what they say cancels."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.trace import Trace

SHARE = ("size", "projection", "tail", "tail_of_sizes")
DIMS = ("share", "matrix", "layer", "block", "time")
ALL = "all"
READS = ("weight_grad_share_log10_norm", "weight_grad_tail_log10_norm", "weight_grad_share_projection")


def compute(trace: Trace) -> xr.DataArray:
    """Of each step's share S_t of G = ∂L/∂W = Σ_t S_t, for W_hh and W_ih of every layer:

    size           log₁₀ ‖S_t‖;
    projection     ⟨S_t, G⟩ / ‖G‖², which sums to 1 over time: negative where a step pulls the other way;
    tail           log₁₀ ‖Σ_{k ≥ t} S_k‖, at t = 1 the norm of the sum;
    tail_of_sizes  log₁₀ Σ_{k ≥ t} ‖S_k‖, at t = 1 the sum of the norms: what the tail would be if nothing cancelled.
    Once for all rows and once for the rows of each gate. L is the mean of ℓ over the batch, as in training.
    Reads: the three sums over shares.   Gives: (share, matrix, layer, block, time), decades and, for the projection, 1;
    −∞ is an exact zero, and what is projected on it gives 0. A trace without gradient gives no time steps.
    """
    if READS[0] not in trace.data:
        return xr.DataArray(np.empty((0, 0, trace.data.sizes.get("layer", 0), 0, 0)), dims=DIMS)
    size, tail, projection = (trace.data[name].values for name in READS)
    tails = [with_all(norm) for norm in (size, tail)]
    projections = with_all_projections(projection, tail[..., :1])
    with np.errstate(invalid="ignore"):  # −∞ beside −∞
        sizes = np.logaddexp.accumulate(tails[0][..., ::-1] * math.log(10), axis=-1)[..., ::-1] / math.log(10)
    coords = {
        "share": list(SHARE),
        "matrix": trace.data["matrix"].values,
        "block": [ALL, *trace.data["gate_name"].values],
        "time": trace.data["time"].values,
    }
    values = np.stack([tails[0], projections, tails[1], sizes])
    return xr.DataArray(values, coords, DIMS)


def with_all(log_norms: np.ndarray) -> np.ndarray:
    """(matrix, layer, gate, time) with the norm over all gates put before those of each: squares add up."""
    whole = np.logaddexp.reduce(2 * math.log(10) * log_norms, axis=2, keepdims=True) / (2 * math.log(10))
    return np.concatenate([whole, log_norms], axis=2)


def with_all_projections(projections: np.ndarray, log_norms: np.ndarray) -> np.ndarray:
    """The same for ⟨S, G⟩ / ‖G‖², from each gate's own and its log₁₀ ‖G‖: a gate counts as ‖G_gate‖² / ‖G‖²."""
    with np.errstate(invalid="ignore"):  # −∞ − (−∞)
        parts = 10 ** (2 * (log_norms - with_all(log_norms)[:, :, :1]))
    counted = projections * np.where(np.isneginf(log_norms), 0.0, parts)
    return np.concatenate([counted.sum(2, keepdims=True), projections], axis=2)


weight_gradient = Diagnostic("weight_gradient", (), compute, READS)
