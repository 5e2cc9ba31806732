"""Trainings as jobs: real workers, real kills; whatever happens, the path is the one of a training that was left alone."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import psutil
import pytest
import torch
import xarray as xr

from rnnviz.cells import LSTM, Elman
from rnnviz.engine import train
from rnnviz.engine.budget import OverBudget
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.initializers import Gain, Gaussian
from rnnviz.jobs import Answer, Batch, Failure
from rnnviz.optimizers import SGD
from rnnviz.store import Run, Store, files
from rnnviz.tasks import Adding, Noise
from rnnviz.text import LANGUAGES, Text
from rnnviz.training import Training
from rnnviz.trainings import State, Status, Trainings
from rnnviz.trainings.place import Place
from rnnviz.trainings.work import PATIENCE as WORDS
from rnnviz.trainings.work import work

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0  # s; a worker starts in 3, on a loaded machine in 20
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)

SHORT = Experiment(task=Adding(sequence_length=20), cell=LSTM(hidden_size=6), training=Training(updates=40))
# Some seconds of updates: long enough to be caught at work, short enough to be made twice.
LONG = Experiment(task=Adding(sequence_length=100), cell=LSTM(hidden_size=16), training=Training(updates=800))
UNSTABLE = Experiment(
    task=Noise(sequence_length=30), cell=Elman(hidden_size=8, activation="relu"), batch_size=4, loss=LossAtEvery(),
    initializer=Gaussian(scale=Gain(gain=1.5)), training=Training(updates=50, optimizer=SGD(learning_rate=10.0)),
)  # fmt: skip

Make = Callable[..., Trainings]


@cache
def alone(experiment: Experiment) -> xr.Dataset:
    """What a training that nothing happens to writes down, on one thread as a worker has it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(experiment).data
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Programs on one store, each with a lane of its own."""
    lanes: list[Batch] = []

    def program(workers: int = 1, queue_limit: int = 8) -> Trainings:
        lanes.append(Batch(workers=workers, queue_limit=queue_limit, linger=0.5))
        return Trainings(Store(tmp_path), lanes[-1], checkpoints=0.2)

    yield program
    for lane in lanes:
        lane.close()


def eventually(found: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


def status(jobs: Trainings, experiment: Experiment) -> Status:
    found = jobs.status(experiment.key)
    assert found is not None
    return found


def reaches(jobs: Trainings, experiment: Experiment, state: str) -> Status:
    eventually(lambda: not status(jobs, experiment).active)
    found = status(jobs, experiment)
    assert found.state == state, found
    return found


def under_way(jobs: Trainings, experiment: Experiment, update: int = 1) -> Status:
    """At work, with a checkpoint that is not from the beginning."""
    kept, seen = Place(jobs.store.job(experiment.key))._checkpoint, list[Status]()

    def well_begun() -> bool:
        seen.append(status(jobs, experiment))
        return seen[-1].update >= update and kept.exists()

    eventually(well_begun)
    assert seen[-1].state == "running" and seen[-1].rate, seen[-1]
    return seen[-1]


def the_same_path(jobs: Trainings, experiment: Experiment) -> bool:
    log = jobs.log(experiment.key)
    assert log is not None
    xr.testing.assert_equal(log, alone(experiment))
    assert all(log[name].values.tobytes() == alone(experiment)[name].values.tobytes() for name in log.data_vars)
    return True


def workers_of(parent: int) -> set[int]:
    """Process ids; a zombie has no command line, and other lanes of this process may have workers too."""
    return {one.pid for one in psutil.Process(parent).children() if "rnnviz.worker" in one.cmdline()}


def test_a_training_is_queued_runs_and_is_kept(make: Make) -> None:
    jobs = make()
    started = jobs.start(SHORT)
    assert started.state in ("queued", "running") and started.key == SHORT.key and started.updates == 40
    done = reaches(jobs, SHORT, "completed")
    assert (done.update, done.outcome.state, done.failure) == (40, "completed", None) and done.seconds > 0
    assert the_same_path(jobs, SHORT) and jobs.jobs() == []
    run = jobs.store.get(SHORT.key)
    assert run.facts["loss"] == pytest.approx(float(alone(SHORT).loss[-4:].mean())) and run.words == SHORT.flat()
    assert not jobs.store.job(SHORT.key).exists()
    assert jobs.start(SHORT).state == "completed"  # once is enough


def test_the_log_grows_while_it_runs_and_says_how_long_it_will_take(make: Make) -> None:
    jobs = make()
    jobs.start(LONG)
    found, log = under_way(jobs, LONG, 20), jobs.log(LONG.key)
    assert [one.key for one in jobs.jobs()] == [LONG.key]  # now: it may end while it is made again below
    assert found.rate > 0 and 0 < found.seconds_left < 1000 and 0 < found.update < 800
    reached = log.sizes["update"]
    xr.testing.assert_identical(log, alone(LONG).isel(update=slice(reached), snapshot=slice(log.sizes["snapshot"])))
    eventually(lambda: jobs.log(LONG.key).sizes["update"] > reached)
    jobs.delete(LONG.key)


def test_a_stop_takes_a_second_and_keeps_what_was_done(make: Make) -> None:
    jobs = make()
    jobs.start(LONG)
    before = under_way(jobs, LONG)
    jobs.stop(LONG.key)
    found = reaches(jobs, LONG, "stopped")
    # In its own time, which on a busy machine is not ours; the log that we saw may be five words of 0.2 s old.
    assert found.update - before.update <= (1 + WORDS * 0.2) * before.rate + 1
    assert 0 < found.update < 800 and found.outcome.update == found.update
    run = jobs.store.get(LONG.key)
    kept = jobs.store.data(run)
    assert kept.sizes["update"] == found.update == run.update and kept.attrs["outcome"] == "stopped"
    assert (kept.loss.values == alone(LONG).loss.values[: found.update]).all()
    assert jobs.jobs() == [] and jobs.resume(LONG.key).active
    reaches(jobs, LONG, "completed")
    assert the_same_path(jobs, LONG)


def test_pause_makes_room_and_resume_follows_the_same_path(make: Make) -> None:
    jobs = make()
    jobs.start(LONG)
    under_way(jobs, LONG)
    assert jobs.start(SHORT).position == 1
    jobs.pause(LONG.key)
    paused = reaches(jobs, LONG, "paused")
    assert not paused.active and paused.can_resume
    reaches(jobs, SHORT, "completed")
    assert status(jobs, LONG).update == paused.update
    jobs.resume(LONG.key)
    assert reaches(jobs, LONG, "completed").seconds >= paused.seconds
    assert the_same_path(jobs, LONG)


class SlowLane:
    """Takes a job, and lets it go when the test says so."""

    def __init__(self) -> None:
        self.ends: list[Callable[[Answer], None]] = []

    def submit(self, key: str, request: object, ended: Callable[[Answer], None]) -> bool:
        self.ends.append(ended)
        return True

    def cancel(self, key: str) -> None: ...
    def position(self, key: str) -> None: ...


def test_a_resume_while_a_slow_worker_still_puts_it_away_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnnviz.trainings.jobs.WAIT", 0.01)
    lane = SlowLane()
    jobs = Trainings(Store(tmp_path), lane)  # type: ignore[arg-type]
    jobs.start(SHORT)
    for asked in (jobs.pause, jobs.resume, jobs.stop, jobs.resume):
        asked(SHORT.key)
        assert status(jobs, SHORT).active
    lane.ends[0](Failure("cancelled"))
    assert status(jobs, SHORT).active and len(lane.ends) == 2
    jobs.stop(SHORT.key)
    lane.ends[1](Failure("cancelled"))
    assert status(jobs, SHORT).state == "stopped" and len(lane.ends) == 2


def test_a_full_disk_costs_what_is_told_and_not_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, written = set[str](), files.write

    def full(path: Path, *data: bytes, **how: bool) -> None:
        if path.name in ("log.npz", "checkpoint"):
            tried.add(path.name)
            raise OSError(errno.ENOSPC, "No space left on device")
        written(path, *data, **how)

    monkeypatch.setattr(files, "write", full)
    done = work(SHORT, Store(tmp_path), 0.0, lambda _: None)
    assert tried == {"log.npz", "checkpoint"}
    assert done["outcome"]["state"] == "completed" and done["update"] == SHORT.training.updates


def test_queued_in_order_bounded_and_each_once(make: Make) -> None:
    jobs = make(queue_limit=2)
    jobs.start(LONG)
    under_way(jobs, LONG)
    second, third, fourth = (SHORT.changed({"seed": seed}) for seed in (1, 2, 3))
    assert [jobs.start(one).position for one in (second, third, second)] == [1, 2, 1]
    assert jobs.start(fourth).state == "busy" and jobs.status(fourth.key) is None
    assert [one.state for one in jobs.jobs()] == ["running", "queued", "queued"]
    assert jobs.pause(second.key).state == "paused" and status(jobs, third).position == 1
    jobs.delete(LONG.key)
    reaches(jobs, third, "completed")
    assert status(jobs, second).update == 0 and jobs.log(second.key) is None
    jobs.resume(second.key)
    reaches(jobs, second, "completed")


def test_a_worker_killed_leaves_an_interrupted_training_that_goes_on_along_the_same_path(make: Make) -> None:
    jobs, others = make(), workers_of(os.getpid())
    jobs.start(LONG)
    under_way(jobs, LONG, 20)
    (worker,) = workers_of(os.getpid()) - others
    os.kill(worker, KILL)
    found = reaches(jobs, LONG, "interrupted")
    assert found.failure.kind == "crashed" and found.can_resume and found.update >= 20
    kept = Place(jobs.store.job(LONG.key)).kept()
    assert 0 < kept.update <= 800
    assert jobs.resume(LONG.key).active
    reaches(jobs, LONG, "completed")
    assert the_same_path(jobs, LONG)


PROGRAM = """
import sys, time
from pathlib import Path
from rnnviz.experiment import Experiment
from rnnviz.jobs import Batch
from rnnviz.store import Run, Store
from rnnviz.trainings import Trainings
jobs = Trainings(Store(Path(sys.argv[1])), Batch(workers=1), checkpoints=0.2)
for flat in eval(sys.argv[2]):
    jobs.start(Experiment.from_flat(flat))
