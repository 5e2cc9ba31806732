"""A request as its owner sees it, and the job that answers it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from rnnviz.jobs.answers import Answer, Result
from rnnviz.jobs.process import Process

State = Literal["queued", "running", "done", "failed", "superseded"]


@dataclass(eq=False)
class Job:
    """One computation, and everybody who wants it. A lane queues it, a driver leads a worker through it."""

    key: str
    data: bytes  # the request, packed
    tickets: set[Ticket] = field(default_factory=set)
    running: bool = False
    progress: float | None = None
    cancelled: bool = False
    replaced_worker: bool = False
    killed: bool = False
    process: Process | None = None

    def cancel(self) -> None:
        """Nobody wants this any more; from any thread.

        The flag is set before the process is read, and a driver does the reverse: one of them always sees the other.
        """
        self.cancelled = True
        if self.process is not None:
            self.process.nudge()


class Ticket:
    """One request of one owner. Leaving a `with` block releases it."""

    def __init__(self, owner: str, position: Callable[[Job], int | None], release: Callable[[Ticket], None]) -> None:
        self.owner = owner
        self.job: Job | None = None  # none if the answer was there at once
        self._position, self._release = position, release
        self._answer: Answer | None = None
        self._settled = threading.Event()

    @property
    def state(self) -> State:
        """Where the request stands: queued, running, done, failed or superseded."""
        answer = self._answer
        if answer is None:
            return "running" if self.job is not None and self.job.running else "queued"
        if isinstance(answer, Result):
            return "done"
        return "superseded" if answer.kind == "superseded" else "failed"

    @property
    def position(self) -> int | None:
        """Place in the queue, 1 is next; None when it is not in the queue."""
        return self._position(self.job) if self.job and not self.settled else None

    @property
    def progress(self) -> float | None:
        """How much of the job is done, 0 to 1, as the handler last said; None before it has."""
        return self.job.progress if self.job else None

    @property
    def replaced_worker(self) -> bool:
        """Whether a worker died during this job and the job was tried again on a fresh one."""
        return self.job is not None and self.job.replaced_worker

    @property
    def settled(self) -> bool:
        """Whether the answer is there."""
        return self._answer is not None

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the answer, at most so long; whether it is there."""
        return self._settled.wait(seconds)

    def result(self, timeout: float | None = None) -> Answer:
        """The answer, a Result or a Failure. Raises: TimeoutError if it does not come in time (seconds)."""
        if not self.wait(timeout) or self._answer is None:
            raise TimeoutError(f"no answer within {timeout} s; the request is {self.state}")
        return self._answer

    def release(self) -> None:
        """Say that this owner no longer wants it. A job that nobody wants is dropped or stopped; an answer stays."""
        self._release(self)

    def settle(self, answer: Answer) -> None:
        """For the lane: this is the answer."""
        self._answer = answer
        self._settled.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
