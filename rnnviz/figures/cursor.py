"""The time cursor: one time step, marked in every figure over time.

It is a layer that is put over a finished figure, so that a figure has no code for it and a picture that is saved shows
what the page shows. A figure is over time, or over lags, if the title of its horizontal axis says so.
"""

from __future__ import annotations

from typing import Any, Literal

from rnnviz.figures.figure import FigureDict, Results
from rnnviz.figures.look import Look
from rnnviz.figures.units import last_step
from rnnviz.text import Text

OVER_TIME = ("figure.units.time", "figure.gradient_flow.x.gradient", "figure.weight_cancellation.x")
OVER_LAGS = ("figure.gradient_flow.x.jacobian",)
LABEL = "cursor"  # by which plot.js finds it


def with_cursor(figure: FigureDict, results: Results, time: int, text: Text, look: Look) -> FigureDict:
    """The figure of these results with a line at t = `time`, which is lag T − t on an axis of lags.

    A step beyond the last means the last. A figure over something else, or with nothing drawn, stays as it is.
    """
    over, layout, last = horizontal(figure, text), figure["layout"], last_of(results)
    panels = sorted({(trace.get("xaxis", "x"), trace.get("yaxis", "y")) for trace in figure["data"]})
    if over is None or last < 1 or not panels:
        return figure
    time = min(time, last)
    at = time if over == "time" else last - time
    # A seam of the paper's colour, so that the line is seen on a heat map as well.
    strokes = ({"color": look.faint(look.paper, 0.6), "width": 3.5}, {"color": look.ink, "width": 1.2})
    lines = [line(at, x, y, stroke) for x, y in panels for stroke in strokes]
    axes = {x for x, _ in panels}
    labels = [
        label(at, last, x, f"t = {time}", look) for x in axes if len(axes) == 1
    ]  # beside each other they would be cramped
    marked = {"shapes": [*layout.get("shapes", ()), *lines], "annotations": [*layout.get("annotations", ()), *labels]}
    return {**figure, "layout": layout | marked}


def time_at(figure: FigureDict, results: Results, x: float | str, text: Text) -> int | None:
    """The time step of a point at `x`: the way back from the place of the cursor. None if the figure is not over time."""
    over, last = horizontal(figure, text), last_of(results)
    if over is None or isinstance(x, str):
        return None
    return min(max(round(x if over == "time" else last - x), 1), max(last, 1))


def last_of(results: Results) -> int:
    """The last time step T that any of the networks reached."""
    return max(map(last_step, results.values()))


def horizontal(figure: FigureDict, text: Text) -> Literal["time", "lag"] | None:
    """What the horizontal axes count; panels beside each other share one title."""
    axes = [axis for name, axis in figure["layout"].items() if name.startswith("xaxis")]
    titles = {axis.get("title", {}).get("text") for axis in axes}
    if titles & {text(key) for key in OVER_TIME}:
        return "time"
    return "lag" if titles & {text(key) for key in OVER_LAGS} else None


def line(at: int, x: str, y: str, stroke: dict[str, Any]) -> dict[str, Any]:
    return {"type": "line", "xref": x, "x0": at, "x1": at, "yref": f"{y} domain", "y0": 0, "y1": 1, "line": stroke}


def label(at: int, last: int, x: str, words: str, look: Look) -> dict[str, Any]:
    """In the row of the tick labels, over the one that it stands for: there it hides no curve.

    Beside the first or the last of them it leads away from it, or it would hide a half of that.
    """
    side = "left" if 0.015 < at / last < 0.06 else "right" if 0.94 < at / last < 0.985 else "center"
    return {
        "name": LABEL, "xref": x, "x": at, "xanchor": side, "yref": "paper", "y": 0, "yanchor": "top", "yshift": -5,
        "showarrow": False, "text": words, "bgcolor": look.paper, "borderpad": 1, "font": {"size": 14, "color": look.ink},
    }  # fmt: skip
