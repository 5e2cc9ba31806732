"""How many parameters a sequence of T steps asks for: shared, of each step's own, or fully connected."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing

FEATURES = 32  # of an input and of an answer: an alphabet and some signs
NETWORKS = ("shared", "own_weights", "fully_connected")


class WeightSharing(Demonstration):
    """Parameters of three networks that read T inputs of 32 features and give T answers of 32, through T × H hidden units.

    shared           the vanilla network: W_xh, W_hh, b, W_hy, b_y, whatever T is
    own_weights      the same drawing, but every step has matrices of its own
    fully_connected  all inputs to all hidden units, and all of these to all answers
    """

    kind: Literal["weight_sharing"] = Field("weight_sharing", repr=False)
    hidden_size: Annotated[int, Range(1, 512, symbol="H", unit="units", log=True)] = 64
    sequence_length: Annotated[int, Range(2, 1_000, symbol="T", unit="time steps", log=True)] = 20

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """parameters: (network, length), whole numbers; `length` runs in equal factors from 1 to 1000 and holds T."""
        lengths = np.unique(np.append(np.geomspace(1, 1_000, 31).round().astype(int), self.sequence_length))
        counts = np.array([[counted(name, int(t), self.hidden_size) for t in lengths] for name in NETWORKS])
        return xr.Dataset(
            {"parameters": (("network", "length"), counts)}, {"network": list(NETWORKS), "length": lengths}
        )


def counted(network: str, length: int, units: int) -> int:
    """The number of weights and biases."""
    if network == "fully_connected":
        return connections(length * FEATURES, length * units) + connections(length * units, length * FEATURES)
    once = connections(FEATURES + units, units) + connections(units, FEATURES)
    return once * (length if network == "own_weights" else 1)


def connections(inputs: int, outputs: int) -> int:
    """W and b of one layer."""
    return (inputs + 1) * outputs
