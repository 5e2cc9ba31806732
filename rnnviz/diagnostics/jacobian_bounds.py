"""What theory says about the product of Jacobians, to be seen beside the measured curve."""

from __future__ import annotations

import math

import numpy as np
import torch
import xarray as xr

from rnnviz.cells import Elman
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine.jacobians import largest_singular_values
from rnnviz.initializers import spectral_radius
from rnnviz.trace import Trace


def compute(trace: Trace) -> xr.DataArray:
    """log₁₀ of three curves over the lag:

    step_norms       ∏ σ₁(J_t) ≥ ‖∂s_T/∂s_t‖ for every cell (the norm of a product is at most the product of norms);
    pascanu          (γ σ₁(W_hh))^lag, an upper bound for the vanilla RNN: σ₁ < 1/γ is sufficient to vanish, σ₁ > 1/γ only
                     necessary to explode;
    spectral_radius  (ρ(W_hh))^lag, no bound at all: what "the largest eigenvalue decides" would predict.
    The last two belong to the vanilla RNN with one layer. Source: Pascanu, Mikolov & Bengio (2013), eq. 5–7.
    Reads: jacobian, weight_hh.   Gives: (bound, lag), decades.
    """
    if "jacobian" not in trace.data:
        return xr.DataArray(np.empty((0, 0)), dims=("bound", "lag"), coords={"bound": []})
    norms = largest_singular_values(torch.from_numpy(np.array(trace.data.jacobian.values))).numpy()
    with np.errstate(divide="ignore"):
        curves = {"step_norms": np.concatenate([[0.0], np.cumsum(np.log10(norms[::-1]))])}
    cell, lag = trace.experiment.cell, np.arange(len(norms) + 1)
    if isinstance(cell, Elman) and cell.layers == 1:
        weight = torch.from_numpy(np.array(trace.data.weight_hh.values[0]))
        sigma = float(largest_singular_values(weight))
        curves["pascanu"] = lag * log10(cell.phi.largest_slope * sigma)
        curves["spectral_radius"] = lag * log10(spectral_radius(weight))
    return xr.DataArray(np.stack(list(curves.values())), dims=("bound", "lag"), coords={"bound": list(curves)})


def log10(x: float) -> float:
    return math.log10(x) if x > 0 else -1e300  # times lag 0 this is 0 as it must be, where −∞ would give NaN


jacobian_bounds = Diagnostic("jacobian_bounds", (), compute, ("jacobian", "weight_hh"))
