"""Many experiments on any `concurrent.futures.Executor`, collected along one dimension `run`.

    sweep(grid(Experiment(), {"cell": ["elman", "lstm"], "initializer.scale.gain": [0.9, 1.0, 1.1]}))

The answer depends neither on the executor nor on the order in which runs end. A run that is refused, or that dies with
its process, says so in `error` and leaves NaN; the others stay.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from rnnviz.choice import Flat, Range, Word, parameter_at
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.diagnostics.exchange import pack, unpack
from rnnviz.engine.passes import Tick, nothing
from rnnviz.experiment import Experiment, Study
from rnnviz.refusals import REFUSALS

MARK = {"program": "rnnviz", "content": "sweep"}  # by which a file is known again
Experiments = Study | Mapping[str, Experiment] | Iterable[Experiment]


class Measured(NamedTuple):
    """What comes back of one run, as plain arrays and words: any executor can carry it."""

    arrays: dict[str, np.ndarray]
    description: dict[str, Any]
    error: str = ""

    @property
    def data(self) -> xr.Dataset | None:
        return None if self.error else unpack(self.arrays, self.description)["run"]


def sweep(
    experiments: Experiments,
    needs: Sequence[str] = ("gradient_kept",),
    *,
    executor: Executor | None = None,
    example: int = 0,
    tick: Tick = nothing,
) -> xr.Dataset:
    """Run every experiment and collect what the diagnostics in `needs` say of each: (run, …).

    Coordinates of `run` are the names (of a study or a mapping; else 0, 1, …), the keys, and every parameter that
    varies; those that do not are attributes, "experiment.<path>". Where curves differ in length or lack a part, NaN
    fills up. `outcome`, `overflow_time` (0 for none) and `error` are always there.

    executor: None runs one after the other, here; `rnnviz.executors` has processes, and Dask for many machines.
    tick: called with 0 … 1 as runs end, and may raise to stop.   Raises ValueError for an unknown diagnostic.
    """
    if unknown := [name for name in needs if name not in DIAGNOSTICS]:
        raise ValueError(f"needs has no {unknown[0]!r}; the diagnostics are {', '.join(DIAGNOSTICS)}")
    named = by_name(experiments)
    jobs = [(one.flat(), tuple(needs), example) for one in named.values()]
    found = serial(jobs, tick) if executor is None else spread(jobs, executor, tick)
    about = {**MARK, "example": example, **constants(named)}
    data = xr.Dataset(variables(found, needs), coordinates(named), about)
    return data.assign_coords(labels([one.data for one in found]))


def by_name(experiments: Experiments) -> dict[Hashable, Experiment]:
    if isinstance(experiments, Study):
        experiments = experiments.experiments()
    named: Mapping[Any, Experiment] = experiments if isinstance(experiments, Mapping) else dict(enumerate(experiments))
    return {**named}


# — running —

Job = tuple[Flat, tuple[str, ...], int]


def measured(words: Flat, needs: tuple[str, ...], example: int) -> Measured:
    """One run, in whatever process: words in, arrays out."""
    try:
        data = diagnose(Experiment.from_flat(words), [DIAGNOSTICS[name] for name in needs], example=example)
    except (*REFUSALS, MemoryError) as error:
        return failed(error)
    return Measured(*pack({"run": data}))


def failed(error: BaseException) -> Measured:
    return Measured({}, {}, f"{type(error).__name__}: {error}")


def serial(jobs: Sequence[Job], tick: Tick) -> list[Measured]:
    found: list[Measured] = []
    for job in jobs:
        found.append(measured(*job))
        tick(len(found) / len(jobs))
    return found


def spread(jobs: Sequence[Job], executor: Executor, tick: Tick) -> list[Measured]:
    """In the order of the jobs, whichever ends first.

    A future is let go of as soon as it has been read: a Dask worker that dies later takes no finished result along.
    """
    places = {executor.submit(measured, *job): place for place, job in enumerate(jobs)}
    found: dict[int, Measured] = {}
    try:
        for future in as_completed(list(places)):
            found[places.pop(future)] = outcome_of(future)
            tick(len(found) / len(jobs))
    finally:
        for future in places:
            future.cancel()
    return [found[place] for place in range(len(jobs))]


def outcome_of(future: Future[Measured]) -> Measured:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - a worker that died must not take the hours of the others along
        return failed(error)


# — collecting —


def variables(found: Sequence[Measured], needs: Sequence[str]) -> dict[str, Any]:
    runs = [one.data for one in found]
    endings = {
        "outcome": [run.attrs["outcome"] if run else "failed" for run in runs],
        "overflow_time": [run.attrs["overflow_time"] if run else 0 for run in runs],
        "error": [one.error for one in found],
    }
    return {
        **{name: stacked(name, runs) for name in needs},
        **{name: ("run", np.array(values)) for name, values in endings.items()},
    }


def stacked(name: str, runs: Sequence[xr.Dataset | None]) -> xr.Variable:
    """One diagnostic of all runs, each value at its label; NaN where a run has none."""
    there = {k: run[name] for k, run in enumerate(runs) if run is not None}
    first = next(iter(there.values()), xr.DataArray(np.nan))
    every = {dim: union(list(there.values()), dim) for dim in first.dims}
    dtype = np.result_type(*(one.dtype for one in there.values()), first.dtype)
    values = np.full((len(runs), *map(len, every.values())), np.nan, dtype)
    for k, one in there.items():
        places = [[every[dim].index(label) for label in own(one, dim)] for dim in one.dims]
        at: tuple[Any, ...] = (k, *np.ix_(*places))
        values[at] = one.values
    description = (DIAGNOSTICS[name].compute.__doc__ or "").partition("\n")[0]
    return xr.Variable(("run", *first.dims), values, {"description": description} if description else {})


def own(one: xr.DataArray | xr.Dataset, dim: Hashable) -> list[Any]:
    """The labels of a dimension, or 0, 1, … where it has none."""
    return one[dim].values.tolist() if dim in one.coords else list(range(one.sizes[dim]))


def union(of: Sequence[xr.DataArray | xr.Dataset], dim: Hashable) -> list[Any]:
    """Numbers in order, words as they first appear."""
    labels = list(dict.fromkeys(label for one in of for label in own(one, dim)))
    return labels if any(isinstance(label, str) for label in labels) else sorted(labels)


def labels(runs: Sequence[xr.Dataset | None]) -> dict[Hashable, np.ndarray]:
    there = [run for run in runs if run is not None]
    dims = dict.fromkeys(dim for run in there for dim in run.coords)
    return {dim: np.array(union([run for run in there if dim in run.coords], dim)) for dim in dims}


# — what was run —


def coordinates(named: Mapping[Hashable, Experiment]) -> dict[str, Any]:
    """The name, the key and every parameter that varies, along `run`."""
    experiments = list(named.values())
    words = [one.flat() for one in experiments]
    paths = dict.fromkeys(path for flat in words for path in flat)
    varying = [path for path in paths if len({flat.get(path) for flat in words}) > 1]
    return {
        "run": ("run", np.array(list(named))),
        "key": ("run", np.array([one.key for one in experiments])),
        **{path: ("run", column([flat.get(path) for flat in words]), about(experiments, path)) for path in varying},
    }


def column(words: Sequence[Word | None]) -> np.ndarray:
    """One parameter of every run; NaN or "" where a run has no such parameter."""
    if None not in words:
        return np.array(words)
    numbers = all(isinstance(word, int | float) and not isinstance(word, bool) for word in words if word is not None)
    return np.array([(np.nan if numbers else "") if word is None else word if numbers else str(word) for word in words])


def about(experiments: Iterable[Experiment], path: str) -> dict[str, str]:
    """Symbol and unit, as declared."""
    declared = next(filter(None, (parameter_at(one, path) for one in experiments)), None)
    domain = declared.domain if declared else None
    return {"symbol": domain.symbol, "unit": domain.unit or "1"} if isinstance(domain, Range) else {}


def constants(named: Mapping[Hashable, Experiment]) -> dict[str, Any]:
    """The words that all runs share."""
    words = [one.flat() for one in named.values()]
    shared = {
        path: word for path, word in (words[0] if words else {}).items() if all(w.get(path) == word for w in words)
    }
    return {f"experiment.{p}": str(word).lower() if isinstance(word, bool) else word for p, word in shared.items()}
