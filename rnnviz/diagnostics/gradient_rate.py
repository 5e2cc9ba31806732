"""How fast the gradient grows or shrinks per step on its way back: the largest Lyapunov exponent, read from the adjoint."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.experiment import LossAtEvery
from rnnviz.trace import Trace


def compute(trace: Trace) -> xr.DataArray:
    """λ = (ln ‖∂ℓ/∂s_a‖ − ln ‖∂ℓ/∂s_b‖) / (b − a) of every example, over the steps a … b of `stretch`.

    ∂ℓ/∂s_a = (J_b ⋯ J_{a+1})ᵀ ∂ℓ/∂s_b, and a product of many matrices has one largest growth rate, whether it or its
    transpose is applied (Oseledets 1968): for b − a → ∞ this is λ₁, at the price of the backward pass alone.
    Reads: state_grad_log10_norm.   Gives: (example,), nepers per step; −∞ an exact zero. NaN where the loss is judged
    at every step, which adds to the gradient on its way, or in too few; no examples if the run diverged before its loss.
    """
    if "state_grad_log10_norm" not in trace.data:
        return xr.DataArray(np.empty(0), dims="example")
    norms = trace.data["state_grad_log10_norm"].values
    if isinstance(trace.experiment.loss, LossAtEvery):
        return xr.DataArray(np.full(norms.shape[1], np.nan), dims="example")
    return xr.DataArray(rates(norms), dims="example")


def rates(norms: np.ndarray) -> np.ndarray:
    """Of log₁₀ norms (time, example), (example,)."""
    first, last = stretch(int(np.isfinite(norms).any(1).nonzero()[0].max(initial=0)) + 1)
    if last <= first:
        return np.full(norms.shape[1], np.nan)
    with np.errstate(invalid="ignore"):  # −∞ − (−∞): an exact zero all along
        found = np.log(10) * (norms[first] - norms[last]) / (last - first)
    return np.where(np.isneginf(norms[first]), -np.inf, found)


def stretch(length: int) -> tuple[int, int]:
    """Indices a, b of the steps that count. The first quarter is the state's way from its start, and over the last eighth
    the gradient turns from where the loss points to the direction that grows most.
    """
    return length // 4, length - 1 - length // 8


gradient_rate = Diagnostic("gradient_rate", (), compute, ("state_grad_log10_norm",))
