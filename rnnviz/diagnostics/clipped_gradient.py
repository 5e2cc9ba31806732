"""What clipping by norm does to a gradient, and to what the two ends of the sequence contribute to it."""

from __future__ import annotations

import math

import numpy as np
import torch
import xarray as xr

from rnnviz.clipping import ByNorm
from rnnviz.diagnostics.diagnostic import Diagnostic, came_to_pass
from rnnviz.trace import Trace

THRESHOLDS = (math.inf, 1.0, 0.01)  # not clipped; the usual one; one so tight that it clips healthy gradients too
OF_GRADIENT = ("whole", "first_step", "last_step")
READS = ("weight_hh_grad_share", "weight_ih_grad_share")


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ of the norm of ∂L/∂W = Σ_t S_t and of the shares S_1 and S_T, after clipping ∂L/∂W at each threshold θ.

    W are the recurrent weights of all layers and the input weights of the lowest, together. What clipping does to the
    sum it does to every share: S_t becomes S_t · ‖ĝ‖/‖g‖. θ = ∞ clips nothing.
    Reads: weight_hh_grad_share, weight_ih_grad_share.   Gives: (threshold, of_gradient), decades; −∞ is an exact zero.
    A trace without gradient gives no thresholds.   Source: Pascanu, Mikolov & Bengio (2013), algorithm 1.
    """
    coords = {"threshold": list(THRESHOLDS), "of_gradient": list(OF_GRADIENT)}
    if not all(came_to_pass(trace, name) for name in READS):
        return xr.DataArray(np.empty((0, len(OF_GRADIENT))), coords | {"threshold": []}, tuple(coords))
    hidden, inputs = (trace.data[name] for name in READS)
    by_step = [hidden.transpose("time", ...).values, inputs.transpose("time", ...).values]
    shares = np.concatenate([part.reshape(len(part), -1) for part in by_step], axis=1)
    whole = torch.from_numpy(shares.sum(0, dtype=shares.dtype))
    ends = [float(np.linalg.norm(shares[k].astype(float))) for k in (0, -1)]  # in float32 squares would be lost
    values = [clipped(whole, ends, threshold) for threshold in THRESHOLDS]
    with np.errstate(divide="ignore"):
        return xr.DataArray(np.log10(values), coords, tuple(coords))


def clipped(gradient: torch.Tensor, ends: list[float], threshold: float) -> list[float]:
    """‖ĝ‖, and the norms `ends` times the factor by which the gradient became shorter."""
    norm, after = float(gradient.norm()), gradient.clone()
    if math.isfinite(threshold):
        ByNorm(threshold=threshold).clip(after, norm)
    left = float(after.norm())
    return [left, *(end * left / norm if norm else end for end in ends)]


clipped_gradient = Diagnostic("clipped_gradient", (), compute, READS)
