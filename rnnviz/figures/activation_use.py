"""φ and φ' as curves, and where on them the pre-activations of one network lie."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.cells.cell import Cell
from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.squashing import SATURATED, places_of
from rnnviz.figures import units
from rnnviz.figures.figure import FigureDict, Result, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

PlaceName = Literal["candidate", "output"]
SYMBOLS = {"candidate": "<i>a</i><sub>t</sub>", "output": "<i>c</i><sub>t</sub>"}
WORTH_SAYING = 0.005  # beyond the axis


class ActivationUse(Choice):
    """Above φ(a), then φ'(a), below the histogram of a over units × time × examples, on one axis.

    Bins where φ' < 0.05 γ are drawn as saturated; γ is the largest slope.
    """

    kind: Literal["activation_use"] = Field("activation_use", repr=False)
    place: PlaceName = "candidate"
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("activation_histogram", "activation_totals")

    def curves(self, result: Result) -> dict[str, np.ndarray]:
        """a, function, slope, fraction and saturated of every bin; empty where there was no step."""
        found = result.data["activation_histogram"]
        if not found.sizes["place"]:
            return {name: np.empty(0) for name in ("a", "function", "slope", "fraction", "saturated")}
        at = units.layer_index(result.experiment.cell, self.layer)
        chosen = found.sel(place=place_for(result.experiment.cell, self.place)).isel(layer=at)
        curves = {str(name): chosen.values[k] for k, name in enumerate(found["of_bin"].values)}
        a = found["bin"].values * totals_of(result, self.place, self.layer)["reach"]
        return {"a": a, **curves, "saturated": curves["slope"] < SATURATED * gamma(result)}

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        curves, cell = self.curves(result), result.experiment.cell
        place, words = place_for(cell, self.place), words_for(cell, self.place)
        title = text(f"figure.activation_use.title.{words}", curve=name_of(result, text))
        layout = look.layout(title, units.subtitle(result, self.layer, text), uirevision=f"use-{place}")
        if not len(curves["a"]):
            return {"data": [], "layout": layout | self.axes(place, words, text, look)}
        layout |= self.axes(place, words, text, look)
        layout["annotations"] = [*layout["annotations"], *self.beyond(result, text, look)]
        layout["xaxis"] = {**layout["xaxis"], "range": reach_range(curves["a"]), "autorange": False}
        x, colour = packed(curves["a"]), look.colour(cell.kind)
        traces = [
            self.line(x, curves[name], axis, symbol, look)
            for name, axis, symbol in (("function", "y3", "φ"), ("slope", "y2", "φ′"))
        ]
        for saturated, fill in ((False, colour), (True, look.muted)):
            fraction = np.where(curves["saturated"] == saturated, curves["fraction"], 0.0)
            traces.append(self.bars(x, fraction, fill))
        return {"data": traces, "layout": layout}

    def line(self, x: dict[str, str], y: np.ndarray, axis: str, symbol: str, look: Look) -> dict[str, Any]:
        return {
            "type": "scatter", "mode": "lines", "x": x, "y": packed(y), "yaxis": axis, "showlegend": False,
            "line": {"color": look.ink, "width": 2.5}, "hovertemplate": f"{symbol}(%{{x:.3g}}) = %{{y:.4f}}<extra></extra>",
        }  # fmt: skip

    def bars(self, x: dict[str, str], fraction: np.ndarray, colour: str) -> dict[str, Any]:
        return {
            "type": "bar", "x": x, "y": packed(fraction), "marker": {"color": colour, "line": {"width": 0}},
            "showlegend": False, "hovertemplate": "%{x:.3g}: %{y:.2%}<extra></extra>",
        }  # fmt: skip

    def axes(self, place: str, words: str, text: Text, look: Look) -> dict[str, Any]:
        symbol, plain = SYMBOLS[place], {"showgrid": True, "nticks": 4}
        names = (("y3", f"φ({symbol})"), ("y2", f"φ′({symbol})"), ("y", text("figure.activation_use.fraction")))
        return {
            "xaxis": look.axis(title={"text": text(f"figure.activation_use.x.{words}")}, anchor="y"),
            "yaxis": look.axis(domain=[0, 0.4], tickformat=".2~%", rangemode="tozero", **plain),
            "yaxis2": look.axis(domain=[0.5, 0.7], rangemode="tozero", **plain),
            "yaxis3": look.axis(domain=[0.8, 1], zeroline=True, zerolinecolor=look.lines, **plain),
            "barmode": "stack", "bargap": 0,
            "annotations": [
                {"xref": "paper", "x": 0.01, "xanchor": "left", "yref": f"{axis} domain", "y": 1.02, "yanchor": "bottom",
                 "showarrow": False, "text": name, "font": {"size": 14, "color": look.ink}}
                for axis, name in names
            ] + [
                {"xref": "paper", "x": 1, "xanchor": "right", "yref": "y domain", "y": 1.02, "yanchor": "bottom",
                 "showarrow": False, "text": text("figure.activation_use.saturated"),
                 "font": {"size": 14, "color": look.muted}}
            ],
        }  # fmt: skip

    def beyond(self, result: Result, text: Text, look: Look) -> list[dict[str, Any]]:
        """What no bin holds, said at the ends of the axis."""
        totals = totals_of(result, self.place, self.layer)
        ends = (("below", 0.0, "left", "‹ {} %"), ("above", 1.0, "right", "{} % ›"))
        return [
            {"xref": "paper", "x": x, "xanchor": side, "yref": "y domain", "y": 0.9, "yanchor": "top",
             "showarrow": False, "text": words.format(fraction_in_words(totals[name])),
             "font": {"size": 13, "color": look.muted}}
            for name, x, side, words in ends if totals[name] >= WORTH_SAYING
        ]  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        if not len(self.curves(result)["a"]):
            return units.overflowed(result, text)
        totals, cell = totals_of(result, self.place, self.layer), result.experiment.cell
        values = {name: fraction_in_words(totals[name]) for name in ("dead", "saturated", "dead_units")}
        return text(
            f"sentence.activation.{sides(cell)}", curve=name_of(result, text), **values,
            received=text(f"figure.activation_use.received.{words_for(cell, self.place)}"),
            mean=f"{totals['mean_slope']:.2g}", gamma=f"{gamma(result):g}",
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per layer, and per place where the cell squashes twice."""
        _, result = units.first(results)
        cell = result.experiment.cell
        rows = []
        for place in places_of(cell) if result.data.sizes["place"] else ():
            for layer in range(1, cell.layers + 1):
                totals = totals_of(result, place, layer)
                rows.append(
                    {
                        text("table.layer"): str(layer),
                        text("table.place"): text(f"figure.activation_use.place.{words_for(cell, place)}"),
                        text("table.dead"): f"{fraction_in_words(totals['dead'])} %",
                        text("table.saturated_slope"): f"{fraction_in_words(totals['saturated'])} %",
                        text("table.mean_slope"): f"{totals['mean_slope']:.4g}",
                        text("table.dead_units"): f"{fraction_in_words(totals['dead_units'])} %",
                    }
                )
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        curves = self.curves(result)
        if not len(curves["a"]):
            return pd.DataFrame()
        return pd.DataFrame({"curve": name, "place": place_for(result.experiment.cell, self.place), **curves})


