"""The log of a training as figures read it: its arrays, and how it ended, if it has."""

from __future__ import annotations

import xarray as xr

from rnnviz.trace import Outcome, Trace


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


def of_trace(trace: Trace) -> xr.Dataset:
    return ended(trace.data, trace.outcome)
