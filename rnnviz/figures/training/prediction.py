"""What the networks answer now, beside what they should."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures.figure import FigureDict, Result, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.training.gradient_film import LATEST
from rnnviz.figures.training.runs import Arm, arms, computed_for, snapshot_at
from rnnviz.text import Text


class Answer(NamedTuple):
    """What one network said of its first example at one update, and what was right, (time,)."""

    arm: Arm
    run: Result
    update: int
    said: np.ndarray
    right: np.ndarray
    judged: range


class Prediction(Choice):
    """Answer and target of one example over time, for the first seed of every arm; the loss looks at the dots."""

    kind: Literal["prediction"] = Field("prediction", repr=False)
    update: Annotated[int, Range(0, LATEST, symbol="u")] = LATEST

    @property
    def needs(self) -> tuple[str, ...]:
        return ("answer", "target")

    def answers(self, results: Results, text: Text) -> list[Answer]:
        return [found for arm in arms(results, text) if (found := self.answer(arm)) is not None]

    def answer(self, arm: Arm) -> Answer | None:
        run = next((run for run in arm.runs if "answer" in run.data and run.data.sizes["snapshot"]), None)
        place = snapshot_at(run.data, self.update) if run else None
        if run is None or place is None:
            return None
        said, right = run.data["answer"].values[place], run.data["target"].values[place]
        update = int(run.data["snapshot"].values[place])
        return Answer(arm, run, update, said, right, run.experiment.loss.steps(len(said)))

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        answers = self.answers(results, text)
        update = max((answer.update for answer in answers), default=0)
        title = text("figure.prediction.title", update=update)
        layout = look.layout(title, computed_for(arms(results, text), text), uirevision="prediction")
        traces = [trace for answer in answers for trace in self.curve(answer, look)]
        if answers:  # the target last, on top of all answers
            traces += self.target(answers[0], text, look)
        layout |= {"xaxis": look.axis(title={"text": text("figure.gradient_film.time")}),
                   "yaxis": look.axis(range=self.range(answers), autorange=False, tickformat=".3~g", nticks=7)}  # fmt: skip
        return {"data": traces, "layout": layout}

    def curve(self, answer: Answer, look: Look) -> Iterator[dict[str, Any]]:
        colour = answer.arm.colour(look)
        yield from dotted(answer.said, answer.judged, answer.arm.name, colour, 2.0, "circle")

    def target(self, answer: Answer, text: Text, look: Look) -> Iterator[dict[str, Any]]:
        yield from dotted(
            answer.right, answer.judged, text("figure.prediction.target"), look.ink, 1.5, "circle-open", "dot"
        )

    def range(self, answers: list[Answer]) -> list[float]:
        values = np.concatenate([np.zeros(1), *(part for answer in answers for part in (answer.said, answer.right))])
        values = values[np.isfinite(values)]
        low, high = float(values.min()), float(values.max())
        room = 0.08 * max(high - low, 1e-3)
        return [low - room, high + room]

    def reading(self, results: Results, text: Text) -> str:
        answers = self.answers(results, text)
        if not answers:
            return text("sentence.training.not_yet")
        last = answers[0].judged[-1] - 1
        said = [text("sentence.prediction.target", time=last + 1, target=value(answers[0].right[last]))]
        said += [
            text("sentence.prediction.answer", curve=answer.arm.name, answer=value(answer.said[last]))
            for answer in answers
        ]
        return " ".join(said)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per arm: the answer at the last judged step, and how many of the judged answers are right or how far off."""
        rows = []
        for answer in self.answers(results, text):
            at, classes = np.array(answer.judged) - 1, answer.run.experiment.task.judgement == "cross_entropy"
            said, right = answer.said[at], answer.right[at]
            far = f"{np.mean(said == right):.1%}" if classes else value(float(np.abs(said - right).mean()))
            rows.append(
                {
                    text("table.curve"): answer.arm.name,
                    text("table.update"): str(answer.update),
                    text("table.answer"): value(said[-1]),
                    text("table.target"): value(right[-1]),
                    text("table.right" if classes else "table.far_off"): far,
                }
            )
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        frames = [
            pd.DataFrame({"curve": answer.arm.name, "update": answer.update, "time": np.arange(1, len(answer.said) + 1),
                          "answer": answer.said, "target": answer.right})
            for answer in self.answers(results, Text())
        ]  # fmt: skip
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def dotted(
    values: np.ndarray, judged: range, name: str, colour: str, width: float, symbol: str, dash: str = "solid"
) -> Iterator[dict[str, Any]]:
    """A line over all steps, thin, and a marker wherever the loss looks."""
    time, at = np.arange(1.0, len(values) + 1), np.array(judged) - 1
    values = np.where(np.isfinite(values), values, np.nan)
    shared = {
        "type": "scatter",
        "name": name,
        "legendgroup": name,
        "hovertemplate": f"{name}<br>t = %{{x}}: %{{y:.4g}}<extra></extra>",
    }
    line = {"color": colour, "width": width, "dash": dash}
    faint = {} if len(at) > 1 else {"opacity": 0.5}  # what is never judged steps back
    yield {**shared, **faint, "mode": "lines", "x": packed(time), "y": packed(values), "line": line}
    marker = {
        "color": colour,
        "size": 11 if len(at) == 1 else 6,
        "symbol": symbol,
        "line": {"width": 2, "color": colour},
    }
    yield {
        **shared,
        "mode": "markers",
        "x": packed(time[at]),
        "y": packed(values[at]),
        "marker": marker,
        "showlegend": False,
    }


def value(number: float) -> str:
    return "—" if np.isnan(number) else f"{number:.4g}".replace("-", "−")
