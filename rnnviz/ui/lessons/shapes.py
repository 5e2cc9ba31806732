"""Lesson 7, shapes: what is read and what is answered at which step, and so where the loss enters and what it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, Shapes
from rnnviz.figures.demonstrations import LossMap, ShapeDrawing
from rnnviz.figures.demonstrations.loss_map import farthest
from rnnviz.figures.demonstrations.shape_drawing import losses, share
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Onward, Part
from rnnviz.ui.numbers import Decades


class ShapesLesson(Lesson):
    """Six uses of one small network, trained here: classify, caption, judge, translate, tag, and watch a film."""

    number = 7
    choices = ("column", "row", "diagonal", "triangle")
    asks_about = {"shapes.stand_in": "caption"}  # noqa: RUF012
    onward = (Onward("bptt", {"experiment.task": "copying", "experiment.loss": "every"}),)

    kind: Literal["shapes"] = Field("shapes", repr=False)
    shapes: Shapes = Shapes()
    drawing: ShapeDrawing = ShapeDrawing()

    def parts(self) -> tuple[Part, ...]:
        controls = ("shapes.stand_in", "shapes.training_updates", "drawing.shown_example")
        return (Part(self.shapes, (self.drawing, LossMap()), controls),)

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """How many losses there are, how much of the map they fill, how well it was learnt, and one example."""
        (shown,) = found
        assert isinstance(shown, Demonstrated)
        there = np.isfinite(shown.data["loss_gradient"].values)
        read, answered = (self.drawing.words(shown, name) for name in ("read", "answer"))
        judged = [t for t, word in enumerate(answered, 1) if word]
        return {
            "length": len(there),
            "losses": losses(shown),
            "first": judged[0],
            "filled": int(there.sum()),
            "pairs": there.size,
            "pattern": pattern(there),
            "right": share(shown, "accuracy"),
            "guessing": share(shown, "guessing"),
            "updates": self.shapes.training_updates,
            "read": " ".join(read).replace("|", r"\|"),
            "answered": " ".join(filter(None, answered)),
            "far": Decades(farthest(shown)),
            "lag": len(there) - 1,
        }

    def right(self, numbers: Numbers) -> str:
        return str(numbers["pattern"])


def pattern(there: np.ndarray) -> str:
    """What the pairs (loss, state) with a gradient fill: the triangle k ≤ t, one row, one column, the diagonal, or a part."""
    size = len(there)
    known = {
        "triangle": np.tri(size, dtype=bool),
        "row": np.arange(size)[:, None] == np.full(size, size - 1),
        "column": np.full((size, 1), True) & (np.arange(size) == 0),
        "diagonal": np.eye(size, dtype=bool),
    }
    return next((name for name, cells in known.items() if np.array_equal(there, cells)), "part")
