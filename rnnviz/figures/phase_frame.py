"""The frame of a phase diagram: its axes, its lines, and the mark of an experiment on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.choice import Word
from rnnviz.experiment import Experiment
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.planes import Axis, Plane
from rnnviz.text import Text
from rnnviz.text.numbers import minus


def said(axis: Axis, value: Word, text: Text) -> str:
    """A value for a reader."""
    return text(f"option.{axis.name}.{value}.label") if axis.spread == "words" else minus(f"{float(value):.4g}")


def axis(of: Axis, places: np.ndarray, text: Text, look: Look) -> Mapping[str, Any]:
    ticks: dict[str, Any] = {}
    if of.spread != "even":
        shown = places if of.spread == "words" else places[:: max(1, round(len(places) / 7))]
        ticks = {"tickvals": shown.tolist(), "ticktext": [said(of, of.value(place), text) for place in shown]}
    return look.axis(
        title={"text": text(f"parameter.{of.name}.label")}, showgrid=False, autorange=False,
        range=edges(places)[[0, -1]].tolist(), **ticks,
    )  # fmt: skip


def edges(places: np.ndarray) -> np.ndarray:
    """Where cells begin and end, as plotly draws them: halfway to their neighbours, and as far at the ends. One cell alone
    has the width 1."""
    if len(places) == 1:
        return places[0] + np.array([-0.5, 0.5])
    between = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - between[0]], between, [2 * places[-1] - between[-1]]])


def strokes(border: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One upright stroke in each row: rows of words have nothing between them."""
    x = np.repeat(border, 3)
    x[2::3] = np.nan
    return x, np.ravel([[row - 0.5, row + 0.5, np.nan] for row in y])


def line(x: np.ndarray, y: np.ndarray, name: str, dash: str, look: Look) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": packed(x), "y": packed(y), "name": name, "showlegend": True,
        "line": {"color": look.ink, "width": 2.5 if dash == "dash" else 1.5, "dash": dash}, "hoverinfo": "skip",
    }  # fmt: skip


def with_mark(figure: FigureDict, plane: Plane, experiment: Experiment, look: Look) -> FigureDict:
    """The figure with a cross-hair where an experiment stands; a single line where it has only one of the parameters."""
    layout, shapes = figure["layout"], []
    for one, name in ((plane.across, "x"), (plane.up, "y")):
        value = one.of(experiment)
        low, high = layout.get(f"{name}axis", {}).get("range", (0.0, -1.0))
        if value is not None and low <= (place := one.place(value)) <= high:
            other = "y" if name == "x" else "x"
            for stroke in (
                {"color": look.faint(look.paper, 0.6), "width": 3.5},
                {"color": look.ink, "width": 1.2, "dash": "dot"},
            ):
                shapes.append({"type": "line", f"{name}ref": name, f"{name}0": place, f"{name}1": place,
                               f"{other}ref": f"{other} domain", f"{other}0": 0, f"{other}1": 1, "line": stroke})  # fmt: skip
    return {**figure, "layout": {**layout, "shapes": [*layout.get("shapes", ()), *shapes]}}
