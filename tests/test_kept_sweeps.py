"""A sweep as a file and back: every run its experiment, every number its value; pictures from the command line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from rnnviz.__main__ import application
from rnnviz.api import results_of as computed
from rnnviz.engine import run
from rnnviz.experiment import Experiment, Study, comparison, grid, together
from rnnviz.export.netcdf import netcdf
from rnnviz.figures import HeatMap, ParallelCoordinates
from rnnviz.kept_sweeps import UnreadableSweep, opened, results_of
from rnnviz.sweeps import sweep
from rnnviz.text import LANGUAGES, Text

BASE = Experiment.from_flat({"task.sequence_length": 8, "cell.hidden_size": 3, "batch_size": 2})
GRID = grid(BASE, {"cell": ["elman", "lstm"], "task.sequence_length": [6, 12], "initializer.scale.gain": [0.8, 1.2]})
WORDS = (
    "cell=elman,lstm",
    "initializer.scale.gain=0.8,1.2",
    "task.sequence_length=6",
    "cell.hidden_size=3",
    "batch_size=2",
)


@cache
def file() -> bytes:
    return bytes(sweep(GRID, ("gradient_kept", "gradient_flow")).to_netcdf(engine="h5netcdf"))


def told(*words: object, language: str = "en"):
    return CliRunner().invoke(application(Text(language)), ["sweep", *map(str, words), "--language", language])


def test_every_run_comes_back_with_its_experiment_and_its_number():
    found = results_of(opened(file()))
    assert [run.experiment for run in found.values()] == GRID and list(found) == [str(k) for k in range(8)]
    for name, experiment in zip(found, GRID, strict=True):
        alone = computed(experiment, ("gradient_kept",))["experiment"].data
        assert float(found[name].data.gradient_kept) == float(alone.gradient_kept)
        assert set(found[name].data) == {"gradient_kept"}  # curves are left in the file


def test_names_of_a_study_and_parameters_of_some_runs_only_are_kept():
    study = comparison(BASE.changed({"dtype": "float64"}), changes={"lstm": {"cell.forget_bias": 2.0}})
    found = results_of(opened(bytes(sweep(study).to_netcdf(engine="h5netcdf"))))
    assert {name: run.experiment for name, run in found.items()} == study.experiments()


def test_a_figure_of_the_file_is_the_figure_of_the_study():
    study = Study.of(BASE, {"a": {}, "b": {"initializer.scale.gain": 2.0}, "c": {"cell": "gru"}})
    kept = results_of(opened(bytes(sweep(study).to_netcdf(engine="h5netcdf"))))
    for view in (ParallelCoordinates(), HeatMap()):
        # Networks that differ in gain run together there, and one by one in the sweep: equal but for float32's rounding.
        pd.testing.assert_frame_equal(view.data(kept), view.data(computed(study, view.needs)), rtol=1e-5)


def test_a_failed_run_is_there_without_a_number():
    missing = BASE.changed({"task": "own_text", "task.sha256": "0" * 64})
    found = results_of(opened(bytes(sweep([BASE, missing]).to_netcdf(engine="h5netcdf"))))
    assert np.isnan(float(found["1"].data.gradient_kept)) and found["1"].data.attrs["outcome"] == "failed"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: b"nothing", "unreadable"),
        (lambda: netcdf(run(BASE)), "no_sweep"),
        (lambda: xr.Dataset({"x": 1.0}).to_netcdf(engine="h5netcdf"), "no_sweep"),
        (lambda: changed({"experiment.cell.hidden_size": 10**6}), "not_understood"),
        (lambda: changed({"experiment.nonsense": "yes"}), "not_understood"),
        (lambda: changed({"experiment.seed": np.inf}), "not_understood"),
        (lambda: changed({"example": "abc"}), "not_understood"),
        (lambda: changed({"example": [1, 2]}), "not_understood"),
        (lambda: without("outcome"), "not_understood"),
        (lambda: without("overflow_time"), "not_understood"),
        (lambda: holding("overflow_time", np.nan), "not_understood"),
        (lambda: holding("overflow_time", np.inf), "not_understood"),
        (lambda: holding("gradient_kept", "much"), "not_understood"),
        (lambda: many(2001), "too_large"),
    ],
)
def test_a_hostile_file_is_refused_with_a_reason(made, reason):
    with pytest.raises(UnreadableSweep) as refused:
        results_of(opened(bytes(made())))
    assert refused.value.reason == reason
    for language in LANGUAGES:
        assert Text(language)(f"sweep.error.{reason}", **refused.value.detail)


def changed(attributes: dict[str, object]) -> bytes:
    return bytes(opened(file()).assign_attrs(attributes).to_netcdf(engine="h5netcdf"))


def without(name: str) -> bytes:
    return bytes(opened(file()).drop_vars(name).to_netcdf(engine="h5netcdf"))


def holding(name: str, value: object) -> bytes:
    """The same in every run."""
    return bytes(opened(file()).assign({name: ("run", [value] * len(GRID))}).to_netcdf(engine="h5netcdf"))


def test_runs_that_share_a_name_are_all_there():
    names = ["a", "a", "run-3", "a", "b!", "a", "c", "c"]
    data = opened(file()).assign_coords(run=names)
    found = results_of(opened(bytes(data.to_netcdf(engine="h5netcdf"))))
    assert list(found) == ["a", "run-1", "run-3", "run-3-2", "run-4", "run-5", "c", "run-7"]
    assert [run.experiment for run in found.values()] == GRID
    study = together({name: run.experiment for name, run in found.items()})  # where each has to be a variation's name
    assert list(study.experiments()) == list(found)


def many(runs: int) -> bytes:
    attributes = {"program": "rnnviz", "content": "sweep"}
    return bytes(xr.Dataset(coords={"run": np.arange(runs)}, attrs=attributes).to_netcdf(engine="h5netcdf"))


# — from the command line —


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figure", ["parallel_coordinates", "heat_map"])
def test_a_sweep_is_drawn_at_once_or_from_its_file(tmp_path: Path, figure: str, language: str):
    kept, drawn, again = tmp_path / "sweep.nc", tmp_path / "at-once.csv", tmp_path / "saved.csv"
    assert told(*WORDS, "--out", kept).exit_code == 0
    at_once = told(*WORDS, "--figure", figure, "--out", drawn, language=language)
    saved = told("--saved", kept, "--figure", figure, "--out", again, language=language)
    assert at_once.exit_code == saved.exit_code == 0, at_once.stderr + saved.stderr
    assert drawn.read_bytes() == again.read_bytes() and drawn.read_text().count("\n") == 5
    page = tmp_path / "page.html"
    told("--saved", kept, "--figure", figure, "--out", page, "--dark", language=language)
    assert Text(language)("option.measure.gradient_kept.label") in page.read_text("utf-8")


def test_options_of_the_figure_are_words(tmp_path: Path):
    out = tmp_path / "map.json"
    answer = told(*WORDS, "view.across=2", "view.down=1", "--figure", "heat_map", "--out", out)
    assert answer.exit_code == 0 and '"across": 2' in out.read_text()


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["--figure", "heat_mp", "--out", "x.html"], 2, "Did you mean “heat_map”?"),
        (["view.measure=loss", "--out", "x.html"], 2, "“view.measure” must be one of gradient_kept; it was loss."),
        (["view.acros=1", "--figure", "heat_map", "--out", "x.html"], 2, "across"),
        (["--out", "x.gif"], 2, "must be one of"),
        (["--saved", "nowhere.nc"], 3, "could not be read"),
        (["--saved", __file__], 2, "cannot be read as netCDF"),
        (["cell=lstm", "--saved", __file__], 2, "view.KEY=VALUE"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(words, code, complaint):
    answer = told(*words)
    assert answer.exit_code == code and complaint in answer.stderr and "Traceback" not in answer.stderr
