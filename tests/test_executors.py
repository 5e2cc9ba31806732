"""Sweeps elsewhere: real processes, a real Dask scheduler with two real workers, and real kills. Always the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import xarray as xr
from distributed import Client
from typer.testing import CliRunner

from rnnviz.__main__ import application
from rnnviz.command.words import experiments
from rnnviz.executors import NoExecutor, Processes, executor_on
from rnnviz.experiment import Experiment, grid
from rnnviz.sweeps import sweep
from rnnviz.text import LANGUAGES, Text

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
BASE = Experiment.from_flat({"task.sequence_length": 12, "cell.hidden_size": 4, "batch_size": 3})
GRID = grid(BASE, {"cell": ["elman", "lstm", "gru"], "initializer.scale.gain": [0.8, 1.2]})
NEEDS = ("gradient_kept", "gradient_flow")
# One that takes seconds, so that its worker can be found at it when all others are done.
SLOW = BASE.changed({"training": "training", "training.updates": 1200, "task.sequence_length": 60})


def same_bits(one: xr.Dataset, other: xr.Dataset) -> bool:
    return one.identical(other) and all(one[name].values.tobytes() == other[name].values.tobytes() for name in NEEDS)


class Cluster:
    """`dask scheduler` and two `dask worker` processes of this machine, as a person starts them."""

    def __init__(self, folder: Path):
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard")
        self.workers = [self.start_worker(), self.start_worker()]
        with Client(scheduler_file=str(self.file), timeout=PATIENCE, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=PATIENCE)
            self.address = str(client.scheduler.address)

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def _start(self, role: str, *options: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "distributed.cli.dask_" + role,
            "--scheduler-file",
            str(self.file),
            *options,
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, cwd=self.file.parent, env=environment, stderr=subprocess.DEVNULL)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(PATIENCE)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.close()


@contextmanager
def killing(find: object) -> Iterator[list[int]]:
    """While the block runs, kill -9 the process that `find` gives, as soon as there is one."""
    killed: list[int] = []

    def hunt() -> None:
        until = time.monotonic() + PATIENCE
        while not killed and time.monotonic() < until:
            found = find()  # type: ignore[operator]
            if found:
                os.kill(found, KILL)
                killed.append(found)
            time.sleep(0.02)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    yield killed
    hunter.join()


def test_processes_give_the_same_bits():
    with Processes(2) as processes:
        assert same_bits(sweep(GRID, NEEDS, executor=processes), sweep(GRID, NEEDS))


def test_a_process_killed_in_the_middle_costs_nobody_an_answer():
    """Once is tried again; the other process and what was done already know nothing of it."""
    mine, many, told = psutil.Process(), [*GRID[:3], SLOW, *GRID[3:]], list[float]()

    def busy_when_the_others_are_done() -> int:
        if len(told) < len(GRID):
            return 0
        spawned = [one for one in mine.children() if "spawn_main" in " ".join(one.cmdline())]
        return next((one.pid for one in spawned if one.cpu_percent(0.1) > 5), 0)

    with Processes(2) as processes, killing(busy_when_the_others_are_done) as killed:
        found = sweep(many, NEEDS, executor=processes, tick=told.append)
    assert killed and found.error.values.tolist() == [""] * len(many) and len(told) == len(many)
    assert same_bits(found, sweep(many, NEEDS))


def deadly(word: str) -> str:
    if word == "die":
        os._exit(9)
    return word


def test_an_experiment_that_kills_its_process_twice_is_said_and_the_others_stay():
    with Processes(2) as processes:
        futures = [processes.submit(deadly, word) for word in ("a", "die", "b", "c")]
        assert [one.result() for one in (futures[0], *futures[2:])] == ["a", "b", "c"]
        assert type(futures[1].exception()).__name__ == "BrokenProcessPool"


def test_dask_gives_the_same_bits(cluster: Cluster):
    with executor_on("dask", cluster.address) as executor:
        assert same_bits(sweep(GRID, NEEDS, executor=executor), sweep(GRID, NEEDS))


def test_a_dask_worker_killed_in_the_middle_costs_nobody_an_answer(cluster: Cluster):
    many, told = [*GRID, *grid(SLOW, {"seed": [1, 2]})], list[float]()

    def when_half_is_done() -> int:
        return cluster.workers[0].pid if len(told) >= len(GRID) else 0

    with executor_on("dask", cluster.address) as executor, killing(when_half_is_done) as killed:
        found = sweep(many, NEEDS, executor=executor, tick=told.append)
    cluster.workers[0].wait(PATIENCE)
    cluster.workers[0] = cluster.start_worker()
    assert killed and found.error.values.tolist() == [""] * len(many) and len(told) == len(many)
    assert same_bits(found, sweep(many, NEEDS))


# — on the command line —

WORDS = ["cell=elman,lstm", "initializer.scale.gain=0.8,1.2", "cell.hidden_size=4", "task.sequence_length=12"]


def told(*words: str):
    return CliRunner().invoke(application(Text("en")), ["sweep", *words])


@pytest.mark.parametrize("place", ["serial", "processes", "dask"])
def test_a_sweep_on_the_command_line_is_the_sweep_of_a_notebook(place, cluster: Cluster, tmp_path: Path):
    out = tmp_path / "sweep.nc"
    scheduler = ["--scheduler", cluster.address] if place == "dask" else []
    answer = told(*WORDS, "--needs", ",".join(NEEDS), "--on", place, *scheduler, "--out", str(out))
    assert answer.exit_code == 0, answer.stderr
    expected = sweep(experiments(WORDS), NEEDS)
    with xr.open_dataset(out, engine="h5netcdf") as kept:
        xr.testing.assert_equal(kept.load(), expected)
        assert all(kept[name].values.tobytes() == expected[name].values.tobytes() for name in NEEDS)
    head, *lines, file = answer.stdout.splitlines()
    assert head.split()[:2] == ["gradient_kept", "outcome"] and len(lines) == 4 and file == f"file: {out}"
    assert all(key in line for key, line in zip(expected.key.values, lines, strict=True))


def test_commas_name_several_values():
    made = experiments(["cell=elman,lstm", "seed=1,2,3", "batch_size=5"])
    assert [(one.cell.kind, one.seed, one.batch_size) for one in made] == [
        (cell, seed, 5) for cell in ("elman", "lstm") for seed in (1, 2, 3)
    ]
    assert experiments(["seed=4"]) == [Experiment(seed=4)]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["--on", "moon"], 2, "“--on” must be one of serial, processes, dask; it was moon."),
        (["--on", "dask"], 2, "“--scheduler” must be a word of the form tcp://HOST:PORT"),
        (["--on", "dask", "--scheduler", "tcp://127.0.0.1:1"], 3, "No Dask scheduler answered at “tcp://127.0.0.1:1”"),
        (["--needs", "gradient_flo"], 2, "Did you mean “gradient_flow”?"),
        (
            ["--out", "sweep.xls"],
            2,
            "“--out” must be one of png, svg, pdf, html, csv, json, ipynb, py, nc; it was xls.",
        ),
        (["seed=1,-2"], 2, "“seed” must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_before_anything_runs(words, code, complaint, monkeypatch):
    monkeypatch.setattr("rnnviz.executors.PATIENCE", 2)
    answer = told(*words)
    assert answer.exit_code == code and complaint in answer.stderr and "Traceback" not in answer.stderr


def test_without_dask_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NoExecutor) as refused, executor_on("dask", "tcp://127.0.0.1:1"):
        pass
    for language in LANGUAGES:
        assert "rnnviz[dask]" in Text(language)(f"sweep.error.{refused.value.reason}", **refused.value.detail)
