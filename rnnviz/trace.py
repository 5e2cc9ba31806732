"""What one experiment left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import xarray as xr

from rnnviz.experiment import Experiment


@dataclass(frozen=True)
class Outcome:
    """How a run ended. A diverged run names the first quantity that left the finite numbers, and its time step.

    A training names the update at which it ended; a diverged one also the first parameter with a gradient, or a value,
    that is not finite. Its `time` is 0 where no state overflowed.
    """

    state: Literal["completed", "diverged", "stopped"]
    quantity: str = ""
    time: int = 0
    dtype: str = ""
    update: int | None = None
    parameter: str = ""

    def __str__(self) -> str:
        if self.state == "diverged" and self.update is not None:
            return f"diverged at update {self.update} in the {self.quantity} of {self.parameter}, {self.dtype}"
        if self.state == "stopped" and self.update is not None:
            return f"stopped before update {self.update}"
        if self.state == "diverged":
            return f"overflowed at step {self.time}, {self.dtype}"
        return self.state


COMPLETED = Outcome("completed")


@dataclass(frozen=True)
class Trace:
    """An experiment, its outcome and what was recorded: an xarray.Dataset that cannot be written to.

    Every variable carries `symbol` and `unit`; `rnnviz.quantities` lists them with their dimensions.
    """

    experiment: Experiment
    outcome: Outcome
    data: xr.Dataset

    def __post_init__(self) -> None:
        for variable in self.data.variables.values():
            if not isinstance(variable._data, type(None)) and hasattr(variable._data, "setflags"):
                variable._data.setflags(write=False)


class MissingQuantity(KeyError):
    """A diagnostic reads a quantity that the trace did not record."""

    def __init__(self, name: str, recorded: tuple[str, ...]):
        self.name, self.recorded = name, recorded
        super().__init__(f"{name} was not recorded; this trace has {', '.join(recorded)}")

    def __str__(self) -> str:
        return str(self.args[0])
