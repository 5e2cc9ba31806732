"""The shape of a task drawn over time: what is read, what is answered, and where the loss enters."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, Shapes
from rnnviz.demonstrations.shapes import SHOWN
from rnnviz.demonstrations.stand_ins import NOTHING
from rnnviz.figures.demonstrations.arrows import Path, arrows
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict
from rnnviz.figures.look import Look
from rnnviz.text import Text

X, H, Y, LOSS = 0.0, 1.0, 2.0, 2.75  # heights of the rows
WIDEST = 6  # steps: a shorter sequence stands in the middle of as many


class ShapeDrawing(DemonstrationFigure):
    """One fresh example: its inputs, the network's answers, and a loss above each answer that is judged."""

    draws = Shapes

    kind: Literal["shape_drawing"] = Field("shape_drawing", repr=False)
    shown_example: Annotated[int, Range(1, SHOWN)] = 1

    def words(self, shown: Demonstrated, name: str) -> list[str]:
        return [str(word) for word in shown.data[name].values[self.shown_example - 1]]

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        length, judged = shown.data.sizes["time"], [bool(word) for word in self.words(shown, "target")]
        inks = (look.colour("gru"), look.colour("elman"), look.colour("lstm"), look.alarm)
        traces = [
            arrows(path, text(f"figure.shape_drawing.{name}"), ink, text(f"figure.shape_drawing.{name}"))
            for (name, path), ink in zip(ends(length, judged).items(), inks, strict=True)
            if path
        ]
        hidden, aside = {"visible": False, "fixedrange": True}, max(0.0, (WIDEST - length) / 2)
        layout = look.layout(
            text("figure.shape_drawing.title", shape=shape_of(shown, text)), about(shown.demonstration, text),
            uirevision="shape",
        ) | {
            "xaxis": {**hidden, "range": [0.4 - aside, length + 0.6 + aside]},
            "yaxis": {**hidden, "range": [-0.4, 3.05]},
            "margin": {"l": 12, "r": 12, "t": 84, "b": 70},
            "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 14}},
            "annotations": self.nodes(shown, look),
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def nodes(self, shown: Demonstrated, look: Look) -> list[dict[str, Any]]:
        """Inputs, states, answers and losses; an answer that is wrong in the colour of alarm, the right one below it."""
        boxes = []
        rows = zip(*(self.words(shown, name) for name in ("read", "answer", "target")), strict=True)
        for t, (read, answer, target) in enumerate(rows, 1):
            boxes.append(box(t, X, escape(read), look.muted if read == NOTHING else look.ink, look))
            boxes.append(box(t, H, f"<i>h</i><sub>{t}</sub>", look.ink, look))
            if target:
                right = answer == target
                said = escape(answer) if right else f"{escape(answer)}<br>≠ {escape(target)}"
                boxes.append(box(t, Y, said, look.ink if right else look.alarm, look))
                boxes.append(box(t, LOSS, f"<b>ℓ<sub>{t}</sub></b>", look.alarm, look))
        return boxes

    def reading(self, shown: Demonstrated, text: Text) -> str:
        told = {"shape": shape_of(shown, text), "losses": losses(shown), "length": shown.data.sizes["time"]}
        return text("sentence.shape_drawing", **told, right=share(shown, "accuracy"), guessing=share(shown, "guessing"))

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """A row for each step of the example, and how often fresh examples are answered rightly there."""
        names = {"read": "table.step_input", "answer": "table.step_answer", "target": "table.step_target"}
        rows = {text(key): [word or "—" for word in self.words(shown, name)] for name, key in names.items()}
        right = ["—" if np.isnan(one) else f"{one:.0%}" for one in shown.data["accuracy"].values]
        return pd.DataFrame({"t": shown.data["time"].values, **rows, text("table.step_accuracy"): right})

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each example and step that is kept in words."""
        words = shown.data[["read", "answer", "target"]].to_dataframe().reset_index()
        return words.assign(example=words["example"] + 1)


def ends(length: int, judged: list[bool]) -> dict[str, list[Path]]:
    """From where to where the arrows go: read, remembered, answered, judged."""
    steps, told = range(1, length + 1), [t for t, there in enumerate(judged, 1) if there]
    return {
        "read": [((t, X + 0.2), (t, H - 0.22)) for t in steps],
        "remembered": [((t + 0.25, H), (t + 0.7, H)) for t in steps[:-1]],
        "answered": [((t, H + 0.2), (t, Y - 0.25)) for t in told],
        "judged": [((t, LOSS - 0.18), (t, Y + 0.27)) for t in told],
    }


def box(t: int, height: float, words: str, colour: str, look: Look) -> dict[str, Any]:
    return {
        "x": t, "y": height, "text": words, "showarrow": False, "align": "center", "borderpad": 3, "borderwidth": 1,
        "bgcolor": look.paper, "bordercolor": look.lines, "font": {"size": 12, "color": colour},
    }  # fmt: skip


def shape_of(shown: Demonstrated, text: Text) -> str:
    return text(f"figure.shape_drawing.shape.{shown.demonstration.flat()['stand_in']}")


def losses(shown: Demonstrated) -> int:
    """The number of steps that are judged."""
    return int(shown.data["accuracy"].notnull().sum())


def share(shown: Demonstrated, name: str) -> str:
    """Over all judged steps, in percent."""
    return f"{float(shown.data[name].mean()):.0%}"
