"""The slope of φ at pre-activations of a run, by autograd: what a formula for φ' has to agree with."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic, came_to_pass, evenly
from rnnviz.trace import Trace

OF_VALUE = ("pre_activation", "output", "slope")
MOST_VALUES = 400


def compute(trace: Trace) -> xr.DataArray:
    """a, φ(a) and φ'(a) = dφ/da by autograd, of the candidate's pre-activations of all layers, steps, examples and units.

    At most 400 of them, evenly chosen by size, the smallest and the largest among them; those that are not finite are
    left out.
    Reads: pre_activation.   Gives: (of_value, value) in the run's dtype, ascending in a, unit 1.
    """
    received = trace.data["pre_activation"].values.ravel() if came_to_pass(trace, "pre_activation") else np.empty(0)
    ordered = np.sort(received[np.isfinite(received)])
    a = torch.from_numpy(ordered[evenly(len(ordered), MOST_VALUES)]).requires_grad_()
    y = trace.experiment.cell.phi.function(a)
    (slope,) = torch.autograd.grad(y.sum(), a)
    rows = np.stack([a.detach().numpy(), y.detach().numpy(), slope.numpy()])
    return xr.DataArray(rows, {"of_value": list(OF_VALUE)}, ("of_value", "value"))


slope_by_autograd = Diagnostic("slope_by_autograd", (), compute, ("pre_activation",))
