"""A training inside a worker: taken up where it was left, told as it goes, put away when it ends."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import xarray as xr

from rnnviz.engine import Trainer
from rnnviz.experiment import Experiment
from rnnviz.export.netcdf import netcdf
from rnnviz.jobs import Cancelled, Tick
from rnnviz.store import Store
from rnnviz.store.reading import facts
from rnnviz.trainings.place import Pace, Place

TELLING = 1.0  # seconds between two words to whoever is looking
SHARE = 20  # telling takes a twentieth of the time at most, however long the log has become …
PATIENCE = 5  # … but nobody looks at an old one for longer than so many times the usual
WINDOW = 10  # words over which the rate is taken


def work(experiment: Experiment, store: Store, interval: float, tick: Tick) -> dict[str, Any]:
    """Train until the end, or until nobody wants it any more; gives what the store's record is to say.

    interval: seconds between checkpoints, and so the most that a kill -9 can cost.
    """
    import h5netcdf  # noqa: F401  (now, and not when somebody waits for it to stop)

    place = Place(store.job(experiment.key))
    with place.lock:  # of a program that has just died, the worker may live on for a moment
        kept = place.kept()
        trainer = Trainer(experiment, tick=tick) if kept is None else Trainer.restore(kept, tick=tick)
        desk = Desk(trainer, place, interval)
        with suppress(Cancelled):
            for _ in trainer.steps():
                desk.write()
        return desk.put_away(store)


class Desk:
    """Where a training is written down while it goes on."""

    def __init__(self, trainer: Trainer, place: Place, interval: float):
        self.trainer, self.place = trainer, place
        before = place.pace()
        # Updates made since the last checkpoint are made again; the time they took was spent all the same.
        self.spent, self.started = before.seconds, time.monotonic()
        self.seen: deque[tuple[float, int]] = deque([(self.started, trainer.update)], WINDOW)
        self.checkpoints, self.words = Rhythm(interval, most=1), Rhythm(min(TELLING, interval), most=PATIENCE)
        self.tell()

    def write(self) -> None:
        """After every update; mostly two looks at the clock."""
        if self.words.due():
            self.words.timed(self.tell)
        if self.checkpoints.due():
            self.checkpoints.timed(self.keep)

    def tell(self) -> None:
        """For whoever is looking on: what cannot be written now is told the next time."""
        self.seen.append((time.monotonic(), self.trainer.update))
        (since, first), (now, last) = self.seen[0], self.seen[-1]
        rate = (last - first) / (now - since) if last > first else 0.0
        self.show(self.trainer.trace().data, Pace(self.trainer.update, self.seconds, rate))

    def show(self, log: xr.Dataset, pace: Pace) -> None:
        with suppress(OSError):
            self.place.tell(log, pace)

    def keep(self) -> None:
        with suppress(OSError):  # a full disk costs the checkpoint, not the training; it is tried again
            self.place.keep(self.trainer.state())

    @property
    def seconds(self) -> float:
        return self.spent + time.monotonic() - self.started

    def put_away(self, store: Store) -> dict[str, Any]:
        trace, seconds = self.trainer.trace(), self.seconds
        if trace.outcome.state == "stopped":
            self.place.keep(self.trainer.state())
        self.show(trace.data, Pace(self.trainer.update, seconds))
        name, sha256, size = store.keep(trace.experiment.key, netcdf(trace))
        return {
            "outcome": asdict(trace.outcome), "update": self.trainer.update, "seconds": seconds,
            "facts": facts(trace.data), "file": name, "sha256": sha256, "size": size,
        }  # fmt: skip


class Rhythm:
    """Every so many seconds; less often where the thing itself takes long, but `most` times as long at the utmost."""

    def __init__(self, interval: float, most: float):
        self.interval, self.longest, self.next = interval, most * interval, time.monotonic() + interval

    def due(self) -> bool:
        return time.monotonic() >= self.next

    def timed(self, thing: Callable[[], None]) -> None:
        before = time.monotonic()
        thing()
        now = time.monotonic()
        self.next = now + min(max(self.interval, SHARE * (now - before)), self.longest)
