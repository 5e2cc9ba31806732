"""The trainings of a study on the page: start, hold and end them together, and read what they have written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import xarray as xr

from rnnviz.diagnostics.training_result import ended
from rnnviz.experiment import Study
from rnnviz.figures import Result, Results
from rnnviz.refusals import REFUSALS
from rnnviz.trainings import Status, trainings
from rnnviz.ui import memory

MOST_LOGS = 40  # remembered by a session: a comparison at ten seeds, and another
LOGS, BUSY, REFUSED = "train.logs", "train.busy", "train.refused"


class UnderWay(NamedTuple):
    """Where every training of a study stands, by name; None for one that was never started."""

    study: Study
    statuses: Mapping[str, Status | None]

    @property
    def known(self) -> list[Status]:
        return [status for status in self.statuses.values() if status is not None]

    @property
    def active(self) -> bool:
        return any(status.active for status in self.known)

    @property
    def finished(self) -> bool:
        """Whether all of them have ended by themselves."""
        return all(
            status is not None and status.state in ("completed", "diverged") for status in self.statuses.values()
        )

    @property
    def to_start(self) -> bool:
        """Whether there is one that was never started, or not accepted."""
        return len(self.known) < len(self.statuses)

    @property
    def to_resume(self) -> list[Status]:
        return [status for status in self.known if status.can_resume]

    @property
    def done(self) -> int:
        return sum(status.update for status in self.known)

    @property
    def all(self) -> int:
        return sum(experiment.training.updates for experiment in self.study.experiments().values())

    @property
    def rate(self) -> float:
        """Updates per second, of those that run."""
        return sum(status.rate or 0.0 for status in self.known)

    @property
    def seconds_left(self) -> float | None:
        """At the present rate, of those that run or wait."""
        left = sum(status.updates - status.update for status in self.known if status.active)
        return left / self.rate if self.rate > 0 else None


def under_way(study: Study) -> UnderWay:
    return UnderWay(study, {name: trainings().status(one.key) for name, one in study.experiments().items()})


# — what the buttons do —


def start(study: Study) -> None:
    """All of them; what the queue does not take, and what is too large, is said when the page is drawn."""
    memory.put(REFUSED, None)
    states = []
    for experiment in study.experiments().values():
        try:
            states.append(trainings().start(experiment).state)
        except REFUSALS as error:
            memory.put(REFUSED, error)
            break
    memory.put(BUSY, states.count("busy"))


def pause(study: Study) -> None:
    for key in waiting_first(study):
        trainings().pause(key)


def stop(study: Study) -> None:
    for key in waiting_first(study):
        trainings().stop(key)


def waiting_first(study: Study) -> list[str]:
    """The last in the queue before those that run: else each place that becomes free would be taken by the next."""
    found = [status for status in under_way(study).known if status.can_stop or status.can_pause]
    return [status.key for status in sorted(found, key=lambda status: -(status.position or 0))]


def others(study: Study) -> list[Status]:
    """Trainings that are not this study's, and not at an end."""
    own = {experiment.key for experiment in study.experiments().values()}
    return [status for status in trainings().jobs() if status.key not in own]


def stop_others(study: Study) -> None:
    for status in sorted(others(study), key=lambda status: -(status.position or 0)):
        trainings().stop(status.key)


# — what they have written down —


def results_of(found: UnderWay) -> Results:
    """Of all that made an update; how each ended stands in its attributes."""
    experiments = found.study.experiments()
    return {
        name: Result(experiments[name], ended(log, status.outcome))
        for name, status in found.statuses.items()
        if status is not None and (log := log_of(status)) is not None
    }


def log_of(status: Status) -> xr.Dataset | None:
    """The log; one that grows no more is read once a session."""
    kept: dict[str, tuple[int, xr.Dataset]] = memory.get(LOGS) or {}
    if status.key in kept and kept[status.key][0] == status.update and not status.active:
        return kept[status.key][1]
    log = trainings().log(status.key)
    if log is not None and not status.active:
        memory.put(LOGS, {**dict(list(kept.items())[-MOST_LOGS:]), status.key: (status.update, log)})
    return log
