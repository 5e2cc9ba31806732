"""Curves against updates in panels, one above the other: how every figure of a training is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnnviz.figures.figure import FigureDict, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.figures.training.runs import Arm, Curve
from rnnviz.text import Text

GAP = 0.13  # of the height, between panels: room for the name of the lower one
NAME_HEIGHT, NAME_BEGINS, LIFT = 0.12, 0.6, 4  # of a level: of the axis, of the updates, pixels from its line
FEW_DECADES = 2.5  # below it the axis is named at 1, 2 and 5


class Line(NamedTuple):
    """One arm's curve in a panel. In the legend only where `legend` names it.

    `place` gives curves of one and the same arm colours of their own.
    """

    arm: Arm
    curve: Curve
    quantity: str  # in the table of points
    legend: str = ""
    dash: str = "solid"
    band: bool = True
    place: int | None = None

    def colour(self, look: Look) -> str:
        return self.arm.colour(look) if self.place is None else look.of_several(self.place)


class Reference(NamedTuple):
    """A level to compare with."""

    level: float
    name: str


class Panel(NamedTuple):
    """`log`: the axis is log₁₀ and the curves are given as they are.   `percent`: they are fractions."""

    title: str
    lines: Sequence[Line]
    references: Sequence[Reference] = ()
    log: bool = False
    percent: bool = False
    weight: float = 1.0  # its share of the height


class Stack:
    """Panels that share their horizontal axis, as one figure."""

    def __init__(self, panels: Sequence[Panel], look: Look):
        self.panels, self.look = panels, look

    def figure(self, title: str, subtitle: str, x_title: str, revision: str) -> FigureDict:
        traces = [trace for k in range(len(self.panels)) for trace in self.traces(k)]
        layout = self.look.layout(title, subtitle, uirevision=revision)
        layout |= {"shapes": [], "annotations": []}
        layout["xaxis"] = self.look.axis(
            title={"text": x_title}, anchor=axis("y", len(self.panels) - 1), rangemode="tozero"
        )
        for k in range(len(self.panels)):
            self.frame(layout, k)
        return {"data": traces, "layout": layout}

    def data(self) -> pd.DataFrame:
        """Every point that is drawn."""
        frames = [
            pd.DataFrame({"curve": line.arm.name, "quantity": line.quantity, "update": line.curve.x,
                          "low": line.curve.low, "median": line.curve.median, "high": line.curve.high})
            for panel in self.panels for line in panel.lines
        ]  # fmt: skip
        frames = [frame for frame in frames if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    # — curves —

    def traces(self, k: int) -> Iterator[dict[str, Any]]:
        for line in self.panels[k].lines:
            if line.band and not np.array_equal(line.curve.low, line.curve.high, equal_nan=True):
                yield from self.band(line, k)
            yield self.median(line, k)

    def band(self, line: Line, k: int) -> Iterator[dict[str, Any]]:
        edge = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, **self.shared(line, k)}
        fill = {"fill": "tonexty", "fillcolor": self.look.faint(line.colour(self.look), 0.16)}
        there = np.isfinite(self.values(line.curve.low, k)) & np.isfinite(self.values(line.curve.high, k))
        x, low, high = (values[there] for values in (line.curve.x, line.curve.low, line.curve.high))
        yield {**edge, "x": packed(x), "y": packed(self.values(low, k))}
        yield {**edge, **fill, "x": packed(x), "y": packed(self.values(high, k))}

    def median(self, line: Line, k: int) -> dict[str, Any]:
        panel, name = self.panels[k], line.legend or line.arm.name
        value = "10<sup>%{y:.2f}</sup>" if panel.log else "%{y:.1%}" if panel.percent else "%{y:.4g}"
        return {
            **self.shared(line, k), "name": name, "showlegend": bool(line.legend),
            "x": packed(line.curve.x), "y": packed(self.values(line.curve.median, k)),
            "line": {"color": line.colour(self.look), "dash": line.dash, "width": 2.5},
            "hovertemplate": f"{name}<br>{panel.title}<br>u = %{{x:.0f}}: {value}<extra></extra>",
        }  # fmt: skip

    def shared(self, line: Line, k: int) -> dict[str, Any]:
        group = line.legend or line.arm.name
        return {"type": "scatter", "mode": "lines", "legendgroup": group, "xaxis": "x", "yaxis": axis("y", k)}

    def values(self, values: np.ndarray, k: int) -> np.ndarray:
        return logarithm(values) if self.panels[k].log else np.where(np.isfinite(values), values, np.nan)

    # — frames —

    def frame(self, layout: dict[str, Any], k: int) -> None:
        panel, y = self.panels[k], axis("y", k)
        low, high = self.range(k)
        ticks = decades_ticks(low, high) if panel.log else {"tickformat": ".0%" if panel.percent else ".3~g"}
        layout[y.replace("y", "yaxis")] = self.look.axis(
            domain=self.domain(k), range=[low, high], autorange=False, anchor="x", **({"nticks": 6} | ticks)
        )
        layout["annotations"].append(
            {"xref": "paper", "x": 0, "xanchor": "left", "yref": f"{y} domain", "y": 1, "yanchor": "bottom", "yshift": 3,
             "showarrow": False, "text": panel.title, "font": {"size": 14}}
        )  # fmt: skip
        for reference in panel.references:
            self.reference(layout, reference, k)

    def reference(self, layout: dict[str, Any], reference: Reference, k: int) -> None:
        y, level = axis("y", k), float(self.values(np.array([reference.level]), k)[0])
        below = self.is_freer_below(level, k)
        line = {"color": self.look.ink, "width": 1.5, "dash": "dash"}
        layout["shapes"].append(
            {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": y, "y0": level, "y1": level, "line": line}
        )
        layout["annotations"].append(
            {"xref": "x domain", "x": 0.995, "xanchor": "right", "yref": y, "y": level,
             "yanchor": "top" if below else "bottom", "yshift": -LIFT if below else LIFT, "showarrow": False,
             "text": reference.name, "font": {"size": 13}, "bgcolor": self.look.faint(self.look.paper, 0.75)}
        )  # fmt: skip

    def is_freer_below(self, level: float, k: int) -> bool:
        """Whether the name of a level hides less of the curves below its line than above; within the axes in any case."""
        low, high = self.range(k)
        height = NAME_HEIGHT * (high - low)
        if level > high - height or level < low + height:
            return level > high - height
        curves = [line.curve for line in self.panels[k].lines if len(line.curve.x)]
        begin = NAME_BEGINS * max((float(curve.x[-1]) for curve in curves), default=0.0)
        behind = [self.values(curve.median[curve.x >= begin], k) - level for curve in curves]
        away = np.concatenate([*behind, np.empty(0)])
        return bool(((away > 0) & (away < height)).sum() > ((away < 0) & (away > -height)).sum())

    def domain(self, k: int) -> list[float]:
        """From above, in proportion to the weights."""
        gap = GAP if len(self.panels) > 1 else 0.0
        room = 1 - gap * (len(self.panels) - 1)
        weights = np.array([panel.weight for panel in self.panels])
        tops = 1 - gap * np.arange(len(weights)) - room * np.concatenate([[0], np.cumsum(weights)[:-1]]) / weights.sum()
        return [max(0.0, float(tops[k] - room * weights[k] / weights.sum())), float(tops[k])]

    def range(self, k: int) -> tuple[float, float]:
        """Room for every finite value and every level; from 0 where the axis is linear."""
        panel = self.panels[k]
        levels = np.array([reference.level for reference in panel.references], float)
        drawn = [edge for line in panel.lines for edge in (line.curve.low, line.curve.median, line.curve.high)]
        values = np.concatenate([self.values(part, k) for part in (levels, *drawn)])
        values = values[np.isfinite(values)]
        low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
        if not len(values):
            low, high = 0.0, 1.0
        if panel.log:
            low, high = (low, high) if high - low >= 1 else ((low + high - 1) / 2, (low + high + 1) / 2)
        else:
            low, high = min(low, 0.0), high if high > 0 else 1.0
        room = 0.06 * (high - low)
        return low - (room if panel.log or low < 0 else 0.3 * room), high + room


def axis(name: str, k: int) -> str:
    return name if k == 0 else f"{name}{k + 1}"


def logarithm(values: np.ndarray) -> np.ndarray:
    """log₁₀; NaN, which is a gap, for what has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(values)
    return np.where(np.isfinite(logs), logs, np.nan)


def decades_ticks(low: float, high: float) -> dict[str, Any]:
    """Names of an axis in log₁₀: 0.01, 0.02, 0.05, 0.1 over a few decades, powers of ten over many."""
    factors = (1, 2, 5) if high - low < FEW_DECADES else (1,)
    step = max(1, round((high - low) / 7))
    decades = range(int(np.floor(low)), int(np.ceil(high)) + 1, step)
    places = [decade + float(np.log10(factor)) for decade in decades for factor in factors]
    places = [place for place in places if low <= place <= high]
    return {"tickmode": "array", "tickvals": places, "ticktext": [power_of_ten(place, html=True) for place in places]}


def bin_note(size: int, text: Text) -> str:
    """What one point of a curve stands for."""
    return text("figure.training.bin", updates=size) if size > 1 else text("figure.training.each_update")
