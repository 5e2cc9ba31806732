"""From a study and the diagnostics that a figure needs to named arrays: the way from page, notebook and worker alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import xarray as xr

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine import run
from rnnviz.engine.gains import families, readable, run_gains
from rnnviz.engine.passes import Tick, nothing
from rnnviz.engine.workspace import Workspace
from rnnviz.experiment import Experiment, Study
from rnnviz.trace import Trace


def diagnose(
    experiment: Experiment,
    needs: Iterable[Diagnostic],
    *,
    example: int = 0,
    tick: Tick = nothing,
    workspace: Workspace | None = None,
) -> xr.Dataset:
    """Run one experiment, record only what the diagnostics read, and keep only what they give."""
    needs = tuple(needs)
    record = {name for need in needs for name in (*need.reads, *need.reads_if_there)}
    return results(run(experiment, record=record, example=example, tick=tick, workspace=workspace), needs)


def results(trace: Trace, needs: Iterable[Diagnostic]) -> xr.Dataset:
    """The diagnostics of a trace in one Dataset, which says how the run ended. Their lags and times may differ in length.

    None is a view: it would keep the whole trace alive, or change with the next run where its arrays are lent.
    """
    arrays = {need.name: owned(need(trace)) for need in needs}
    outcome = trace.outcome
    attributes = {"outcome": outcome.state, "overflow_quantity": outcome.quantity, "overflow_time": outcome.time}
    attributes["example"] = int(trace.data.attrs["example"])
    return xr.Dataset(arrays, attrs={**attributes, "experiment": trace.experiment.key, "dtype": trace.experiment.dtype})


def owned(array: xr.DataArray) -> xr.DataArray:
    return array if array.values.flags.owndata else array.copy()


def diagnose_study(study: Study, needs: Iterable[Diagnostic], *, example: int = 0) -> dict[str, xr.Dataset]:
    """The named experiments of a study."""
    found = dict(diagnose_each(study.experiments(), needs, example=example))
    return {name: found[name] for name in study.experiments()}


def diagnose_each(
    experiments: Mapping[str, Experiment],
    needs: Iterable[Diagnostic],
    *,
    example: int = 0,
    tick: Tick = nothing,
    workspace: Workspace | None = None,
) -> Iterator[tuple[str, xr.Dataset]]:
    """Many experiments, each when it is there: first those that can run together, at all their gains at once.

    `tick(progress)` is called on the way, over all of them together.
    """
    needs, done, workspace = tuple(needs), 0, workspace or Workspace()

    def part(progress: float, count: int = 1) -> None:
        tick((done + count * progress) / len(experiments))

    together = list(families(experiments)) if readable((*need.reads, *need.reads_if_there) for need in needs) else []
    for family in together:
        traces = run_gains(family, example=example, tick=partial(part, count=len(family.gains)))
        yield from ((name, results(trace, needs)) for name, trace in traces.items())
        done += len(traces)
    alone = experiments.keys() - {name for family in together for name in family.gains}
    for name in (name for name in experiments if name in alone):
        yield name, diagnose(experiments[name], needs, example=example, tick=part, workspace=workspace)
        done += 1