def place_for(cell: Cell, asked: str) -> str:
    """The place that was asked for if the cell squashes there, else the candidate."""
    return asked if asked in places_of(cell) else "candidate"


def words_for(cell: Cell, asked: str) -> str:
    """The place by its name in the texts: what a cell without gates squashes is no candidate, it is the state."""
    return place_for(cell, asked) if cell.keeping_gate else "state"


def sides(cell: Cell) -> str:
    """ReLU is flat on one side, and there it is dead."""
    return "one_sided" if cell.activation == "relu" else "two_sided"


def totals_of(result: Result, place: str, layer: int) -> dict[str, float]:
    """The numbers of activation_totals by name."""
    cell, found = result.experiment.cell, result.data["activation_totals"]
    chosen = found.sel(place=place_for(cell, place)).isel(layer=units.layer_index(cell, layer))
    return {str(name): float(chosen.values[k]) for k, name in enumerate(found["total"].values)}


def gamma(result: Result) -> float:
    """The largest slope of φ."""
    return result.experiment.cell.phi.largest_slope


def fraction_in_words(fraction: float) -> str:
    """In percent: 0, 0.027, 4.2, 38, 99.7; never 0 or 100 for what is not none or all."""
    percent = 100 * fraction
    if fraction in (0, 1) or 9.95 <= percent <= 99.5:
        return f"{percent:.0f}"
    return f"{min(percent, 99.9):.1f}" if percent > 99.5 else f"{float(f'{percent:.2g}'):.10g}"


def reach_range(a: np.ndarray) -> list[float]:
    half_bin = (a[-1] - a[0]) / (len(a) - 1) / 2
    return [float(a[0] - half_bin), float(a[-1] + half_bin)]
