"""Where a cell squashes, what goes in, and the slope that it meets there: what the diagnostics of the activation share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from rnnviz.cells.cell import Cell
from rnnviz.trace import Trace

READS = ("pre_activation", "activation_slope", "cell_state")
SATURATED = 0.05  # of the largest slope γ; tanh: |a| > 2.18, sigmoid: |a| > 4.36


class Squashing(NamedTuple):
    """What φ receives and φ' there, (layer, time, example, unit), in the dtype of the run.

    The slope follows from φ's output, as training has it: where the output has rounded to its limit it is exactly 0.
    """

    received: np.ndarray
    slope: np.ndarray


def places_of(cell: Cell) -> tuple[str, ...]:
    """The candidate's a_t; in the LSTM also the cell state, which φ squashes on its way out: h_t = o φ(c_t)."""
    return ("candidate", "output") if cell.has_cell_state else ("candidate",)


def squashings(trace: Trace) -> dict[str, Squashing]:
    """By place; none for a trace that overflowed at its first step."""
    data, phi = trace.data, trace.experiment.cell.phi
    if "pre_activation" not in data:
        return {}
    found = {"candidate": Squashing(data["pre_activation"].values, data["activation_slope"].values)}
    if "output" in places_of(trace.experiment.cell):
        squashed = phi.function(torch.from_numpy(np.array(data["cell_state"].values)))
        found["output"] = Squashing(data["cell_state"].values, phi.slope(squashed).numpy())
    return found
