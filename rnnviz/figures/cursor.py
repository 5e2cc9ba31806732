"""The time cursor: one time step, marked in every figure over time.

It is a layer that is put over a finished figure, so that a figure has no code for it and a picture that is saved shows
what the page shows. A figure is over time, or over lags, if the title of its horizontal axis says so; a map whose rows are
time steps, if that of its vertical one does.
"""

from __future__ import annotations

from typing import Any, Literal

from rnnviz.figures.figure import FigureDict, Results
from rnnviz.figures.look import Look
from rnnviz.figures.units import last_step
from rnnviz.text import Text

OVER_TIME = ("figure.units.time", "figure.gradient_flow.x.gradient", "figure.weight_cancellation.x")
OVER_LAGS = ("figure.gradient_flow.x.jacobian",)
ROWS = ("figure.bptt_map.loss",)
AXES: tuple[tuple[Literal["time", "lag", "row"], str, tuple[str, ...]], ...] = (
    ("time", "xaxis", OVER_TIME),
    ("lag", "xaxis", OVER_LAGS),
    ("row", "yaxis", ROWS),
)
LABEL = "cursor"  # by which plot.js finds it


def with_cursor(figure: FigureDict, results: Results, time: int, text: Text, look: Look) -> FigureDict:
    """The figure of these results with a line at t = `time`, which is lag T − t on an axis of lags.

    A step beyond the last means the last. A figure over something else, or with nothing drawn, stays as it is.
    """
    over, layout, last = counted(figure, text), figure["layout"], last_of(results)
    panels = panels_over(figure, over, text)
    if over is None or last < 1 or not panels:
        return figure
    time = min(time, last)
    at = last - time if over == "lag" else time
    # A seam of the paper's colour, so that the line is seen on a heat map as well.
    strokes = ({"color": look.faint(look.paper, 0.6), "width": 3.5}, {"color": look.ink, "width": 1.2})
    draw, name = (level, level_label) if over == "row" else (line, label)
    lines = [draw(at, x, y, stroke) for x, y in panels for stroke in strokes]
    lowest = min(panels, key=lambda panel: bottom(layout, panel[1]))
    alone = len({x for x, _ in panels}) == 1  # beside each other they would be cramped
    labels = [name(at, last, lowest, bottom(layout, lowest[1]), f"t = {time}", look)] if alone else []
    marked = {"shapes": [*layout.get("shapes", ()), *lines], "annotations": [*layout.get("annotations", ()), *labels]}
    return {**figure, "layout": layout | marked}


def time_at(figure: FigureDict, results: Results, x: float | str, text: Text, y: float | str = "") -> int | None:
    """The time step of a point: the way back from the place of the cursor. None if the figure is not over time."""
    over, last = counted(figure, text), last_of(results)
    place = y if over == "row" else x
    if over is None or isinstance(place, str):
        return None
    return min(max(round(last - place if over == "lag" else place), 1), max(last, 1))


def last_of(results: Results) -> int:
    """The last time step T that any of the networks reached."""
    return max(map(last_step, results.values()))


def counted(figure: FigureDict, text: Text) -> Literal["time", "lag", "row"] | None:
    """What the axes count: time steps or lags to the right, or time steps upwards."""
    for over, direction, keys in AXES:
        titles = {title_of(axis) for name, axis in figure["layout"].items() if name.startswith(direction)}
        if titles & {text(key) for key in keys}:
            return over
    return None


def panels_over(figure: FigureDict, over: str | None, text: Text) -> list[tuple[str, str]]:
    """The panels, as pairs of axes, that are over it; those beside each other share one title below."""
    keys = next((keys for name, _, keys in AXES if name == over), ())
    place = int(over == "row")
    wanted = {text(key) for key in keys} | (set() if place else {""})
    panels = sorted({(trace.get("xaxis", "x"), trace.get("yaxis", "y")) for trace in figure["data"]})
    names = {panel: f"{panel[place][0]}axis{panel[place][1:]}" for panel in panels}
    return [panel for panel, name in names.items() if title_of(figure["layout"][name]) in wanted]


def title_of(axis: dict[str, Any]) -> str:
    return str(axis.get("title", {}).get("text") or "")


def line(at: int, x: str, y: str, stroke: dict[str, Any]) -> dict[str, Any]:
    return {"type": "line", "xref": x, "x0": at, "x1": at, "yref": f"{y} domain", "y0": 0, "y1": 1, "line": stroke}


def bottom(layout: dict[str, Any], y: str) -> float:
    """Where a panel begins, as a part of the figure's height."""
    return float(layout[f"yaxis{y[1:]}"].get("domain", (0, 1))[0])


def label(at: int, last: int, panel: tuple[str, str], below: float, words: str, look: Look) -> dict[str, Any]:
    """In the row of the tick labels, over the one that it stands for: there it hides no curve.

    Beside the first or the last of them it leads away from it, or it would hide a half of that.
    """
    side = "left" if 0.015 < at / last < 0.06 else "right" if 0.94 < at / last < 0.985 else "center"
    return {
        "name": LABEL, "xref": panel[0], "x": at, "xanchor": side, "yref": "paper", "y": below, "yanchor": "top",
        "yshift": -5, "showarrow": False, "text": words, "bgcolor": look.paper, "borderpad": 1,
        "font": {"size": 14, "color": look.ink},
    }  # fmt: skip


def level(at: int, x: str, y: str, stroke: dict[str, Any]) -> dict[str, Any]:
    return {"type": "line", "yref": y, "y0": at, "y1": at, "xref": f"{x} domain", "x0": 0, "x1": 1, "line": stroke}


def level_label(at: int, last: int, panel: tuple[str, str], below: float, words: str, look: Look) -> dict[str, Any]:
    """In the column of the tick labels."""
    return {
        "yref": panel[1], "y": at, "xref": "paper", "x": 0, "xanchor": "right", "xshift": -3, "showarrow": False,
        "text": words, "bgcolor": look.paper, "borderpad": 1, "font": {"size": 14, "color": look.ink},
    }  # fmt: skip
