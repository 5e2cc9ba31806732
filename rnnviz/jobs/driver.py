"""One thread that leads one worker process through its jobs: cancel, deadline, kill, and one more try after a crash."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import get_args

from rnnviz.jobs import wire
from rnnviz.jobs.answers import Answer, Detail, Failure, FailureKind, Result
from rnnviz.jobs.process import NUDGE, Crew, Process, WorkerGone
from rnnviz.jobs.ticket import Job

CANCEL = wire.pack(wire.Frame("cancel"))
CANCELLED = Failure("cancelled")


class Driver:
    """Takes jobs until there are none left, and finishes every one of them with an answer.

    take: waits for a job, None to stop.   finish: receives the answer.   deadline: seconds in the worker per job.
    grace: seconds a cancelled job has to stop by itself.
    """

    def __init__(
        self,
        crew: Crew,
        take: Callable[[], Job | None],
        finish: Callable[[Job, Answer], None],
        deadline: float,
        grace: float,
    ) -> None:
        self._crew, self._take, self._finish = crew, take, finish
        self._deadline, self._grace = deadline, grace
        self._process: Process | None = None

    def run(self) -> None:
        """The life of the thread. A worker is made ready before a job is taken: one that waits can still be dropped."""
        self._prepare()
        while (job := self._take()) is not None:
            self._finish(job, self._answer(job))
            self._prepare()
            self._crew.keep_spare()  # only now: its imports would slow down the first answer
        self._dismiss()

    def _prepare(self) -> None:
        try:
            self._ready_process()
        except WorkerGone as gone:  # the next attempt will meet the same trouble, and has somebody to tell
            self._dismiss(gone.cause)

    def _answer(self, job: Job) -> Answer:
        try:
            return self._attempt_twice(job)
        except Exception as bug:  # noqa: BLE001 - a dead driver would leave the lane a worker short, and a page waiting
            traceback.print_exc()
            self._dismiss()
            return Failure("error", {"type": type(bug).__name__, "message": str(bug)})

    def _attempt_twice(self, job: Job) -> Answer:
        try:
            return self._attempt(job)
        except WorkerGone as gone:
            self._dismiss(gone.cause)
        if job.cancelled:
            return CANCELLED
        job.replaced_worker = True
        try:
            return self._attempt(job)
        except WorkerGone as gone:
            return Failure("crashed", self._dismiss(gone.cause))

    def _attempt(self, job: Job) -> Answer:
        process = self._ready_process()
        job.process, job.progress = process, None
        if job.cancelled:
            return CANCELLED
        process.send(job.data)
        try:
            return self._follow(job, process)
        except TimeoutError:
            job.killed = True
            self._dismiss()
            return CANCELLED if job.cancelled else Failure("deadline", {"seconds": self._deadline})

    def _follow(self, job: Job, process: Process) -> Answer:
        """Read what the worker says until the job ends. Raises: TimeoutError at the deadline or after the grace."""
        until, stopping = time.monotonic() + self._deadline, False
        while True:
            note = process.receive(until)
            if note is NUDGE:  # perhaps a late one, meant for the job before
                if job.cancelled and not stopping:
                    process.send(CANCEL)
                    until, stopping = min(until, time.monotonic() + self._grace), True
            elif note.kind == "progress":
                job.progress = _progress(note)
            else:
                return _read_answer(note)

    def _ready_process(self) -> Process:
        if self._process is None or not self._process.alive:
            self._dismiss()  # it died while idle, which is no fault of the next job
            self._process = self._crew.recruit()
        self._process.wait_ready()
        return self._process

    def _dismiss(self, cause: str = "") -> Detail:
        process, self._process = self._process, None
        return self._crew.dismiss(process, cause) if process else {"cause": cause}


def _progress(frame: wire.Frame) -> float:
    try:
        return float(frame.body["progress"])
    except (KeyError, TypeError, ValueError):
        raise WorkerGone("garbage") from None


def _read_answer(frame: wire.Frame) -> Answer:
    """The frame that ends a job, as an answer. Raises: WorkerGone if it is no such frame."""
    body = frame.body
    try:
        if frame.kind == "done":
            return Result(frame.arrays, body["meta"], float(body["seconds"]))
        if frame.kind == "failed" and body["kind"] in get_args(FailureKind):
            return Failure(body["kind"], dict(body["detail"]))
    except (KeyError, TypeError, ValueError):
        pass
    raise WorkerGone("garbage")
