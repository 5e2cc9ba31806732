"""Lesson 2, the naive sequential model: the chain rule taken at its word, a model for every length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from rnnviz.demonstrations import Demonstrated, ModelPerLength
from rnnviz.demonstrations.model_per_length import LONGEST
from rnnviz.figures.demonstrations import ChainRuleGraph, ErrorByLength, ParametersByLength
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part
from rnnviz.ui.numbers import Decades

LATE = range(LONGEST - 4, LONGEST + 1)  # lengths over which the question is judged: one of them alone may be luck


class NaiveModelLesson(Lesson):
    """Weights of its own for every length, beside weights that all lengths share."""

    number = 2
    choices = ("naive", "shared", "markov", "mean")
    asks_about = {"models.process": "wave", "models.examples": 40, "models.tau": 4}  # noqa: RUF012

    kind: Literal["naive_model"] = Field("naive_model", repr=False)
    models: ModelPerLength = ModelPerLength()

    def parts(self) -> tuple[Part, ...]:
        return (
            Part(self.models, (ChainRuleGraph(),), ("models.chosen_length", "models.tau"), height=400),
            Part(self.models, (ParametersByLength(),), ("models.alphabet",), height=560),
            Part(self.models, (ErrorByLength(),), ("models.process", "models.examples"), height=540),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """Parameters of every model, what is left of the data for each, and the late errors that `right` compares."""
        (data,) = (one.data for one in found[:1] if isinstance(one, Demonstrated))
        m, late = self.models, data.sel(time=list(LATE))
        weights = data["weights"].sel(time=LONGEST)
        return {
            "t": m.chosen_length,
            "before": m.chosen_length - 1,
            "tau": m.tau,
            "examples": m.examples,
            "longest": LONGEST,
            "letters": m.alphabet,
            "arrows": LONGEST * (LONGEST - 1) // 2,
            "naive_weights": int(weights.sel(model="naive")),
            "shared_weights": int(weights.sel(model="shared")),
            "per_weight": m.examples / LONGEST,
            "rows": Decades(float(data["table_rows"].sel(time=m.chosen_length))),
            "seen": float(data["context_seen"].sel(time=m.chosen_length)),
            "training": float(late["training_error"].mean()),
            "best": float(late["best_error"].mean()),
            **{str(name): float(late["held_out_error"].sel(model=name).mean()) for name in data["model"].values},
        }

    def right(self, numbers: Numbers) -> str:
        return min(self.choices, key=lambda model: float(numbers[model]))
