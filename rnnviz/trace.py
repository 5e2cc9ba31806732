"""What one experiment left behind."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

import xarray as xr

from rnnviz.experiment import Experiment


@dataclass(frozen=True)
class Outcome:
    """How a run ended. A diverged run names the first quantity that left the finite numbers, and its time step."""

    state: Literal["completed", "diverged", "stopped"]
    quantity: str = ""
    time: int = 0
    dtype: str = ""

    def __str__(self) -> str:
        if self.state == "diverged":
            return f"overflowed at step {self.time}, {self.dtype}"
        return self.state


COMPLETED = Outcome("completed")


@dataclass(frozen=True)
class Trace:
    """An experiment, its outcome and what was recorded: an xarray.Dataset that cannot be written to.

    Every variable carries `symbol`, `unit` and `source`; `rnnviz.quantities` lists them with their dimensions.
    """

    experiment: Experiment
    outcome: Outcome
    data: xr.Dataset

    def __post_init__(self) -> None:
        for variable in self.data.variables.values():
            if not isinstance(variable._data, type(None)) and hasattr(variable._data, "setflags"):
                variable._data.setflags(write=False)

    def __repr__(self) -> str:
        """What was run, how it ended, and what there is: an experiment that makes the same trace again, then a line each."""
        widest = max(map(len, map(str, self.data)), default=0)
        lines = [f"  {name!s:<{widest}}  {variable.dtype} {shape(variable)}" for name, variable in self.data.items()]
        return "\n".join([f"Trace of {self.experiment!r}", f"{self.outcome}; {megabytes(self.data)}", *lines])

    def _repr_html_(self) -> str:
        """For Jupyter: the same head, and xarray's own table, in which symbols and sources unfold."""
        words = "".join(
            f"<li>{escape(path)} = {escape(str(word))}</li>" for path, word in self.experiment.flat().items()
        )
        head = f"<b>Trace</b> {self.experiment.key}: {escape(str(self.outcome))}; {megabytes(self.data)}"
        return f"<details><summary>{head}</summary><ul>{words}</ul></details>{self.data._repr_html_()}"


def shape(variable: xr.DataArray) -> str:
    return "(" + ", ".join(f"{name} {size}" for name, size in variable.sizes.items()) + ")"


def megabytes(data: xr.Dataset) -> str:
    return f"{data.nbytes / 1e6:.1f} MB"


class MissingQuantity(KeyError):
    """A diagnostic reads a quantity that the trace did not record."""

    def __init__(self, name: str, recorded: tuple[str, ...]):
        self.name, self.recorded = name, recorded
        super().__init__(f"{name} was not recorded; this trace has {', '.join(recorded)}")

    def __str__(self) -> str:
        return str(self.args[0])
