"""From a study and the diagnostics that a figure needs to named arrays: the way from page, notebook and worker alike."""

from __future__ import annotations

from collections.abc import Iterable

import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine import run
from rnnviz.engine.passes import Tick, nothing
from rnnviz.experiment import Experiment, Study
from rnnviz.trace import Trace


def diagnose(
    experiment: Experiment, needs: Iterable[Diagnostic], *, example: int = 0, tick: Tick = nothing
) -> xr.Dataset:
    """Run one experiment, record only what the diagnostics read, and keep only what they give."""
    needs = tuple(needs)
    record = {name for need in needs for name in (*need.reads, *need.reads_if_there)}
    return results(run(experiment, record=record, example=example, tick=tick), needs)


def results(trace: Trace, needs: Iterable[Diagnostic]) -> xr.Dataset:
    """The diagnostics of a trace in one Dataset, which says how the run ended. Their lags and times may differ in length."""
    arrays = {need.name: need(trace) for need in needs}
    outcome = trace.outcome
    attributes = {"outcome": outcome.state, "overflow_quantity": outcome.quantity, "overflow_time": outcome.time}
    attributes["example"] = int(trace.data.attrs["example"])
    return xr.Dataset(arrays, attrs={**attributes, "experiment": trace.experiment.key, "dtype": trace.experiment.dtype})


def diagnose_study(study: Study, needs: Iterable[Diagnostic], *, example: int = 0) -> dict[str, xr.Dataset]:
    """The named experiments of a study, one after the other."""
    needs = tuple(needs)
    return {name: diagnose(experiment, needs, example=example) for name, experiment in study.experiments().items()}
