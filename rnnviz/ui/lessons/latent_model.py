"""Lesson 4, latent autoregressive models: a summary of the whole past, of a fixed size, and the hybrid beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from rnnviz.demonstrations import Demonstrated, LatentModels
from rnnviz.demonstrations.latent import UPDATES
from rnnviz.demonstrations.model_per_length import LONGEST
from rnnviz.figures.demonstrations import HeldOutScores, LatentGraph, StateRecall
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part


class LatentModelLesson(Lesson):
    """A small recurrent network trained on the sequences of lesson 2, its hidden state opened, and all scores together."""

    number = 4
    choices = ("recent", "old", "all", "none")
    asks_about = {  # noqa: RUF012
        "models.process": "wave",
        "models.examples": 200,
        "models.tau": 4,
        "models.hidden_size": 8,
    }

    kind: Literal["latent_model"] = Field("latent_model", repr=False)
    models: LatentModels = LatentModels()

    def parts(self) -> tuple[Part, ...]:
        return (
            Part(self.models, (LatentGraph(),), ("models.tau", "models.hidden_size"), height=400),
            Part(self.models, (HeldOutScores(),), ("models.process", "models.examples")),
            Part(self.models, (StateRecall(),)),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """Scores and sizes of all models; what h and the window say of the values inside the window and of those beyond."""
        (data,) = (one.data for one in found[:1] if isinstance(one, Demonstrated))
        score, tau = data["held_out_error"].mean("time"), self.models.tau
        lags = {"recent": slice(1, tau), "old": slice(tau + 1, LONGEST - 1)}
        return {
            "tau": tau,
            "units": self.models.hidden_size,
            "examples": self.models.examples,
            "updates": UPDATES,
            "read": LONGEST - 1,
            "best": float(data["best_error"].mean()),
            **{str(name): float(score.sel(model=name)) for name in data["model"].values},
            **{f"{name}_weights": int(data["weights"].sel(model=name)) for name in ("shared", "naive", "latent", "hybrid")},
            **{f"{name}_training": float(data["training_error"].sel(model=name)) for name in ("latent", "hybrid")},
            **{f"{reader}_{part}": float(data["recall"].sel(reader=reader, lag=span).mean())
               for reader in ("latent", "window") for part, span in lags.items()},
        }  # fmt: skip

    def right(self, numbers: Numbers) -> str:
        """Which values h says more about than the window does."""
        better = {
            part: float(numbers[f"latent_{part}"]) > float(numbers[f"window_{part}"]) for part in ("recent", "old")
        }
        return {(True, True): "all", (True, False): "recent", (False, True): "old", (False, False): "none"}[
            better["recent"], better["old"]
        ]
