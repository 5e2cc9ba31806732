"""The condition number of the product of Jacobians over the lag: how unequally directions of the past survive."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, lens, units
from rnnviz.figures.figure import FigureDict, Result, Results, packed, power_of_ten
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.precision import PRECISIONS
from rnnviz.text import Text


class ConditionNumber(Choice):
    """log₁₀ σ₁/σ_n of ∂s_T/∂s_t over the lag T − t; ∞ from the lag on at which a direction is lost altogether.

    Beyond 1/u of a format the smallest direction lies below the roundings of the largest: what is left of it there is noise.
    """

    kind: Literal["condition_number"] = Field("condition_number", repr=False)
    precisions: PrecisionsName = "common"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("singular_spectrum",)

    def curve(self, result: Result) -> tuple[np.ndarray, np.ndarray]:
        """Lags (lag,) and log₁₀ of the condition number, +∞ where σ_n is zero."""
        lags, logs = result.data["kept_lag"].values, result.data["singular_spectrum"].values
        return lags, of_spectrum(logs)

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        lags, condition = self.curve(result)
        colour, label = look.colour(result.experiment.cell.kind), text("figure.condition_number.curve")
        hover = f"{label}<br>T − t = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
        finite = np.where(np.isfinite(condition), condition, np.nan)
        line = {"color": colour, "width": 3}
        traces = [decades.line(lags, finite, name=label, line=line, hovertemplate=hover)] if len(lags) else []
        frame = look.layout(
            text("figure.condition_number.title", curve=name_of(result, text)),
            units.of_example(result, None, text),
            uirevision="condition",
        )
        layout = frame | decades.decade_axes([finite], text("figure.gradient_flow.x.jacobian"), text, look)
        layout |= {"legend": {"x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "font": {"size": 14},
                              "bgcolor": look.faint(look.paper, 0.8)}}  # fmt: skip
        layout["xaxis"] |= {"range": [0, max(1, int(lags.max(initial=1)))], "autorange": False}
        self.mark_roundoffs(layout, text, look)
        self.mark_infinity(layout, lags, condition, look)
        last = before_infinity(condition)
        if last is not None:
            marker = {"symbol": "triangle-up", "size": 14, "color": colour}
            name = text("figure.condition_number.infinite")
            traces.append(
                {"type": "scatter", "mode": "markers", "x": packed(lags[last : last + 1]),
                 "y": packed(finite[last : last + 1]), "marker": marker, "name": name, "cliponaxis": False,
                 "hovertemplate": f"{name}<extra></extra>"}
            )  # fmt: skip
        return {"data": traces, "layout": layout}

    def mark_roundoffs(self, layout: FigureDict, text: Text, look: Look) -> None:
        """A line at 1/u of every format that is chosen and in sight."""
        low, high = layout["yaxis"]["range"]
        marks = {dtype: -PRECISIONS[dtype].roundoff for dtype in lens.chosen(self.precisions)}
        inside = sorted(((at, dtype) for dtype, at in marks.items() if low < at < high), reverse=True)
        place = {"xref": "x domain", "yref": "y"}
        stroke = {"color": look.alarm, "width": 1.5, "dash": "dot"}
        for k, (at, dtype) in enumerate(inside):  # their names side by side: the lines lie close together
            layout["shapes"].append(
                {"type": "line", **place, "x0": 0, "x1": 1, "y0": at, "y1": at, "line": stroke, "layer": "below"}
            )
            layout["annotations"].append(
                {**place, "x": 0.99 - 0.24 * k, "xanchor": "right", "y": at, "yanchor": "bottom", "showarrow": False,
                 "text": text("figure.condition_number.roundoff", dtype=dtype),
                 "font": {"size": 13, "color": look.alarm}, "bgcolor": look.faint(look.paper, 0.7)}
            )  # fmt: skip

    def mark_infinity(self, layout: FigureDict, lags: np.ndarray, condition: np.ndarray, look: Look) -> None:
        """A field of its own from the lag on at which there is no number any more."""
        infinite = np.flatnonzero(np.isposinf(condition))
        if not len(infinite):
            return
        first, last = int(lags[infinite[0]]), int(lags[-1])
        field = {"xref": "x", "yref": "y domain"}
        layout["shapes"].append(
            {"type": "rect", **field, "x0": first, "x1": last, "y0": 0, "y1": 1, "line": {"width": 0},
             "fillcolor": look.faint(look.alarm, 0.09), "layer": "below"}
        )  # fmt: skip
        layout["annotations"].append(
            {**field, "x": (first + last) / 2, "y": 0.6, "showarrow": False, "text": "∞",
             "font": {"size": 34, "color": look.alarm}}
        )  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        lags, condition = self.curve(result)
        if len(lags) < 2:
            return units.overflowed(result, text)
        curve, infinite = name_of(result, text), np.flatnonzero(np.isposinf(condition))
        beyond = {name: np.flatnonzero(condition > -one.roundoff) for name, one in PRECISIONS.items()}
        parts = [
            text("sentence.condition_number.beyond", dtype=name, lag=int(lags[k[0]]))
            for name, k in beyond.items()
            if len(k)
        ]
        if len(infinite):
            said = text("sentence.condition_number.infinite", curve=curve, lag=int(lags[infinite[0]]))
        else:
            end = power_of_ten(float(condition[-1]))
            said = text("sentence.condition_number.end", curve=curve, steps=int(lags[-1]), condition=end)
        return f"{said} {text('sentence.condition_number.lost', parts=', '.join(parts))}" if parts else said

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per lag, at most a dozen."""
        _, result = units.first(results)
        lags, condition = self.curve(result)
        rows = [
            {text("table.lag"): str(int(lags[k])), text("table.condition"): power_of_ten(float(condition[k]))}
            for k in evenly(len(lags), 12)
        ]
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        lags, condition = self.curve(result)
        return pd.DataFrame({"curve": name, "lag": lags, "log10_condition_number": condition})


def of_spectrum(logs: np.ndarray) -> np.ndarray:
    """log₁₀ σ₁/σ_n from log₁₀ σ, descending (lag, state); +∞ where a direction is lost, even where all are."""
    if not logs.size:
        return np.empty(0)
    with np.errstate(invalid="ignore"):
        found: np.ndarray = np.where(np.isneginf(logs[:, -1]), np.inf, logs[:, 0] - logs[:, -1])
    return found


def before_infinity(condition: np.ndarray) -> int | None:
    """Where the last finite value stands before the curve is infinite; None if it never is, or always."""
    infinite = np.flatnonzero(np.isposinf(condition))
    return int(infinite[0]) - 1 if len(infinite) and infinite[0] > 0 else None
