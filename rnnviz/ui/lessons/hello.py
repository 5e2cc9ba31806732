"""Lesson 8, "hello": a network learns to type a word letter by letter, while one watches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, Spelling
from rnnviz.demonstrations.spelling import UPDATES
from rnnviz.figures.demonstrations import SpellingCourse, SpellingSteps
from rnnviz.figures.demonstrations.spelling_steps import softmax, typed_at
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part

NOTHING = 0.01  # nats: a loss that a reader would call zero
LEARNT = 0.8  # of the loss at the start: above it nothing was learnt


class HelloLesson(Lesson):
    """One word, the network that learns it, and the update at which it is looked at."""

    number = 8
    choices = ("zero", "stops", "stays")
    asks_about = {"spelling.word": "hello", "spelling.memory": "cut"}  # noqa: RUF012

    kind: Literal["hello"] = Field("hello", repr=False)
    spelling: Spelling = Spelling()
    after_updates: Annotated[int, Range(0, UPDATES, symbol="u")] = 0
    answer_as: Literal["logit", "probability"] = "logit"

    def parts(self) -> tuple[Part, ...]:
        figures = (SpellingSteps(after_updates=self.after_updates, answer_as=self.answer_as), SpellingCourse())
        controls = ("spelling.word", "spelling.memory", "spelling.hidden_size", "answer_as", "after_updates")
        return (Part(self.spelling, figures, controls, height=700),)

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """The losses at both ends; the first step after this update, worked out; the first update that spells the word."""
        (shown,) = found
        assert isinstance(shown, Demonstrated)
        data, letters = shown.data, shown.data["letter"].values
        word = "".join(letters[data["at_place"].values])
        loss, gradient = (data[name].sel(of_memory=self.spelling.memory) for name in ("loss", "gradient_norm"))
        right = int(data["at_place"].values[1])
        logits = data["logit"].sel(update=self.after_updates, time=1).values
        chance = float(softmax(logits)[right])
        spelt = (data["typed"] == data["at_place"]).all("place").values
        return {
            "letters": len(letters), "steps": len(word) - 1, "updates": UPDATES, "after_updates": self.after_updates,
            "first": word[0], "second": word[1],
            "typed_last": "".join(typed_at(shown, UPDATES)[0]),
            "loss": float(loss.sel(update=self.after_updates)), "loss_first": float(data["loss"].sel(of_memory="kept")[0]),
            "gradient": float(gradient.sel(update=self.after_updates)), "gradient_first": float(gradient[0]),
            "gradient_last": float(gradient[-1]),
            **{memory: float(data["loss"].sel(of_memory=memory, update=UPDATES)) for memory in ("kept", "cut")},
            "least": float(data["least_loss"]), "logit": float(logits[right]), "chance": chance,
            "cost": -math.log(chance), "spelt": str(int(spelt.argmax())) if spelt.any() else "—",
        }  # fmt: skip

    def right(self, numbers: Numbers) -> str:
        """Where the loss of the network without memory ends."""
        end, start = float(numbers["cut"]), float(numbers["loss_first"])
        return "zero" if end < NOTHING else "stops" if end < LEARNT * start else "stays"
