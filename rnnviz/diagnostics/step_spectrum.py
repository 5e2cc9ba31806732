"""One step under the lens: eigenvalues and singular values of the Jacobian of each time step."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, evenly
from rnnviz.trace import Trace

SPECTRUM = ("real", "imaginary", "singular")
MOST_STEPS, LEAST_STEPS = 200, 20
DECOMPOSITIONS = 50_000_000  # steps · state³: about half a second


def compute(trace: Trace) -> xr.DataArray:
    """Eigenvalues μ of J_t = ∂s_t/∂s_{t−1}, by size, and singular values σ, descending, at evenly chosen time steps.

    max|μ| is the spectral radius ρ, which decides when the same J is repeated; σ₁ ≥ ρ is what one step can do at most.
    σ₁ = ρ for a normal matrix, and σ₁/ρ says how far J_t is from that.
    Reads: jacobian.   Gives: (spectrum, kept_step, state), unit 1; kept_step counts from 1.
    """
    if "jacobian" not in trace.data:
        coords = {"spectrum": list(SPECTRUM), "kept_step": np.empty(0, int)}
        return xr.DataArray(np.empty((len(SPECTRUM), 0, 0)), coords, ("spectrum", "kept_step", "state"))
    jacobians = trace.data.jacobian.values
    steps = evenly(len(jacobians), steps_for(jacobians.shape[1]))
    chosen = spectra(np.asarray(jacobians[steps], float))
    return xr.DataArray(
        chosen, {"spectrum": list(SPECTRUM), "kept_step": steps + 1}, ("spectrum", "kept_step", "state")
    )


def steps_for(state: int) -> int:
    return min(MOST_STEPS, max(LEAST_STEPS, DECOMPOSITIONS // state**3))


def spectra(matrices: np.ndarray) -> np.ndarray:
    """real, imaginary and singular of many square matrices (many, n, n) -> (3, many, n); NaN where one is not finite."""
    finite = np.isfinite(matrices).all((-2, -1))
    found = np.full((len(SPECTRUM), *matrices.shape[:-1]), np.nan)
    eigenvalues = np.linalg.eigvals(matrices[finite])
    order = np.argsort(-np.abs(eigenvalues), axis=-1, kind="stable")
    eigenvalues = np.take_along_axis(eigenvalues, order, -1)
    found[0, finite], found[1, finite] = eigenvalues.real, eigenvalues.imag
    found[2, finite] = np.linalg.svd(matrices[finite], compute_uv=False)
    return found


step_spectrum = Diagnostic("step_spectrum", (), compute, ("jacobian",))
