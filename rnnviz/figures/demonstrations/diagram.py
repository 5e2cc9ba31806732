"""A drawing with live numbers: boxes, nodes, arrows and labels as Plotly's own shapes, so that it exports as any figure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text.numbers import fixed, minus

Point = tuple[float, float]
HALF, TANK, BOX = 0.43, 0.95, 0.75  # half the width of a gate or a box, half the height of a gate, and of a box
RIM = 12  # pixels from the middle of a disc to its rim
WIDTH, HEIGHT = 6.0, 10.0  # of the drawing's own coordinates; letters keep their size on a phone


def three(value: float) -> str:
    """Three decimals, as many as a box on a phone has room for."""
    return fixed(value, 3) if abs(value) < 99.9995 else minus(f"{value:.0f}")


def tail(start: Point, end: Point) -> Point:
    """A point on the way, close to its end."""
    part = min(1.0, 0.6 / math.dist(start, end))
    return end[0] - part * (end[0] - start[0]), end[1] - part * (end[1] - start[1])


@dataclass
class Diagram:
    """Collects what is drawn; every mark with something to say answers to the pointer.

    nodes: products and sums, discs of the same size on every screen. They come before the wires that end at them.
    """

    look: Look
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[tuple[float, float, str]] = field(default_factory=list)
    said: list[tuple[float, float, str]] = field(default_factory=list)

    def label(self, at: Point, words: str, *, colour: str = "", size: int = 14, **rest: Any) -> None:
        self.notes.append({
            "x": at[0], "y": at[1], "text": words, "showarrow": False, "align": "center",
            "font": {"size": size, "color": colour or self.look.ink}, **rest,
        })  # fmt: skip

    def value(self, at: Point, symbol: str, value: float, says: str, *, colour: str = "") -> None:
        """A symbol with its number below."""
        self.label(at, f"{symbol}<br><b>{three(value)}</b>", colour=colour)
        self.say(at, f"{says}<br>{symbol} = {minus(f'{value:.6f}')}")

    def say(self, at: Point, words: str) -> None:
        self.said.append((*at, words))

    def tank(self, at: Point, symbol: str, value: float, says: str, colour: str, *, held: str = "") -> None:
        """A gate: a box filled as high as it is open; bordered in the colour of an alarm where it is held."""
        x, y = at
        left, right, low, high = x - HALF, x + HALF, y - TANK, y + TANK
        border = {"color": self.look.alarm if held else colour, "width": 3 if held else 2}
        self.rectangle((left, low), (right, low + (high - low) * value), self.look.faint(colour, 0.3))
        self.rectangle((left, low), (right, high), line=border)
        self.value(at, symbol, value, says)
        if held:
            self.label((x, high), held, colour=self.look.alarm, size=12, yanchor="bottom")

    def box(self, at: Point, symbol: str, value: float, says: str, colour: str) -> None:
        """What has no scale from shut to open."""
        x, y = at
        corners = (x - HALF, y - BOX), (x + HALF, y + BOX)
        self.rectangle(*corners, self.look.paper, line={"color": colour, "width": 2})
        self.value(at, symbol, value, says)

    def rectangle(self, low: Point, high: Point, fill: str = "rgba(0,0,0,0)", **rest: Any) -> None:
        corners = {"x0": low[0], "y0": low[1], "x1": high[0], "y1": high[1]}
        self.shapes.append({"type": "rect", **corners, "fillcolor": fill, "line": {"width": 0}, **rest})

    def has_node(self, at: Point) -> bool:
        return at in [(x, y) for x, y, _ in self.nodes]

    def wire(self, *points: Point, colour: str = "", width: float = 2, arrow: bool = True) -> None:
        """A line along the points, with an arrow at its end; before the rim of a disc, where one is there already."""
        ink = colour or self.look.muted
        path = "M" + " L".join(f"{x},{y}" for x, y in points)
        self.shapes.append({"type": "path", "path": path, "line": {"color": ink, "width": width}, "layer": "below"})
        if arrow:
            (ax, ay), (x, y) = tail(*points[-2:]), points[-1]  # short, since arrows lie above the nodes
            self.notes.append({
                "x": x, "y": y, "ax": ax, "ay": ay, "axref": "x", "ayref": "y", "text": "", "showarrow": True,
                "arrowhead": 2, "arrowwidth": width, "arrowcolor": ink, "standoff": RIM if self.has_node(points[-1]) else 0,
            })  # fmt: skip

    def figure(self, title: str, subtitle: str) -> FigureDict:
        spots, discs = (np.array([at[:2] for at in marks]) for marks in (self.said, self.nodes))
        points = {"type": "scatter", "showlegend": False}
        traces = [
            points | {
                "mode": "markers+text", "x": packed(discs[:, 0]), "y": packed(discs[:, 1]), "hoverinfo": "skip",
                "text": [f"<b>{sign}</b>" for _, _, sign in self.nodes], "textfont": {"size": 15},
                "marker": {"size": 2 * RIM, "color": self.look.paper, "line": {"color": self.look.ink, "width": 1.5}},
            },
            points | {
                "mode": "markers", "x": packed(spots[:, 0]), "y": packed(spots[:, 1]),
                "marker": {"size": 34, "opacity": 0}, "customdata": [words for _, _, words in self.said],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
        ]  # fmt: skip
        hidden = {"visible": False, "fixedrange": True, "autorange": False}
        # Arrows under everything that has a face.
        notes = sorted(self.notes, key=lambda note: not note["showarrow"])
        layout = self.look.layout(title, subtitle, uirevision="diagram") | {
            "xaxis": {"range": [0, WIDTH], **hidden},
            "yaxis": {"range": [0, HEIGHT], **hidden},
            "shapes": self.shapes,
            "annotations": notes,
            "margin": {"l": 12, "r": 12, "t": 84, "b": 12},
        }
        return {"data": traces, "layout": layout}
