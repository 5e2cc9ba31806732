"""The clock: two ways to do one thing, in turn, in one process, so that whatever else runs here slows both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

Work = Callable[[], object]
HEADER = f"{'':66}{'goal':>9}{'measured':>11}"


class Row(NamedTuple):
    """One line: a measured ratio and the goal it is held to. Without a goal it is there to be known."""

    name: str
    ratio: float
    goal: float | None = None
    larger_is_better: bool = False
    note: str = ""

    def __str__(self) -> str:
        if self.goal is None:
            return f"  {self.name:64}{'':9}{self.ratio:11.3g}{'':11}{self.note}"
        met = self.ratio >= self.goal if self.larger_is_better else self.ratio <= self.goal
        sign = "≥" if self.larger_is_better else "≤"
        verdict = "met" if met else "NOT MET"
        return f"  {self.name:64}{f'{sign} {self.goal:g}':>9}{self.ratio:11.3g}  {verdict:9}{self.note}"


class Race(NamedTuple):
    """Medians in seconds, and the median over rounds of first / second, which a change of load hardly touches."""

    first: float
    second: float
    ratio: float

    @property
    def note(self) -> str:
        return f"{self.first * 1e3:.2f} ms against {self.second * 1e3:.2f}"


def race(first: Work, second: Work, seconds: float = 4.0, least: int = 7, most: int = 60) -> Race:
    """Both in turn until the time is used up."""
    taken: list[tuple[float, float]] = []
    for work in (first, second, first, second):  # warm caches and allocators
        work()
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        while len(taken) < least or (time.perf_counter() < end and len(taken) < most):
            taken.append((timed(first), timed(second)))
    finally:
        gc.enable()
    a, b = zip(*taken, strict=True)
    return Race(statistics.median(a), statistics.median(b), statistics.median(x / y for x, y in taken))


def timed(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
