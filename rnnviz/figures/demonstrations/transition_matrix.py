"""The transition matrix of a Markov model of characters, with the way of a word through it."""

from __future__ import annotations

from html import escape
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, MarkovText
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.demonstrations.neighbours import conditional, most_frequent, pairs
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text

TOP = 0.4  # of the colours: few transitions are more probable, and the others could not be told apart


class TransitionMatrix(DemonstrationFigure):
    """P(x_t | x_{t−1}) as counted, a row for each character before; the transitions of the word are ringed."""

    draws = MarkovText

    kind: Literal["transition_matrix"] = Field("transition_matrix", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        data = shown.data
        places = [escape(str(place), quote=False) for place in data["place"].values]
        ticks = {"tickvals": list(range(len(places))), "ticktext": places, "tickfont": {"size": 10}, "tickangle": 0}
        way = data["shown"].values.astype(float)
        matrix = {
            "type": "heatmap", "z": packed(conditional(data["transition_count"].values)), "colorscale": look.sequential,
            "zmin": 0, "zmax": TOP, "colorbar": {"thickness": 12, "title": {"text": "P"}, "tickvals": [0, 0.1, 0.2, 0.3, 0.4],
                                             "ticktext": ["0", "0.1", "0.2", "0.3", "≥ 0.4"]},
            "hovertemplate": "%{y} → %{x}: %{z:.2f}<extra></extra>",
        }  # fmt: skip
        ring: dict[str, Any] = {
            "type": "scatter", "mode": "markers", "x": packed(way[1:]), "y": packed(way[:-1]), "hoverinfo": "skip",
            "marker": {"symbol": "circle-open", "size": 15, "color": "#ff8a4c", "line": {"width": 2.5}},
            "showlegend": False,
        }  # fmt: skip
        layout = look.layout(
            text("figure.transition_matrix.title"), about(shown.demonstration, text), uirevision="transition_matrix"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.neighbours.later")}, **ticks),
            "yaxis": look.axis(title={"text": text("figure.neighbours.earlier")}, autorange="reversed", **ticks),
            "margin": {"l": 60, "r": 10, "t": 84, "b": 56},
        }  # fmt: skip
        return {"data": [matrix, ring], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        """How sure the model is after its surest character that came often enough to be believed."""
        rows = self.data(shown)
        often = rows[rows["count"] >= 100].nlargest(1, "probability").iloc[0]
        return text(
            "sentence.transition_matrix", earlier=quoted(often["earlier"]), later=quoted(often["later"]),
            share=f"{often['probability']:.2f}",
        )  # fmt: skip

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The ten most frequent transitions."""
        return most_frequent(self.data(shown), 10, text)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        return pairs(shown.data["transition_count"].values, shown.data["place"].values)


def quoted(character: object) -> str:
    """In Markdown a character may mean something; between backticks none does, but the backtick itself."""
    return "“`”" if character == "`" else f"`{character}`"
