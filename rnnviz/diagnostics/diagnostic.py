"""What a diagnostic is: a plain function of a trace, with the quantities that it reads declared beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr

from rnnviz.trace import MissingQuantity, Trace


class Diagnostic(NamedTuple):
    """`reads` decides what the engine records; `compute` gives one named array.

    `reads_if_there` are quantities that only some cells, or only finished runs, have.
    """

    name: str
    reads: tuple[str, ...]
    compute: Callable[[Trace], xr.DataArray]
    reads_if_there: tuple[str, ...] = ()

    def __call__(self, trace: Trace) -> xr.DataArray:
        """Raises MissingQuantity if the trace did not record what this reads."""
        for name in self.reads:
            if name not in trace.data:
                raise MissingQuantity(name, tuple(map(str, trace.data)))
        return self.compute(trace).rename(self.name)


def came_to_pass(trace: Trace, name: str) -> bool:
    """Whether a quantity that `run` records only by name is there; only a run that overflowed may lack it.

    Raises MissingQuantity otherwise.
    """
    if name not in trace.data and trace.outcome.state == "completed":
        raise MissingQuantity(name, tuple(map(str, trace.data)))
    return name in trace.data


def evenly(length: int, most: int) -> np.ndarray:
    """Indices of at most `most` of `length` entries, evenly spread, both ends among them."""
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(int)) if length else np.arange(0)
