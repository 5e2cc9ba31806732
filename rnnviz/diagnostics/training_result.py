"""The log of a training as figures read it: its arrays, and how it ended, if it has."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnviz.trace import COMPLETED, Outcome, Trace

TENTH = 10  # what is learnt is read off the last tenth of the updates


def last_tenth(values: np.ndarray) -> np.ndarray:
    """Of a quantity (update,): what comes last, one update at least."""
    return values[-max(1, len(values) // TENTH) :]


def ended(log: xr.Dataset, outcome: Outcome | None) -> xr.Dataset:
    """The same arrays with the ending in their attributes; `outcome` is "running" while there is none."""
    if outcome is None:
        return log.assign_attrs(outcome="running", overflow_time=0)
    return log.assign_attrs(
        outcome=outcome.state,
        ended_at=log.sizes.get("update", 0) if outcome.update is None else outcome.update,
        overflow_quantity=outcome.quantity,
        overflow_parameter=outcome.parameter,
        overflow_time=outcome.time,
    )


def outcome_of(result: xr.Dataset, dtype: str) -> Outcome:
    """The inverse: how the training of such a result ended; one that is under way is as good as stopped where it is."""
    attributes = result.attrs
    if attributes["outcome"] == "running":
        return Outcome("stopped", update=result.sizes.get("update", 0))
    if attributes["outcome"] == "completed":
        return COMPLETED
    return Outcome(
        attributes["outcome"], attributes["overflow_quantity"], attributes["overflow_time"],
        dtype if attributes["outcome"] == "diverged" else "",
        attributes["ended_at"], attributes["overflow_parameter"],
    )  # fmt: skip


def of_trace(trace: Trace) -> xr.Dataset:
    return ended(trace.data, trace.outcome)
