"""Where a training stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rnnviz.experiment import Experiment
from rnnviz.jobs import Failure
from rnnviz.trace import Outcome

State = Literal[
    "queued",  # it waits for a worker: `position`
    "running",
    "paused",
    "stopped",  # as paused, and no longer among the jobs
    "interrupted",  # its worker, the program or the machine died: `failure`, if it was the worker
    "diverged",  # `outcome` says at which update, and in which parameter
    "completed",
    "failed",  # it could not go on: `failure`
    "damaged",  # its file was lost: it has to be trained again
    "busy",  # the queue is full, and nothing was kept
]


@dataclass(frozen=True)
class Status:
    """update, updates: made, and of so many.   position: in the queue, 1 is next.   rate: updates per second, of late.
    seconds_left: at that rate.   seconds: spent so far.   elsewhere: another program runs it; here it can be watched.
    """

    key: str
    experiment: Experiment
    state: State
    update: int = 0
    updates: int = 0
    position: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    seconds: float = 0.0
    outcome: Outcome | None = None
    failure: Failure | None = None
    elsewhere: bool = False

    @property
    def active(self) -> bool:
        """Whether it changes by itself: look again in a second."""
        return self.state in ("queued", "running")

    @property
    def can_pause(self) -> bool:
        return self.active and not self.elsewhere

    @property
    def can_resume(self) -> bool:
        return self.state in ("paused", "stopped", "interrupted", "failed", "damaged")

    @property
    def can_stop(self) -> bool:
        return self.can_pause or self.state in ("paused", "interrupted", "failed")