print("started", flush=True)
time.sleep(1000)
"""


def another_program(folder: Path, *experiments: Experiment) -> subprocess.Popen[bytes]:
    words = repr([one.flat() for one in experiments])
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), words], cwd=ROOT, stdout=subprocess.PIPE)
    assert program.stdout is not None and program.stdout.readline() == b"started\n"
    return program


def test_the_whole_app_killed_leaves_interrupted_trainings_and_another_takes_them_up(
    make: Make, tmp_path: Path
) -> None:
    """And while it lives, the other program sees its jobs, watches them, and does not start them twice."""
    jobs, queued = make(), SHORT.changed({"seed": 9})
    app = another_program(tmp_path, LONG, queued)
    try:
        seen = under_way(jobs, LONG, 20)
        assert seen.elsewhere and not seen.can_pause and jobs.log(LONG.key).sizes["update"] >= 20
        assert status(jobs, queued).state == "queued" and jobs.start(LONG).elsewhere and not jobs.lane.holds(LONG.key)
        assert jobs.pause(LONG.key).state == "running"  # it is not ours to pause
        (worker,) = workers_of(app.pid)
    finally:
        app.kill()
        app.wait(PATIENCE)
    eventually(lambda: not psutil.pid_exists(worker))
    assert [one.state for one in jobs.jobs()] == ["interrupted", "interrupted"]
    assert 0 < Place(jobs.store.job(LONG.key)).kept().update <= 800
    for one in (LONG, queued):
        assert jobs.resume(one.key).active
    for one in (LONG, queued):
        reaches(jobs, one, "completed")
        assert the_same_path(jobs, one)


def test_an_interrupted_training_can_be_left_at_that(make: Make, tmp_path: Path) -> None:
    app = another_program(tmp_path, LONG)
    jobs = make()
    try:
        under_way(jobs, LONG, 20)
    finally:
        app.kill()
        app.wait(PATIENCE)
    eventually(lambda: status(jobs, LONG).state == "interrupted")
    found = jobs.stop(LONG.key)
    assert found.state == "stopped" and found.update >= 20 and jobs.jobs() == []
    assert jobs.store.data(jobs.store.get(LONG.key)).sizes["update"] == found.update == found.outcome.update


def test_a_training_that_diverges_says_where_and_keeps_everything(make: Make) -> None:
    jobs = make()
    jobs.start(UNSTABLE)
    found, expected = reaches(jobs, UNSTABLE, "diverged"), train(UNSTABLE).outcome
    assert found.outcome == expected and expected.update > 0 and expected.parameter
    assert the_same_path(jobs, UNSTABLE) and not found.can_resume


def test_a_damaged_checkpoint_costs_time_and_nothing_else(make: Make) -> None:
    jobs = make()
    jobs.start(LONG)
    under_way(jobs, LONG)
    jobs.pause(LONG.key)
    reaches(jobs, LONG, "paused")
    place = Place(jobs.store.job(LONG.key))
    data = bytearray(place._checkpoint.read_bytes())
    data[len(data) // 2] ^= 1
    place._checkpoint.write_bytes(data)
    jobs.resume(LONG.key)
    reaches(jobs, LONG, "completed")
    assert the_same_path(jobs, LONG)


def test_delete_stops_and_can_be_undone(make: Make) -> None:
    jobs = make()
    jobs.start(LONG)
    under_way(jobs, LONG)
    jobs.delete(LONG.key)
    eventually(lambda: not jobs.lane.holds(LONG.key))
    assert jobs.status(LONG.key) is None and jobs.jobs() == [] and jobs.store.runs() == []
    assert jobs.undelete(LONG.key).update > 0 and [one.key for one in jobs.store.runs()] == [LONG.key]


def test_what_cannot_be_trained_is_refused_before_anything_is_kept(make: Make) -> None:
    jobs = make()
    with pytest.raises(ValueError, match="has no training"):
        jobs.start(SHORT.changed({"training": "none"}))
    with pytest.raises(OverBudget) as refused:
        jobs.start(LONG.changed({"training.updates": 100_000, "cell.hidden_size": 512}))
    nearest = {refused.value.parameter: refused.value.nearest, "cell.hidden_size": 512}
    assert refused.value.parameter == "training.updates" and 1 < refused.value.nearest < 100_000
    assert jobs.start(LONG.changed(nearest)).active
    jobs.delete(LONG.changed(nearest).key)
    assert jobs.status("0" * 16) is None and jobs.pause("0" * 16) is None and jobs.log("0" * 16) is None


def test_of_many_who_start_one_training_at_once_one_gets_it(make: Make) -> None:
    """Two programs, eight presses of the button: one job, and everybody is told of it."""
    programs, told = (make(), make()), list[Status]()

    def press(number: int) -> None:
        told.append(programs[number % 2].start(SHORT))

    presses = [threading.Thread(target=press, args=(number,)) for number in range(8)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert len(told) == 8 and all(one.active for one in told)
    assert len({one.elsewhere for one in told}) == 2 and sum(one.lane.holds(SHORT.key) for one in programs) == 1
    for one in programs:
        reaches(one, SHORT, "completed")
        assert the_same_path(one, SHORT)


def test_a_run_of_an_experiment_that_does_not_exist_here_is_left_alone(make: Make) -> None:
    jobs = make()
    strange = Run("0123456789abcdef", {"cell": "hopfield"}, "paused", 0.0, 0.0)
    jobs.store.change(strange.key, lambda _: strange)
    assert jobs.jobs() == [] and jobs.status(strange.key) is None and jobs.resume(strange.key) is None
    assert jobs.stop(strange.key) is None and jobs.store.runs() == [strange]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_words(language: str) -> None:
    assert all(f"run_state.{state}" in Text(language) for state in get_args(State))
