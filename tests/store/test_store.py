"""The store: what is kept comes back bit for bit, what is damaged is named and set aside, and two programs do no harm."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from rnnviz.cells import GRU, LSTM
from rnnviz.engine import Trainer, run, train
from rnnviz.experiment import Experiment
from rnnviz.export.netcdf import netcdf
from rnnviz.store import DamagedRun, ForeignFile, Lock, Run, Store, UnusableStore, arranged, files, is_held
from rnnviz.store.index import SCHEMA, Index
from rnnviz.tasks import Adding
from rnnviz.trace import Trace
from rnnviz.training import Training

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
BASE = Experiment(task=Adding(sequence_length=8), cell=LSTM(hidden_size=3), training=Training(updates=12))


@cache
def trace(updates: int = 12, seed: int = 0) -> Trace:
    """A training, stopped after so many of its twelve updates."""
    trainer = Trainer(BASE.changed({"seed": seed}))
    for update in trainer.steps():
        if update + 1 == updates:
            break
    return trainer.trace()


def exported(updates: int = 12, seed: int = 0) -> bytes:
    return netcdf(trace(updates, seed))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def old(path: Path) -> None:
    """As if it had been lying there since yesterday."""
    os.utime(path, (time.time() - 86400,) * 2)


# — what is kept —


def test_what_is_taken_in_comes_back_with_all_its_bits(store: Store) -> None:
    run = store.add(exported())
    assert store.runs() == [run] == [store.get(run.key)]
    assert (run.key, run.words, run.state, run.update, run.updates) == (
        trace().experiment.key, trace().experiment.flat(), "completed", 12, 12,
    )  # fmt: skip
    assert run.outcome["state"] == "completed" and run.facts["loss"] == pytest.approx(float(trace().data.loss[-1]))
    data = store.data(run)
    xr.testing.assert_equal(data, trace().data)
    assert all(data[name].values.tobytes() == trace().data[name].values.tobytes() for name in data.data_vars)


def test_a_person_names_tags_and_notes_and_exports_one_file_with_all_of_it(store: Store, tmp_path: Path) -> None:
    key = store.add(exported()).key
    store.name(key, " Vier\n Tore; DROP TABLE runs ", tags=["LSTM", "한국어", "LSTM", " "], note="a\nb")
    run = store.get(key)
    assert (run.title, run.tags, run.note) == ("Vier Tore; DROP TABLE runs", ("LSTM", "한국어"), "a\nb")
    store.name(key, note="c")
    assert store.get(key).title == run.title and store.get(key).note == "c"
    assert len(store.name(key, "x" * 1000).title) == 200
    other = Store(tmp_path / "other")
    came = other.add(store.export(store.get(key)))
    assert (came.key, came.title, came.tags, came.note) == (key, "x" * 200, run.tags, "c")
    xr.testing.assert_equal(other.data(came), trace().data)
    assert store.name("0" * 16, "nobody") is None


def test_a_file_that_knows_more_of_a_run_wins_and_nothing_written_by_a_person_is_lost(store: Store) -> None:
    key = store.add(exported(5)).key
    assert store.get(key).state == "stopped" and store.get(key).outcome["update"] == 5
    store.name(key, "mine")
    more = store.add(exported(9))
    assert (more.update, more.title) == (9, "mine") and store.data(more).sizes["update"] == 9
    assert store.add(exported(7)) == more
    for path in store.files.iterdir():
        old(path)
    Store(store.folder)  # the next start takes away what no record names
    assert [path.name for path in store.files.iterdir()] == [more.file] and store.aside.exists() is False


def test_delete_can_be_undone_until_it_cannot(store: Store) -> None:
    run = store.add(exported())
    store.delete(run.key)
    assert store.runs() == [] and [one.key for one in store.runs(deleted=True)] == [run.key]
    store.undelete(run.key)
    assert store.runs() == [run]
    store.change(run.key, lambda one: one and Run(**{**vars(one), "deleted": time.time() - 31 * 86400}))
    store.sweep()
    assert store.get(run.key) is None and list(store.files.iterdir()) == []


def test_a_list_is_filtered_and_sorted(store: Store) -> None:
    keys = [store.add(exported(updates, seed)).key for updates, seed in ((12, 0), (5, 1), (9, 2))]
    store.name(keys[1], "Beta gates", tags=["slow"])
    runs = store.runs()

    def seeds(**how: object) -> list[object]:
        return [run.words["seed"] for run in arranged(runs, **how)]  # type: ignore[arg-type]

    assert seeds(sort="update", rising=True) == [1, 2, 0] and seeds(sort="seed") == [2, 1, 0]
    assert seeds(sort="title")[0] == 1 and seeds(sort="cell.forget_bias.nothing") != []
    assert seeds(containing="gates SLOW") == [1] and seeds(containing="seed=2") == [2] and seeds(containing="zzz") == []
    assert seeds(states=["completed"]) == [0]
    losses = [run.facts["loss"] for run in arranged(runs, sort="loss")]
    assert losses == sorted(losses, reverse=True)


# — what is not as it should be —


def test_a_flipped_bit_in_a_file_is_found_named_and_set_aside(store: Store) -> None:
    good, bad = store.add(exported()), store.add(exported(12, 1))
    path = store.files / bad.file
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)
    assert store.check() == [bad.key] and store.check() == []
    assert [(one.key, one.state) for one in sorted(store.runs(), key=lambda run: run.state)] == [
        (good.key, "completed"), (bad.key, "damaged"),
    ]  # fmt: skip
    (damage,) = store.damage()
    assert damage.name == bad.key and (store.aside / damage.aside).read_bytes() == bytes(data)
    store.add(exported(12, 1))
    assert store.data(store.get(bad.key)) is not None


def test_a_file_that_is_gone_is_said(store: Store) -> None:
    run = store.add(exported())
    (store.files / run.file).unlink()
    with pytest.raises(DamagedRun, match=f"the file of run {run.key} is damaged"):
        store.data(run)
    assert store.get(run.key).state == "damaged" and store.damage()[0].reason == "gone"
    with pytest.raises(KeyError, match="no file yet"):
        store.file(store.get(run.key))


def test_a_flipped_bit_in_a_record_costs_this_record_and_its_file_brings_it_back(store: Store) -> None:
    runs = [store.add(exported(12, seed)) for seed in range(3)]
    with closing(sqlite3.connect(store.folder / "index.sqlite")) as db, db:
        db.execute(
            "UPDATE runs SET record = replace(record, '\"update\": 12', '\"update\": 13') WHERE key = ?",
            [runs[1].key],
        )
    assert {one.key for one in store.runs()} == {runs[0].key, runs[2].key}
    assert store.damage()[0].name == runs[1].key and store.damage()[0].reason == "record"
    old(store.files / runs[1].file)
    assert {one.key for one in Store(store.folder).runs()} == {one.key for one in runs}


@pytest.mark.parametrize("garbage", [b"this is no database", b""], ids=["garbage", "empty"])
def test_an_index_that_is_destroyed_is_made_anew_from_the_files(store: Store, garbage: bytes) -> None:
    keys = {store.add(exported(12, seed)).key for seed in range(2)}
    for path in store.folder.glob("index.sqlite*"):
        path.unlink()
    if garbage:
        (store.folder / "index.sqlite").write_bytes(garbage * 1000)
    else:  # lost altogether: the files are taken in when nobody can be writing them any more
        for path in store.files.iterdir():
            old(path)
    again = Store(store.folder)
    assert {run.key for run in again.runs()} == keys
    assert [damage.name for damage in again.damage()] == (["index.sqlite"] if garbage else [])
    assert all(again.data(run) is not None for run in again.runs())


def test_a_torn_page_in_the_index_is_noticed(store: Store) -> None:
    keys = {store.add(exported(12, seed)).key for seed in range(2)}
    with closing(sqlite3.connect(store.folder / "index.sqlite")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = store.folder / "index.sqlite"
    data = bytearray(path.read_bytes())
    data[4096:8192] = os.urandom(4096)
    path.write_bytes(data)
    assert {run.key for run in Store(store.folder).runs()} == keys


def test_a_store_of_a_newer_version_is_left_alone(store: Store) -> None:
    with closing(sqlite3.connect(store.folder / "index.sqlite")) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    before = (store.folder / "index.sqlite").read_bytes()
    with pytest.raises(UnusableStore) as refused:
        Store(store.folder)
    assert refused.value.reason == "newer"
    assert refused.value.detail == {"folder": str(store.folder), "version": SCHEMA + 1, "known": SCHEMA}
    assert (store.folder / "index.sqlite").read_bytes() == before


def test_a_folder_that_cannot_be_a_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UnusableStore) as refused:
            Store(place)
        assert refused.value.reason == "unopened" and refused.value.detail["folder"] == str(place)


def test_foreign_files_are_named_and_set_aside(store: Store) -> None:
    run = store.add(exported())
    theirs = xr.Dataset({"temperature": ("time", [1.0, 2.0])})
    for name, data in {
        "holiday.jpg": b"\xff\xd8\xff",
        "climate.nc": bytes(theirs.to_netcdf(engine="h5netcdf")),
        "half.nc": exported()[:2000],
    }.items():
        (store.files / name).write_bytes(data)
        old(store.files / name)
    (store.files / "a friend's.nc").write_bytes(exported(12, 7))
    old(store.files / "a friend's.nc")
    again = Store(store.folder)
    assert {one.words["seed"] for one in again.runs()} == {0, 7}
    assert {damage.name for damage in again.damage()} == {"holiday.jpg", "climate.nc", "half.nc"}
    assert len(list(again.aside.iterdir())) == 3 and again.data(run) is not None


def huge() -> bytes:
    """A few kB that promise 8 TB."""
    made = io.BytesIO(exported())
    with h5py.File(made, "a") as file:
        del file["loss"]
        file.create_dataset("loss", shape=(10**12,), dtype="f8", chunks=(1000,))
    return made.getvalue()


def renamed(**attributes: object) -> bytes:
    return shortened(12, **attributes)


def shortened(updates: int, **attributes: object) -> bytes:
    data = xr.open_dataset(io.BytesIO(exported(updates)), engine="h5netcdf").load()
    return bytes(data.assign_attrs(attributes).to_netcdf(engine="h5netcdf"))


def counted(updates: object) -> bytes:
    data = xr.open_dataset(io.BytesIO(exported()), engine="h5netcdf").load()
    return bytes(data.assign_coords(update=("update", updates)).to_netcdf(engine="h5netcdf"))


def said(experiment: Experiment) -> str:
    return json.dumps(experiment.flat())


UNTIMELY = ([1.0, 2.0], np.inf, np.nan, -1.0, "long")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (lambda: b"", "unreadable"),
        (lambda: b"\x89HDF\r\n\x1a\n" + b"\0" * 500, "unreadable"),
        (huge, "too_large"),
        (lambda: renamed(program="other"), "not_ours"),
        (lambda: renamed(experiment='{"cell": "transformer"}'), "cell must be one of elman, lstm, gru"),
        (lambda: renamed(experiment="[1]"), "not_understood"),
        (lambda: renamed(key="../../../etc"), "other_key"),
        (lambda: renamed(key=BASE.changed({"seed": 1}).key), "other_key"),
        (lambda: renamed(key=BASE.changed({"seed": 1}).key, fingerprints='{"seed": 1}'), "fingerprints"),
        (lambda: renamed(fingerprints="[]"), "words"),
        (lambda: renamed(experiment=said(BASE.changed({"training.updates": 13}))), "other_key"),
        (lambda: shortened(5, outcome="completed"), r"other_length \(found = 5, updates = 12\)"),
        (lambda: shortened(5, ended_at_update=12), "other_length"),
        (lambda: shortened(5, outcome="diverged"), "other_length"),
        (lambda: renamed(outcome="diverged"), "other_length"),
        (lambda: counted([*"abcdefghijkl"]), "not_understood"),
        (lambda: counted(np.arange(12) * 2), "not_understood"),
        (lambda: netcdf(run(BASE)), r"other_length \(found = 0, updates = 12\)"),
        (lambda: renamed(outcome="won"), "it ended as 'won'"),
        (lambda: renamed(tags="{}"), "not_understood"),
        (lambda: renamed(tags="[1]"), "not_understood"),
        (lambda: renamed(tags="[" * 100_000), "not_understood"),
        (lambda: renamed(tags='["\\ud800"]'), "surrogates"),
        (lambda: renamed(experiment="[" * 100_000), "not_understood"),
        (lambda: renamed(experiment='{"seed": ' + "[" * 900 + "]" * 900 + "}"), "not_understood"),
        (lambda: renamed(overflow_time=np.inf), "not_understood"),
        (lambda: renamed(overflow_time=np.nan), "not_understood"),
        (lambda: renamed(overflow_time=[1, 2]), "not_understood"),
        (lambda: shortened(5, ended_at_update=np.inf), "not_understood"),
        *((lambda seconds=seconds: renamed(seconds=seconds), "not_understood") for seconds in UNTIMELY),
    ],
)
def test_a_hostile_file_is_refused_and_leaves_nothing(store: Store, data, why) -> None:
    with pytest.raises(ForeignFile, match=why):
        store.add(data())
    assert store.runs() == [] and list(store.files.iterdir()) == []


def test_a_run_on_other_data_keeps_its_key_where_the_file_proves_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = BASE.changed({"task": "characters", "task.sequence_length": 6, "training.updates": 2})
    monkeypatch.setattr("rnnviz.tasks.characters.fingerprint_of", lambda module: f"{module} of another Python")
    theirs, key = netcdf(train(experiment)), experiment.key
    assert store.add(theirs).key == key
    monkeypatch.undo()
    assert experiment.key != key
    other = Store(tmp_path / "other")
    came = other.add(theirs)
    assert (came.key, came.state) == (key, "completed") and Store(other.folder).get(experiment.key) is None
    assert Store(tmp_path / "third").add(other.export(came)).key == key
    data = xr.load_dataset(io.BytesIO(theirs), engine="h5netcdf")
    data.attrs["fingerprints"] = data.attrs["fingerprints"].replace("another", "no")
    with pytest.raises(ForeignFile, match="other_key"):
        other.add(bytes(data.to_netcdf(engine="h5netcdf")))


def test_what_can_be_gone_on_with_here_gives_way_to_its_end_only(store: Store) -> None:
    mine = Run(BASE.key, BASE.flat(), "interrupted", 0.0, 0.0, updates=12)
    store.change(mine.key, lambda _: mine)
    store.job(mine.key).mkdir(parents=True)  # with a checkpoint, of an update that the record does not know
    assert store.add(exported(5)) == mine
    done = store.add(exported())
    assert (done.state, done.update) == ("completed", 12)


def test_a_deleted_run_that_is_taken_in_again_has_all_that_is_known_of_it(store: Store) -> None:
    run = store.add(exported(9))
    store.delete(run.key)
    assert store.add(exported(5)) == run
    store.delete(run.key)
    (store.files / run.file).unlink()
    assert store.add(exported(5)).update == 5


class Died(BaseException):
    """As kill -9: nobody catches it."""


@pytest.mark.parametrize("steps", range(6))
def test_a_purge_that_is_cut_short_brings_nothing_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    key = store.add(exported(5)).key
    store.add(exported(9))  # two files, of which a record names one
    store.job(key).mkdir(parents=True)
    store.delete(key)
    left = iter(range(steps))

    def dying(thing):
        def step(*args, **options):
            if next(left, None) is None:
                raise Died
            return thing(*args, **options)

        return step

    with monkeypatch.context() as patched, suppress(Died):
        for owner, name in ((Index, "change"), (Path, "unlink"), (shutil, "rmtree")):
            patched.setattr(owner, name, dying(getattr(owner, name)))
        store.purge(key)
    for path in store.files.iterdir():
        old(path)
    again = Store(store.folder)
    assert again.runs() == [] and (steps < 5 or again.get(key) is None)
    again.purge(key)
    assert again.get(key) is None and list(again.files.iterdir()) == []


# — two programs —

WRITER = """
import sys
from pathlib import Path
from rnnviz.store import Run, Store
from dataclasses import replace
store, name = Store(Path(sys.argv[1])), sys.argv[2]
for n in range(60):
    data = f"{name} {n} ".encode() * 5000
    key = f"{n:016x}"
    file, sha256, size = store.keep(key, data)
    def more(run):
        run = run or Run(key, {}, "completed", 0.0, 0.0)
        return replace(run, update=run.update + 1, tags=(*run.tags, name), file=file, sha256=sha256, size=size)
    store.change(key, more)
    print(n, flush=True)
