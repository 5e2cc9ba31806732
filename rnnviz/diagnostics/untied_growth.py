"""The growth of small changes had the network not shared its weights over time: a fresh Gaussian matrix at every step."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.cells import Elman
from rnnviz.cells.kernel import Array
from rnnviz.cells.tangent import Push
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine.lyapunov import frame_growth
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gaussian, SpectralRadius
from rnnviz.streams import generator
from rnnviz.trace import Trace

DIMS = ("untied_window", "untied_exponent")


def compute(trace: Trace) -> xr.DataArray:
    """`lyapunov_growth` of ∏ diag(φ'(a_t)) W_t with the slopes of the real trajectory and W_t ~ N(0, g²/H) drawn anew.

    What sharing the weights does to the spectrum is the difference between the two; Newman's exponents hold for this one.
    Reads: activation_slope.   Gives: (untied_window, untied_exponent), nepers; empty for all but one vanilla layer of
    Gaussian weights.
    """
    if not (gaussian_layer(trace.experiment) and "activation_slope" in trace.data):
        return xr.DataArray(np.empty((0, 0)), {"untied_window": np.empty(0, int)}, DIMS)
    slopes = trace.data.activation_slope.isel(layer=0, example=trace.data.attrs["example"])
    slopes = np.asarray(slopes.transpose("time", "unit").values, float)
    growth, ends = frame_growth(fresh(trace.experiment, slopes), *slopes.shape)
    return xr.DataArray(growth, {"untied_window": ends}, DIMS)


def gaussian_layer(experiment: Experiment) -> bool:
    """One vanilla layer with W_hh Gaussian at a known gain."""
    cell, initializer = experiment.cell, experiment.initializer
    alone = isinstance(cell, Elman) and cell.layers == 1
    return alone and isinstance(initializer, Gaussian) and not isinstance(initializer.scale, SpectralRadius)


def fresh(experiment: Experiment, slopes: Array) -> Push:
    """(t, Q, diag(φ'(a_t)) W_t Q): one matrix after the other from a stream of its own."""
    drawn, size = generator(experiment.seed, "untied weights"), slopes.shape[1]

    def push(t: int, before: Array, after: Array) -> None:
        np.dot(experiment.initializer.hidden_weights(1, size, drawn).numpy(), before, after)
        after *= slopes[t - 1][:, None]

    return push


untied_growth = Diagnostic("untied_growth", (), compute, ("activation_slope",))
