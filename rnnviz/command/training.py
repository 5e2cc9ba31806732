"""Trainings from the command line: started as jobs that the store keeps, followed to their end, said in a few words."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

from rnnviz.command.progress import Progress
from rnnviz.command.runs import NoSuchRun
from rnnviz.command.words import read
from rnnviz.diagnostics.training_result import last_tenth
from rnnviz.experiment import Experiment
from rnnviz.store import Run
from rnnviz.text import Text
from rnnviz.trace import Outcome
from rnnviz.training import NoTraining
from rnnviz.trainings import Status, trainings

POLL = 0.2  # seconds


class NotAccepted(RuntimeError):
    """The queue of trainings is full."""


def follow(experiments: Iterable[Experiment], text: Text) -> list[Status]:
    """Train all of them, as many at once as there are cores, and wait; what is kept already is not trained again.

    Ctrl-C stops them: what was done is kept, and the same command goes on from there. Raises OverBudget, NotAccepted.
    """
    jobs = trainings()
    started = [jobs.start(one) for one in experiments]
    if any(status.state == "busy" for status in started):
        raise NotAccepted
    keys = [status.key for status in started]
    with Progress(text) as tick:
        try:
            now = started
            while any(status.active for status in now):
                tick(sum(status.update for status in now) / max(1, sum(status.updates for status in now)))
                time.sleep(POLL)
                now = where(keys)
        except KeyboardInterrupt:
            for key in reversed(
                keys
            ):  # the last in the queue first, or each place that becomes free is taken by the next
                jobs.stop(key)
    return where(keys)


def where(keys: Sequence[str]) -> list[Status]:
    return [status for key in keys if (status := trainings().status(key)) is not None]


def rerun(run: Run, words: Iterable[str], text: Text) -> None:
    """A kept run again with some words changed, beside the old one. Raises NoSuchRun for one that was not trained."""
    before = Experiment.from_flat(run.words)
    if isinstance(before.training, NoTraining):
        raise NoSuchRun("not_trained", run.key)
    flat, _ = read(words, alone=())
    wanted = before.changed(flat)
    for status in follow([wanted], text):
        print(text("command.key", key=status.key))
        print(text("command.ended", outcome=ended(status, text)))
    for kept in (run.key, wanted.key):
        if (log := trainings().log(kept)) is not None:
            print(f"{kept}  {learnt(before if kept == run.key else wanted, log, text)}")


def ended(status: Status, text: Text) -> str:
    return ending(status.outcome, text) if status.outcome else text(f"run_state.{status.state}")


def ending(outcome: Outcome, text: Text) -> str:
    return text(
        f"training.outcome.{outcome.state}", **{name: fact for name, fact in vars(outcome).items() if fact != ""}
    )


def learnt(experiment: Experiment, log: xr.Dataset, text: Text) -> str:
    """The loss, and the accuracy where answers are classes, over the last tenth of the updates, beside the baseline."""
    score = experiment.baseline()
    if not log.sizes.get("update"):
        return text("training.nothing")
    loss = float(np.nanmean(last_tenth(log["loss"].values)))
    words = text("training.loss", loss=f"{loss:.4g}", baseline=f"{score.loss:.4g}")
    if score.accuracy is None:
        return words
    accuracy = f"{100 * float(np.nanmean(last_tenth(log['accuracy'].values))):.3g}"
    return words + " " + text("training.accuracy", accuracy=accuracy, baseline=f"{100 * score.accuracy:.3g}")