"""


def writer(folder: Path, name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], cwd=ROOT, stdout=subprocess.PIPE)


def test_two_programs_at_once_lose_nothing(store: Store) -> None:
    programs = [writer(store.folder, name) for name in ("one", "two")]
    while any(program.poll() is None for program in programs):
        store.runs()  # a third one reads all the while
        time.sleep(0.01)
    assert [program.wait(PATIENCE) for program in programs] == [0, 0]
    runs = store.runs()
    assert len(runs) == 60 and all(run.update == 2 and sorted(run.tags) == ["one", "two"] for run in runs)
    assert store.check() == [] and store.damage() == []


def test_a_writer_that_is_killed_leaves_whole_runs_only(store: Store) -> None:
    for attempt in range(5):
        program = writer(store.folder, f"n{attempt}")
        assert program.stdout is not None
        for line in program.stdout:
            if int(line) >= 3 * attempt:
                break
        time.sleep(0.003 * attempt)
        program.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        program.wait(PATIENCE)
    assert store.runs() and store.check() == [] and store.damage() == []


def test_a_half_written_file_is_never_seen_and_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept"
    files.write(path, b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"after")
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
    part = tmp_path / ".kept.0000.part"
    part.write_bytes(b"aft")
    files.sweep(tmp_path)
    assert part.exists()  # its writer may be at work
    old(part)
    files.sweep(tmp_path)
    assert not part.exists()


HOLDER = "import sys, time; from pathlib import Path; from rnnviz.store import Lock\n"
HOLDER += "lock = Lock(Path(sys.argv[1])); print(lock.take(), flush=True); time.sleep(1000)"


def test_a_lock_is_free_as_soon_as_its_holder_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"True\n"
    assert is_held(path) and is_held(path) and not Lock(path).take()
    with pytest.raises(TimeoutError, match="lock is held by another process"), Lock(path, patience=0.05):
        pass
    holder.kill()
    holder.wait(PATIENCE)
    assert not is_held(path)
    with Lock(path):
        assert is_held(path)
    assert not is_held(path)


def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNVIZ_STORE", str(tmp_path / "here"))
    assert Store().folder == tmp_path / "here"


def test_a_run_of_another_cell_is_another_run(store: Store) -> None:
    one = store.add(exported())
    other = Trainer(BASE.changed({"cell": "gru"}))
    assert isinstance(other.experiment.cell, GRU)
    list(other.steps())
    assert store.add(netcdf(other.trace())).key != one.key and len(store.runs()) == 2
