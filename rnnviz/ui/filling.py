"""A study of hundreds of networks, asked of the interactive lane a few at a time.

Each part is one short job, so that nobody else waits long, what is there is drawn while the rest comes, to stop is to ask
no more, and another setting overtakes. What is computed is remembered by the lane and not by the session.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from rnnviz.engine.budget import work_of
from rnnviz.experiment import Experiment, Study
from rnnviz.figures import Results
from rnnviz.figures.phase_map import unfinished
from rnnviz.jobs import Failure, Ticket, interactive
from rnnviz.ui import memory
from rnnviz.ui.asking import key_for, request_for, results_of

MOST, WORK = 48, 5e9  # networks and operations of one part: some tenths of a second, less than one request may ask for
STEP_COST = {"elman": 9e-6, "lstm": 2.2e-5, "gru": 2.2e-5}  # seconds of a step, there and back, besides its products
START_COST, RATE = 2.5e-3, 4e10  # seconds of a run besides its steps, and operations a second
TICKET, STOPPED, FAILED = "filling.ticket", "filling.stopped", "filling.failed"
PASSING = ("busy", "superseded", "cancelled")  # what is asked again a moment later


class Part(NamedTuple):
    """A few networks of a study: what is asked of the lane at once."""

    study: Study
    experiments: dict[str, Experiment]
    request: dict[str, Any]
    key: str


class Plan(NamedTuple):
    """How a study is asked for."""

    key: str
    parts: tuple[Part, ...]
    seconds: float  # about, on one core

    @property
    def networks(self) -> int:
        return sum(len(part.experiments) for part in self.parts)


class Found(NamedTuple):
    """What was there at one moment: all networks, how many of them are computed, whether more is to come, and whether the
    lane was too busy to ask."""

    results: Results
    done: int
    going: bool
    busy: bool = False

    @property
    def of(self) -> int:
        return len(self.results)

    @property
    def finished(self) -> bool:
        return self.done == self.of


@lru_cache(maxsize=8)  # of the whole server: to make one takes a tenth of a second
def plan(study: Study, needs: tuple[str, ...]) -> Plan:
    experiments = study.experiments()
    parts = tuple(part_of(study, names, experiments, needs) for names in packs(experiments, needs))
    return Plan(study.key, parts, sum(map(seconds_of, experiments.values())))


def packs(experiments: dict[str, Experiment], needs: tuple[str, ...]) -> Iterator[list[str]]:
    """Names of networks that are asked for together."""
    pack: list[str] = []
    work = 0.0
    for name, experiment in experiments.items():
        more = work_of(experiment, needs)
        if pack and (len(pack) == MOST or work + more > WORK):
            yield pack
            pack, work = [], 0.0
        pack, work = [*pack, name], work + more
    if pack:
        yield pack


def part_of(study: Study, names: list[str], experiments: dict[str, Experiment], needs: tuple[str, ...]) -> Part:
    part = Study(base=study.base, variations=tuple(one for one in study.variations if one.name in names))
    request = request_for(part, needs)
    return Part(part, {name: experiments[name] for name in names}, request, key_for(part, request))


def seconds_of(experiment: Experiment) -> float:
    """About how long one core takes."""
    steps = experiment.task.sequence_length * STEP_COST[experiment.cell.kind]
    return START_COST + steps + work_of(experiment, ()) / RATE


# — asking —


def fill(study: Plan, place: str, seconds: float) -> Found:
    """Ask for what is missing, one part after the other, for at most so long; then give all that is there.

    The part under way goes on meanwhile: the next call finds it. `place` names the spot on the page, as in `asking.ask`.
    """
    until, busy = time.monotonic() + seconds, False
    for part in study.parts:
        if interactive().remembered(part.key) is not None or part.key in failures():
            continue
        if stopped(study):
            break
        # Not released at the end of a call: a job that nobody wants is stopped. The same key joins the job under way.
        ticket = interactive().submit(part.key, part.request, f"{memory.session()}:{place}")
        memory.put(TICKET, ticket)
        if not ticket.wait(max(0.0, until - time.monotonic())):
            break
        answer = ticket.result()
        if isinstance(answer, Failure):
            if answer.kind in PASSING:
                busy = answer.kind == "busy"
                break
            memory.put(FAILED, {**failures(), part.key: answer})
    return Found(*gathered(study), busy)


def goes_on(study: Plan) -> bool:
    """Whether there is something left to ask for, and nobody said stop."""
    return not stopped(study) and any(
        part.key not in failures() and interactive().remembered(part.key) is None for part in study.parts
    )


def gathered(study: Plan) -> tuple[Results, int, bool]:
    """All networks, computed or not; how many are; and whether the others are still to be asked for."""
    results: dict[str, Any] = {}
    done, left = 0, 0
    for part in study.parts:
        answer = interactive().remembered(part.key)
        if answer is not None:
            results |= results_of(part.study, answer)
            done += len(part.experiments)
            continue
        outcome: Literal["failed", "waiting"] = "failed" if part.key in failures() else "waiting"
        results |= {name: unfinished(experiment, outcome) for name, experiment in part.experiments.items()}
        left += outcome == "waiting"
    return results, done, left > 0 and not stopped(study)


def failures() -> dict[str, Failure]:
    return memory.get(FAILED) or {}


def failures_of(study: Plan) -> list[Failure]:
    """One of each kind."""
    found = [failures()[part.key] for part in study.parts if part.key in failures()]
    return list({failure.kind: failure for failure in found}.values())


# — the buttons —


def stopped(study: Plan) -> bool:
    return memory.get(STOPPED) == study.key


def stop(study: Plan) -> None:
    memory.put(STOPPED, study.key)
    ticket: Ticket | None = memory.get(TICKET)
    if ticket is not None:
        ticket.release()


def resume() -> None:
    """Those that failed are tried again."""
    memory.put(STOPPED, None)
    memory.put(FAILED, None)
