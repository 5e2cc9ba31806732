"""The joint probability of a word, factor by factor: what each of its characters costs."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, MarkovText
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

MOST_ROWS = 12


class WordProbability(DemonstrationFigure):
    """−log₂ of each factor: given the character before it, and by itself. Bars add up to −log₂ P of the word."""

    draws = MarkovText

    kind: Literal["word_probability"] = Field("word_probability", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows = self.data(shown)
        traces: list[dict[str, Any]] = [
            {
                "type": "bar", "name": text(f"figure.word_probability.{column}"), "x": packed(rows["letter"].to_numpy()),
                "y": packed(-np.log2(rows[column].to_numpy())), "marker": {"color": colour},
                "text": [numeral(p, 2) for p in rows[column]] if column == "given_before" else None,
                "textposition": "outside", "textangle": 0, "textfont": {"size": 12}, "cliponaxis": False,
                "hovertemplate": "%{y:.2f}<extra></extra>",
            }
            for column, colour in (("given_before", look.colour("lstm")), ("alone", look.faint(look.colour("elman"), 0.5)))
        ]  # fmt: skip
        names = [escape(factor, quote=False) for factor in rows["factor"]]
        layout = look.layout(
            text("figure.word_probability.title"), about(shown.demonstration, text), uirevision="word_probability"
        ) | {
            "xaxis": look.axis(tickvals=rows["letter"].tolist(), ticktext=names, tickfont={"size": 12}),
            "yaxis": look.axis(title={"text": text("figure.word_probability.y")}, rangemode="tozero"),
            "margin": {"l": 60, "r": 20, "t": 84, "b": 110},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "font": {"size": 14}},
            "barmode": "group",
            "uniformtext": {"minsize": 11, "mode": "show"},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        rows = self.data(shown)
        bits = {column: -math.fsum(np.log2(rows[column])) for column in ("given_before", "alone")}
        said = {name: numeral(value) for name, value in bits.items()}
        probability = numeral(math.prod(rows["given_before"]))
        return text("sentence.word_probability", letters=len(rows), probability=probability, **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        rows = self.data(shown).head(MOST_ROWS)
        names = {
            "factor": text("figure.word_probability.factor"), "given_before": text("figure.word_probability.given_before"),
            "product": text("figure.word_probability.product"), "alone": text("figure.word_probability.alone"),
        }  # fmt: skip
        said = rows[list(names)].map(lambda one: one if isinstance(one, str) else numeral(one))
        return said.rename(columns=names)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each factor, with the product so far."""
        data = shown.data
        characters = data["character"].values.tolist()
        given = [f"P({characters[0]})", *(f"P({c}|{b})" for b, c in pairwise(characters))]
        return pd.DataFrame(
            {
                "letter": data["letter"].values,
                "factor": given,
                "given_before": data["given_before"].values,
                "alone": data["alone"].values,
                "product": data["given_before"].values.cumprod(),
            }
        )
