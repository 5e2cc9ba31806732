"""`rnnviz runs`: the store from the command line, in both languages, with a sentence for everything that can be wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import xarray as xr
from typer.testing import CliRunner

from rnnviz.__main__ import application
from rnnviz.cells import LSTM
from rnnviz.engine import run, train
from rnnviz.experiment import Experiment
from rnnviz.export.netcdf import netcdf
from rnnviz.jobs import Batch
from rnnviz.store import Store, reading
from rnnviz.tasks import Adding
from rnnviz.text import LANGUAGES, Text
from rnnviz.training import Training
from rnnviz.trainings import Trainings

BASE = Experiment(task=Adding(sequence_length=6), cell=LSTM(hidden_size=3), training=Training(updates=5))


@cache
def exported(seed: int = 0) -> bytes:
    return netcdf(train(BASE.changed({"seed": seed})))


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("RNNVIZ_STORE", str(tmp_path / "store"))
    return Store()


@pytest.fixture
def jobs(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainings]:
    lane = Batch(workers=1)
    server = Trainings(store, lane)
    monkeypatch.setattr(sys.modules["rnnviz.trainings.jobs"], "_one", server)
    yield server
    lane.close()


def told(*words: object, language: str = "en"):
    return CliRunner().invoke(application(Text(language)), ["runs", *map(str, words)])


def test_a_run_goes_in_is_named_found_and_comes_out_again(store: Store, tmp_path: Path):
    file, out = tmp_path / "given.nc", tmp_path / "taken.nc"
    file.write_bytes(exported())
    answer = told("import", file)
    assert answer.exit_code == 0 and answer.stdout.startswith(BASE.key) and "finished  5/5" in answer.stdout
    assert "first try  #adding  #slow" in told("name", BASE.key[:6], "first try", "--tags", "adding,slow").stdout
    assert told("list", "--containing", "first seed=0").stdout.count("\n") == 1
    assert told("list", "--containing", "second").stdout == "No such run is kept.\n"
    shown = told("show", BASE.key).stdout
    assert "\ntrained\n" in shown and "cell=lstm\n" in shown and "training.updates=5\n" in shown
    words = dict(line.split("=", 1) for line in shown.splitlines()[2:])
    assert Experiment.from_flat(words) == BASE
    assert told("export", BASE.key, "--out", out).exit_code == 0
    kept = xr.load_dataset(out, engine="h5netcdf")
    xr.testing.assert_equal(kept, train(BASE).data)
    assert kept.attrs["title"] == "first try"


def test_a_list_is_sorted_and_filtered(store: Store):
    for seed in range(3):
        store.add(exported(seed))
    lines = told("list", "--sort", "seed").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [BASE.changed({"seed": seed}).key for seed in (2, 1, 0)]
    assert told("list", "--state", "diverged", "--state", "stopped").stdout == "No such run is kept.\n"
    assert "손상" not in told("list", language="ko").stdout and "완료" in told("list", language="ko").stdout


def test_a_deleted_run_can_be_brought_back(store: Store):
    store.add(exported())
    assert "For thirty days" in told("delete", BASE.key).stdout
    assert told("list").stdout == "No such run is kept.\n" and BASE.key in told("list", "--deleted").stdout
    assert told("undelete", BASE.key).stdout.startswith(BASE.key) and BASE.key in told("list").stdout


def test_damage_is_named(store: Store):
    run = store.add(exported())
    (store.files / run.file).write_bytes(b"gone")
    assert "found damaged now: 1" in told("check").stdout
    assert f"The file of the run {run.key} is damaged" in told("list").stdout
    assert "has no file yet" in told("export", run.key, "--out", store.folder / "out.nc").stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["show", "f" * 16], "No run that is kept has the key"),
        (["show", ""], "No run that is kept has the key"),
        (["list", "--sort", "los"], "Did you mean “loss”?"),
        (["list", "--state", "paus"], "Did you mean “paused”?"),
        (["import", __file__], "This file cannot be read as netCDF"),
        (["import", "nowhere.nc"], "“nowhere.nc” could not be read"),
        (["export", BASE.key, "--out", "run.pdf"], "“--out” must be one of nc; it was pdf."),
        (["export", BASE.key, "--out", "no/such/folder/run.nc"], "could not be written"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(store: Store, words, complaint):
    store.add(exported())
    answer = told(*words)
    assert answer.exit_code in (2, 3) and complaint in answer.stderr and "Traceback" not in answer.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language):
    text = Text(language)
    for reason in get_args(reading.Reason):
        assert f"error.foreign_file.{reason}" in text and f"runs.damage.{reason}" in text
    assert all(f"runs.damage.{reason}" in text for reason in ("index", "record", "file", "gone"))


def test_whatever_run_writes_can_be_taken_in(tmp_path: Path):
    """A network that was not trained is a run as well."""
    out = tmp_path / "run.nc"
    words = ["cell=gru", "cell.hidden_size=3", "task.sequence_length=6", "--out", str(out)]
    assert CliRunner().invoke(application(Text("en")), ["run", *words]).exit_code == 0
    answer = told("import", out)
    assert answer.exit_code == 0 and "finished  0/0" in answer.stdout, answer.stderr


def test_a_run_is_trained_again_with_a_word_changed_and_kept_beside_the_old_one(store: Store, jobs: Trainings):
    store.add(exported())
    answer = told("rerun", BASE.key[:8], "training.optimizer.learning_rate=0.05")
    wanted = BASE.changed({"training.optimizer.learning_rate": 0.05})
    assert answer.exit_code == 0, answer.stderr
    assert f"key: {wanted.key}" in answer.stdout and "outcome: trained" in answer.stdout
    losses = {one.key: f"{one.key}  Loss over the last tenth of the updates: {end(one):.4g};" for one in (BASE, wanted)}
    assert all(said in answer.stdout for said in losses.values()), answer.stdout
    assert sorted(run.key for run in store.runs()) == sorted(losses)
    xr.testing.assert_identical(store.data(store.get(wanted.key)).drop_attrs(), train(wanted).data.drop_attrs())


def end(experiment: Experiment) -> float:
    return float(train(experiment).data.loss[-1])  # the last tenth of five updates is one


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["training.optimizer.learning_rat=0.05"], 2, "learning_rate"),
        (["faster"], 2, "KEY=VALUE"),
        (["training.updates=0"], 2, "1"),
        (["task.sequence_length=10000", "cell.hidden_size=512", "batch_size=256"], 2, "too much work"),
    ],
)
def test_a_wrong_word_trains_nothing(store: Store, jobs: Trainings, words, code, complaint):
    store.add(exported())
    answer = told("rerun", BASE.key, *words)
    assert answer.exit_code == code and complaint in answer.stderr and len(store.runs()) == 1


def test_what_was_never_trained_cannot_be_trained_again(store: Store, jobs: Trainings):
    untrained = BASE.changed({"training": "none"})
    store.add(netcdf(run(untrained)))
    answer = told("rerun", untrained.key, "seed=3", language="ko")
    assert answer.exit_code == 2 and "학습한 것이 아니어서" in answer.stderr


def test_a_full_queue_is_said(store: Store, monkeypatch: pytest.MonkeyPatch):
    lane = Batch(workers=1, queue_limit=0)
    monkeypatch.setattr(sys.modules["rnnviz.trainings.jobs"], "_one", Trainings(store, lane))
    store.add(exported())
    answer = told("rerun", BASE.key, "seed=5")
    assert answer.exit_code == 3 and "queue of trainings is full" in answer.stderr
    lane.close()


def test_a_language_that_there_is_not_is_refused_before_anything_is_done():
    for command in (("list",), ("check",), ("show", "a" * 16)):
        answer = told(*command, "--language", "xx")
        assert answer.exit_code == 2 and "xx" in answer.stderr and not answer.stdout
