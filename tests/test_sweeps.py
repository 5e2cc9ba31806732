"""Many experiments at once: the same bits from every executor, nothing lost, coordinates that say what varies."""

from __future__ import annotations

import io
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

import rnnviz
from rnnviz.api import results_of
from rnnviz.choice import InvalidParameter
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.experiment import Experiment, Study, comparison, grid
from rnnviz.figures.survival import survival
from rnnviz.sweeps import sweep

BASE = Experiment.from_flat({"task.sequence_length": 12, "cell.hidden_size": 4, "batch_size": 3})
GRID = grid(BASE, {"cell": ["elman", "lstm"], "task.sequence_length": [6, 12], "initializer.scale.gain": [0.8, 1.2]})
NEEDS = ("gradient_kept", "gradient_flow", "jacobian_norm", "unit_activity")
MISSING = BASE.changed({"task": "own_text", "task.sha256": "0" * 64})
TOO_LARGE = BASE.changed({"task.sequence_length": 10_000, "cell.hidden_size": 512, "batch_size": 256})
OVERFLOWING = BASE.changed(
    {"task": "noise", "task.sequence_length": 200, "cell.activation": "relu", "initializer": "gaussian", "seed": 3}
).changed({"initializer.scale.gain": 4.0})


class Backwards(Executor):
    """Runs what it was given last first, when it is asked for the first answer."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Any]] = []

    def submit(self, function: Any, /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: function(*given, **named)))
        if len(self.waiting) == len(GRID):
            for one, call in reversed(self.waiting):
                one.set_result(call())
        return future


@cache
def here() -> xr.Dataset:
    return sweep(GRID, NEEDS)


def test_a_grid_is_every_combination_and_the_last_path_varies_fastest():
    made = grid(BASE, {"seed": [1, 2], "batch_size": [3, 4, 5]})
    assert [(one.seed, one.batch_size) for one in made] == [(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)]
    assert grid(BASE, {}) == [BASE]
    with pytest.raises(InvalidParameter, match="seed"):
        grid(BASE, {"seed": [-1]})


def test_what_varies_is_a_coordinate_and_what_does_not_is_an_attribute():
    data = here()
    assert data.cell.values.tolist() == ["elman"] * 4 + ["lstm"] * 4
    assert data["initializer.scale.gain"].values.tolist() == [0.8, 1.2] * 4
    assert data["initializer.scale.gain"].attrs == {"symbol": "g", "unit": "1"}
    assert data["task.sequence_length"].attrs["unit"] == "time steps"
    assert data["key"].values.tolist() == [one.key for one in GRID]
    assert data.attrs["experiment.batch_size"] == 3 and "experiment.cell" not in data.attrs
    assert np.isnan(data["cell.forget_bias.value"].values[:4]).all()  # a vanilla RNN has no forget gate
    assert data["cell.forget_bias.value"].values[4:].tolist() == [0.0] * 4


def test_every_run_holds_exactly_what_it_gives_alone_and_nan_elsewhere():
    data, places = here(), 0
    for k, experiment in enumerate(GRID):
        alone = results_of(experiment, NEEDS)["experiment"].data
        for name in NEEDS:
            run, one = data[name].isel(run=k), alone[name]
            labels = {dim: one[dim].values for dim in one.dims if dim in one.coords}
            own = run.sel(labels).isel({dim: slice(one.sizes[dim]) for dim in one.dims if dim not in one.coords})
            np.testing.assert_array_equal(own.values, one.values, name)
            assert int(run.notnull().sum()) == int(one.notnull().sum()), name
            places += run.size - one.size
    assert places, "no curve was shorter than another"


def test_how_much_is_kept_is_what_the_page_says():
    for k, experiment in enumerate([*GRID, OVERFLOWING]):
        said = survival(results_of(experiment, ("gradient_flow",))["experiment"], "gradient").kept
        found = float(sweep([experiment]).gradient_kept[0])
        assert found == said or (np.isnan(found) and np.isnan(said)), k


@pytest.mark.parametrize(
    "executor",
    [
        lambda: ThreadPoolExecutor(3),
        lambda: ProcessPoolExecutor(
            2, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
        ),
        Backwards,
    ],
    ids=["threads", "processes", "backwards"],
)
def test_every_executor_gives_the_same_bits(executor):
    with executor() as pool:
        there = sweep(GRID, NEEDS, executor=pool)
    assert there.identical(here())
    for name in NEEDS:
        assert there[name].values.tobytes() == here()[name].values.tobytes()


def test_a_run_that_is_refused_does_not_lose_the_others():
    data = sweep({"good": BASE, "gone": MISSING, "huge": TOO_LARGE, "wild": OVERFLOWING})
    assert data.run.values.tolist() == ["good", "gone", "huge", "wild"]
    assert data.outcome.values.tolist() == ["completed", "failed", "failed", "diverged"]
    assert data.error.values[0] == data.error.values[3] == ""
    assert data.error.values[1].startswith("MissingContent: ") and "OverBudget: T·N·H" in data.error.values[2]
    assert np.isfinite(data.gradient_kept.values[0]) and np.isnan(data.gradient_kept.values[1:3]).all()
    assert data.overflow_time.values[3] > 0 and not data.overflow_time.values[:3].any()


def test_a_worker_that_dies_is_said_and_an_empty_sweep_is_empty():
    class Broken(Executor):
        def submit(self, function: Any, /, *given: Any, **named: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(ConnectionError("the machine is gone"))
            return future

    data = sweep([BASE], executor=Broken())
    assert data.error.values.tolist() == ["ConnectionError: the machine is gone"]
    assert sweep([]).sizes["run"] == 0


def test_a_study_keeps_its_names_and_progress_is_told():
    told: list[float] = []
    study = comparison(BASE)
    data = sweep(study, tick=told.append)
    assert data.run.values.tolist() == list(study.experiments()) and set(data.coords) == {
        "run", "key", "cell", "cell.activation", "cell.forget_bias", "cell.forget_bias.value", "cell.update_bias",
        "cell.reset",
    }  # fmt: skip
    assert told == [k / 9 for k in range(1, 10)]
    with ThreadPoolExecutor(2) as pool:
        sweep(study, executor=pool, tick=told.append)
    assert told[9:] == told[:9]


def test_a_tick_that_raises_stops_the_sweep():
    def stop(progress: float) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt):
        sweep(GRID, executor=pool, tick=stop)
    with pytest.raises(KeyboardInterrupt):
        sweep(GRID, tick=stop)


def test_an_unknown_diagnostic_is_named():
    with pytest.raises(ValueError, match=f"^needs has no 'kept'; the diagnostics are {', '.join(DIAGNOSTICS)}$"):
        sweep([BASE], ("kept",))


def test_it_can_be_kept_as_netcdf_and_unstacked_into_a_table():
    data = here()
    back = xr.open_dataset(io.BytesIO(data.to_netcdf(engine="h5netcdf")), engine="h5netcdf").load()
    xr.testing.assert_equal(back, data)
    axes = ["cell", "task.sequence_length", "initializer.scale.gain"]
    table = data.gradient_kept.reset_coords(drop=True).drop_vars("run").assign_coords(data[axes].coords)
    table = table.set_index(run=axes).unstack("run")
    assert {axis: table.sizes[axis] for axis in axes} == dict.fromkeys(axes, 2)


def test_it_is_one_of_the_names_of_a_notebook():
    assert rnnviz.sweep is sweep and rnnviz.grid is grid and isinstance(Study(), rnnviz.Study)
