"""A strip of the series, and below it who follows whom: the distribution of x_t given the value before."""

from __future__ import annotations

from html import escape
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, SequenceData
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

SHOWN = 120  # values of the strip


class Neighbours(DemonstrationFigure):
    """Above: the first values. Below: P(x_t | x_{t−1}), a row for each value before; rows that are alike mean no memory."""

    draws = SequenceData

    kind: Literal["neighbours"] = Field("neighbours", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        data, of_characters = shown.data, shown.demonstration.flat()["series"] == "characters"
        strip = data["value"].values[:SHOWN]
        places = [escape(str(place)) for place in data["place"].values]
        ticks = {"tickvals": list(range(len(places))), "ticktext": places, "tickfont": {"size": 11}, "tickangle": 0}
        line = {
            "type": "scatter", "mode": "markers" if of_characters else "lines", "x": packed(np.arange(1, len(strip) + 1)),
            "y": packed(strip), "line": {"color": look.ink, "width": 1.5}, "marker": {"size": 4, "color": look.ink},
            "showlegend": False, "hovertemplate": "t = %{x}: %{y:.2f}<extra></extra>",
        }  # fmt: skip
        heat = {
            "type": "heatmap", "z": packed(conditional(data["pair_count"].values)), "xaxis": "x2", "yaxis": "y2",
            "colorscale": look.sequential, "zmin": 0,
            "colorbar": {"len": 0.5, "y": 0.23, "thickness": 12, "title": {"text": "P"}},
            "hovertemplate": "%{y} → %{x}: %{z:.2f}<extra></extra>",
        }  # fmt: skip
        layout = look.layout(
            text("figure.neighbours.title"), about(shown.demonstration, text), uirevision="neighbours"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y"),
            "yaxis": look.axis(domain=[0.76, 1], showticklabels=not of_characters, title={"text": "<i>x</i><sub>t</sub>"}),
            "xaxis2": look.axis(title={"text": text("figure.neighbours.later")}, anchor="y2", **ticks),
            "yaxis2": look.axis(domain=[0, 0.46], title={"text": text("figure.neighbours.earlier")}, **ticks),
        }  # fmt: skip
        return {"data": [line, heat], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        order = str(shown.demonstration.flat()["ordering"])
        bits = float(shown.data["mutual_information"].sel(in_order=order))
        return text("sentence.neighbours", bits=numeral(bits))

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The six pairs that are most frequent."""
        return most_frequent(self.data(shown), 6, text)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        return pairs(shown.data["pair_count"].values, shown.data["place"].values)


def pairs(counts: np.ndarray, places: np.ndarray) -> pd.DataFrame:
    """A row for each pair of neighbours, from counts (earlier, later)."""
    earlier, later = np.indices(counts.shape)
    return pd.DataFrame(
        {
            "earlier": places[earlier.ravel()],
            "later": places[later.ravel()],
            "count": counts.ravel().astype(int),
            "probability": conditional(counts).ravel(),
        }
    )


def most_frequent(rows: pd.DataFrame, first: int, text: Text) -> pd.DataFrame:
    """Of `pairs`, to be read."""
    rows = rows.nlargest(first, "count")
    names = {"earlier": "x_{t−1}", "later": "x_t", "count": text("table.count")}
    chance = rows["probability"].map(lambda p: f"{p:.2f}")
    return rows[list(names)].rename(columns=names).assign(**{"P(x_t | x_{t−1})": chance})


def conditional(counts: np.ndarray) -> np.ndarray:
    """P(later | earlier), (earlier, later); a row that never came is empty."""
    total = counts.sum(1, keepdims=True)
    return np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
