"""Who learns it: loss and accuracy against updates, and the line of whoever has learnt nothing."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.figures.figure import Results
from rnnviz.figures.training.over_updates import OverUpdates
from rnnviz.figures.training.panels import Line, Panel, Reference
from rnnviz.figures.training.runs import (
    Arm,
    arms,
    at_the_end,
    diverged,
    ending,
    over_updates,
    updates_made,
)
from rnnviz.text import Text

LEARNT = 0.5  # of the loss of knowing nothing: below it, something was learnt


class LearningCurve(OverUpdates):
    """L against updates on a logarithmic axis; below it the share of right answers, for tasks that have classes."""

    kind: Literal["learning_curve"] = Field("learning_curve", repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("loss", "accuracy")

    def panels(self, found: list[Arm], text: Text) -> list[Panel]:
        if not found:
            return []
        nothing = baseline(found, "loss")
        level = (
            [Reference(nothing, text("figure.learning_curve.nothing", score=number(nothing)))] if nothing > 0 else []
        )
        lines = [Line(arm, over_updates(arm, "loss"), "loss", legend=arm.name) for arm in found]
        panels = [Panel(text("figure.learning_curve.loss"), lines, level, log=True)]
        chance = baseline(found, "accuracy")
        if not np.isnan(chance):
            right = [Line(arm, over_updates(arm, "accuracy"), "accuracy") for arm in found]
            by_chance = Reference(chance, text("figure.learning_curve.nothing", score=f"{chance:.1%}"))
            panels.append(Panel(text("figure.learning_curve.accuracy"), right, [by_chance], percent=True))
        return panels

    def reading(self, results: Results, text: Text) -> str:
        found = arms(results, text)
        if not found or not any(updates_made(run.data) for arm in found for run in arm.runs):
            return text("sentence.training.not_yet")
        nothing = baseline(found, "loss")
        said = [text("sentence.training.nothing", score=number(nothing))]
        for arm in found:
            losses = losses_of(arm)
            if not np.isnan(losses).all():
                said.append(
                    text("sentence.training.loss", curve=arm.name, loss=number(float(np.nanmedian(losses))),
                         learnt=int((losses < LEARNT * nothing).sum()), seeds=len(arm.runs))
                )  # fmt: skip
        return " ".join(said + [divergence(arm, text) for arm in found if diverged(arm)])

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per run."""
        rows = []
        for arm in arms(results, text):
            nothing = baseline([arm], "loss")
            for run in arm.runs:
                loss, accuracy = at_the_end(run, "loss"), at_the_end(run, "accuracy")
                rows.append(
                    {
                        text("table.curve"): arm.name,
                        text("parameter.seed.label"): str(run.experiment.seed),
                        text("table.updates"): str(updates_made(run.data)),
                        text("table.loss"): number(loss),
                        text("table.of_nothing"): "—" if np.isnan(loss) or not nothing > 0 else f"{loss / nothing:.3g}",
                        text("table.accuracy"): "—" if np.isnan(accuracy) else f"{accuracy:.1%}",
                        text("table.outcome"): ending(run, text),
                    }
                )
        return pd.DataFrame(rows)


def baseline(found: list[Arm], of: str) -> float:
    """What a model that has learnt nothing scores; NaN before a run has begun, and for an accuracy of numbers."""
    scores = (run.data.attrs.get(f"baseline_{of}") for arm in found for run in arm.runs)
    return float(next((score for score in scores if score is not None), np.nan))


def losses_of(arm: Arm) -> np.ndarray:
    """The loss of every seed over the last tenth of its updates; infinite for a run that diverged."""
    losses = np.array([at_the_end(run, "loss") for run in arm.runs])
    lost = [run.data.attrs.get("outcome") == "diverged" for run in arm.runs]
    return np.where(lost, np.inf, losses)


def divergence(arm: Arm, text: Text) -> str:
    """Which update, and where: of the seed that went first."""
    lost = diverged(arm)
    first = min(lost, key=lambda run: run.data.attrs["ended_at"])
    return text(
        "sentence.training.diverged", curve=arm.name, lost=len(lost), seeds=len(arm.runs),
        update=first.data.attrs["ended_at"], quantity=text(f"training.quantity.{named(first.data.attrs)}"),
        parameter=first.data.attrs["overflow_parameter"],
    )  # fmt: skip


def named(attributes: dict[object, object]) -> object:
    quantity = attributes["overflow_quantity"]
    return quantity if quantity in ("loss", "gradient", "weight") else "state"


def number(value: float) -> str:
    """Four digits, as a loss is read off a screen."""
    return "—" if np.isnan(value) else "∞" if np.isinf(value) else f"{value:.4g}"
