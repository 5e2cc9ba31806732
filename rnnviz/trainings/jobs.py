"""Start, watch, pause, resume, stop: the policy between the store, which remembers, and the batch lane, which works."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import xarray as xr

from rnnviz.choice import InvalidParameter
from rnnviz.engine.budget import check_training
from rnnviz.experiment import Experiment
from rnnviz.export.netcdf import netcdf
from rnnviz.jobs import Answer, Batch, Failure, Result, batch
from rnnviz.store import DamagedRun, Lock, Run, Store, is_held
from rnnviz.store.reading import facts
from rnnviz.trace import Outcome, Trace
from rnnviz.training import NoTraining, NotTrained
from rnnviz.trainings.place import Pace, Place
from rnnviz.trainings.status import State, Status

CHECKPOINTS = 10.0  # seconds between two: the most that a kill -9 can cost
WAIT = 2.0  # seconds in which a worker has nearly always stopped
LEFT_BEHIND = 3600.0  # seconds after which the mark of a program that ended may go
ENDED = ("completed", "diverged")  # by themselves: there is nothing to go on with
AT_REST = ("paused", "interrupted", "failed")  # ended by somebody or something else
OPEN = ("queued", *AT_REST)
AGAIN = "again"  # how a training ends up that was asked for while it was being paused: under way


class Trainings:
    """All trainings of one store, as one program sees them.

    What a record says is what is to be; whether it is so, locks say: of two programs on one store each sees the jobs of
    the other, and one that died leaves `interrupted` ones behind. `queued` in a record stands for running as well.
    """

    def __init__(self, store: Store, lane: Batch, checkpoints: float = CHECKPOINTS):
        self.store, self.lane, self.checkpoints = store, lane, checkpoints
        self.owner = secrets.token_hex(8)
        self._alive = Lock(self._mark(self.owner))
        self._alive.take()
        self._lock = threading.Condition()
        self._open: dict[str, str] = {}  # what is in the lane, and the state in which it is to end up if it is stopped
        self._forget_the_dead()

    # — what can be asked —

    def start(self, experiment: Experiment) -> Status:
        """See to it that this training is under way; one that ended by itself, or is under way, stays as it is.

        Raises OverBudget, and NotTrained for an experiment without training.
        """
        if isinstance(experiment.training, NoTraining):
            raise NotTrained
        check_training(experiment)
        key = experiment.key
        self._await(key, lambda: self._open.get(key) == "")  # one that is being paused has to be paused first
        before: list[Run | None] = []

        def claimed(run: Run | None) -> Run:
            before[:] = [run]
            now = time.time()
            if run is None:
                run = Run(key, experiment.flat(), "", now, now, updates=experiment.training.updates)
            if run.state in ENDED or (run.state == "queued" and self._is_at_work(run)):
                return replace(run, deleted=None)
            return replace(run, state="queued", owner=self.owner, changed=now, failure={}, deleted=None)

        with self._lock:
            if self._open.get(key):  # a slow worker is still putting it away
                self._open[key] = AGAIN
            run = self.store.change(key, claimed)
            assert run is not None
            if run.state == "queued" and run.owner == self.owner and key not in self._open:
                self._open[key] = ""
                if not self._submit(experiment):
                    del self._open[key]
                    self.store.change(key, lambda _: before[0])
                    return Status(key, experiment, "busy", updates=experiment.training.updates)
            return self._status(run)

    def status(self, key: str) -> Status | None:
        """Where a training stands; None for a key that is not here."""
        with self._lock:  # between record and lane, no job may leave the one and not yet stand in the other
            run = self.store.get(key)
            return self._status(run) if run and run.deleted is None and understood(run) else None

    def jobs(self) -> list[Status]:
        """What is not ended: queued, running, paused, interrupted or failed; in the order in which it was started."""
        with self._lock:
            runs = [run for run in self.store.runs() if run.state in OPEN and understood(run)]
            return [self._status(run) for run in sorted(runs, key=lambda run: run.created)]

    def log(self, key: str) -> xr.Dataset | None:
        """Everything written down so far, as `Trainer.trace().data`; None before the first update."""
        log = self._place(key).log()
        run = self.store.get(key)
        if run is not None and run.file and (log is None or log.sizes.get("update", 0) < run.update):
            with suppress(DamagedRun):
                log = self.store.data(run)
        return log if log is not None and log.sizes.get("update", 0) else None

    # — what can be done; each gives where it stands then, None for a key that is not here —

    def pause(self, key: str) -> Status | None:
        """Put it down, and make room for the next; what was done is kept."""
        self._halt(key, "paused")
        return self.status(key)

    def resume(self, key: str) -> Status | None:
        """Go on from where it was: on the very path that it would have taken."""
        run = self.store.get(key)
        return self.start(Experiment.from_flat(run.words)) if run and understood(run) else None

    def stop(self, key: str) -> Status | None:
        """Be content with what was done: a run like any other, which can still be resumed."""
        if not self._halt(key, "stopped"):
            self._be_content(key)
        return self.status(key)

    def delete(self, key: str) -> Status | None:
        """Stop it and take it out of the lists; `undelete` brings it back."""
        found = self.stop(key)
        self.store.delete(key)
        return found

    def undelete(self, key: str) -> Status | None:
        self.store.undelete(key)
        return self.status(key)

    # — where one stands —

    def _status(self, run: Run) -> Status:
        experiment = Experiment.from_flat(run.words)
        pace = self._place(run.key).pace() if run.state in OPEN else Pace(run.update, run.seconds)
        position, state = self.lane.position(run.key), self._state(run)
        if position is not None:
            state = "queued"
        running = state == "running" and pace.rate > 0
        return Status(
            run.key, experiment, state, max(pace.update, 0 if state == "running" else run.update), run.updates, position,
            pace.rate if running else None, (run.updates - pace.update) / pace.rate if running else None,
            max(pace.seconds, run.seconds),
            Outcome(**run.outcome) if run.outcome and state in (*ENDED, "stopped") else None,
            Failure(**cast("dict[str, Any]", run.failure)) if run.failure else None,
            state in ("queued", "running") and run.owner != self.owner,
        )  # fmt: skip

    def _state(self, run: Run) -> State:
        if run.state != "queued":
            return cast(State, run.state)
        if not self._is_at_work(run):
            return "interrupted"
        return "running" if run.owner == self.owner or self._place(run.key).at_work else "queued"

    def _is_at_work(self, run: Run) -> bool:
        """Whether the program that took this training up still has it."""
        return run.key in self._open if run.owner == self.owner else is_held(self._mark(run.owner))

    def _place(self, key: str) -> Place:
        return Place(self.store.job(key))

    # — the lane —

    def _submit(self, experiment: Experiment) -> bool:
        key = experiment.key
        request = {
            "training": experiment.flat(),
            "store": str(self.store.folder.resolve()),
            "interval": self.checkpoints,
        }
        return self.lane.submit(key, request, lambda answer: self._ended(key, answer))

    def _ended(self, key: str, answer: Answer) -> None:
        """From a thread of the lane: the one place where a record learns how its job ended."""
        with self._lock:  # or a resume might find it paused, and still in the lane
            halted = self._open.pop(key)
            state = "paused" if halted in ("", AGAIN) else halted
            run = self.store.change(key, lambda run: run and ended(run, answer, state))
            self._lock.notify_all()
        if run and run.state in ENDED:
            shutil.rmtree(self.store.job(key), ignore_errors=True)
        elif halted == AGAIN:
            self.resume(key)

    def _halt(self, key: str, state: State) -> bool:
        """Whether it was in the lane. It is out of it when this returns, or will be as soon as its worker hears."""
        with self._lock:
            if key not in self._open:
                return False
            self._open[key] = state
        self.lane.cancel(key)
        self._await(key, lambda: False)
        return True

    def _await(self, key: str, enough: Any) -> None:
        with self._lock:
            self._lock.wait_for(lambda: key not in self._open or enough(), WAIT)

    def _be_content(self, key: str) -> None:
        """Stop a training that is not at work; of an interrupted one the log is all there is, and becomes its file."""
        with self._lock:
            run = self.store.get(key)
            if run is None or not understood(run) or self._state(run) not in AT_REST:
                return
        log = self._place(key).log()
        done: dict[str, Any] = {}
        if log is not None and log.sizes.get("update", 0) and (not run.file or log.sizes["update"] > run.update):
            trace = Trace(Experiment.from_flat(run.words), Outcome("stopped", update=log.sizes["update"]), log)
            name, sha256, size = self.store.keep(key, netcdf(trace))
            done = {"file": name, "sha256": sha256, "size": size, "update": log.sizes["update"],
                    "outcome": asdict(trace.outcome), "facts": facts(log)}  # fmt: skip

        def stopped(now: Run | None) -> Run | None:
            at_work = now is not None and now.state == "queued" and self._is_at_work(now)
            return now if now is None or at_work else replace(now, state="stopped", owner="", failure={}, **done)

        self.store.change(key, stopped)

    # — who is alive —

    def _mark(self, owner: str) -> Path:
        return self.store.folder / "programs" / f"{owner}.lock"

    def _forget_the_dead(self) -> None:
        for mark in self._mark(self.owner).parent.iterdir():
            with suppress(OSError):
                if mark.stat().st_mtime < time.time() - LEFT_BEHIND and not is_held(mark):
                    mark.unlink()


def understood(run: Run) -> bool:
    """Whether its experiment exists here; another version of rnnviz may have known words that this one does not."""
    try:
        Experiment.from_flat(run.words)
    except InvalidParameter:
        return False
    return True


def ended(run: Run, answer: Answer, halted: str) -> Run:
    """A record once its job has left the lane; `halted` is the state that was asked for if it was stopped."""
    run = replace(run, owner="", changed=time.time())
    if isinstance(answer, Result):
        said: Mapping[str, Any] = answer.meta
        state = halted if said["outcome"]["state"] == "stopped" else said["outcome"]["state"]
        return replace(run, state=state, **said)
    if answer.kind == "cancelled":  # before it had begun, or killed because it did not stop
        return replace(run, state=halted)
    state = "interrupted" if answer.kind == "crashed" else "failed"
    return replace(run, state=state, failure={"kind": answer.kind, "detail": dict(answer.detail)})


_one: Trainings | None = None
_making = threading.Lock()


def trainings() -> Trainings:
    """The trainings of this program, in the user's store; one for all sessions."""
    global _one
    with _making:
        if _one is None:
            _one = Trainings(Store(), batch())
        return _one
