"""Lesson 13, what one unit knows: a character model reads Python, and single units are watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, OneUnit
from rnnviz.figures.demonstrations import UnitHistory, UnitPassages, UnitRanking, UnitText
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part


class OneUnitLesson(Lesson):
    """The unit that best follows one property of the text; which else it follows; where else it runs the same way."""

    number = 13
    choices = ("quotes", "comment", "condition", "indentation", "column")

    kind: Literal["one_unit"] = Field("one_unit", repr=False)
    watch: OneUnit = OneUnit()

    def parts(self) -> tuple[Part, ...]:
        controls: tuple[str, ...] = (
            "watch.tracked", "watch.unit_rank", "watch.watched", "watch.excerpt", "watch.excerpt_page", "watch.typed_python",
            "watch.upto", "watch.reader",
        )  # fmt: skip
        if self.watch.reader == "trained_here":
            controls = (*controls, "watch.updates")
        return (Part(self.watch, (UnitText(), UnitHistory(), UnitRanking(), UnitPassages()), controls, height=480),)

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """Of the unit that follows best: how well, and how well it follows what it follows next best."""
        (shown,) = found
        assert isinstance(shown, Demonstrated)
        correlation, tracked = shown.data["correlation"], self.watch.tracked
        strength = np.nan_to_num(np.abs(correlation.values))  # (tracked, unit)
        best_of = dict(zip(correlation["tracked"].values, strength.max(1), strict=True))
        own = strength[list(correlation["tracked"].values).index(tracked)]
        best = int(own.argmax())
        return {
            "units": len(own),
            "best": best + 1,
            "strength": float(own[best]),
            "alike": int((own > own[best] / 2).sum()),
            "bits": float(shown.data["bits"]),
            **{f"best_{name}": float(best_of[name]) for name in self.choices},
        }

    def right(self, numbers: Numbers) -> str:
        """What a single unit follows best."""
        return max(self.choices, key=lambda name: float(numbers[f"best_{name}"]))
