"""Texts drawn from models with more and more past characters, one below the other."""

from __future__ import annotations

from html import escape
from textwrap import wrap
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, MarkovText
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

WIDTH = 36  # characters in a line, so that it fits a phone
MARGIN = 52  # pixels that the page leaves for the labels of an axis; the texts, which have none, begin inside it


class DrawnTexts(DemonstrationFigure):
    """A text from each model, with what it costs to say held-out text with it."""

    draws = MarkovText

    kind: Literal["drawn_texts"] = Field("drawn_texts", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows = self.data(shown)
        notes = [
            note
            for place, row in enumerate(rows.itertuples())
            for note in written(row, 1 - place / len(rows), text, look)
        ]
        layout = look.layout(
            text("figure.drawn_texts.title"), about(shown.demonstration, text), uirevision="drawn_texts"
        ) | {
            "xaxis": {"visible": False, "range": [0, 1], "fixedrange": True},
            "yaxis": {"visible": False, "range": [0, 1], "fixedrange": True},
            "margin": {"l": MARGIN, "r": 10, "t": 84, "b": 10},
            "annotations": notes,
        }  # fmt: skip
        nowhere = {"type": "scatter", "x": packed(pd.Series([0.0]).to_numpy()), "y": packed(pd.Series([0.0]).to_numpy()),
                   "mode": "markers", "marker": {"opacity": 0}, "hoverinfo": "skip"}  # fmt: skip
        return {"data": [nowhere], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        bits = shown.data["held_out_bits"]
        said = {name: numeral(float(bits.sel(window=past))) for name, past in (("alone", 0), ("markov", 1))}
        return text("sentence.drawn_texts", **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        names = {"past": "τ", "bits": text("figure.forecast_error.bits"), "text": text("figure.drawn_texts.text")}
        rows = self.data(shown)
        return rows.assign(bits=rows["bits"].map(numeral)).rename(columns=names)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each model."""
        data = shown.data
        return pd.DataFrame(
            {"past": data["window"].values, "bits": data["held_out_bits"].values, "text": data["text"].values}
        )


def written(row: Any, top: float, text: Text, look: Look) -> list[dict[str, Any]]:
    """A heading and the lines of one text, hanging from `top`."""
    at = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "y": top, "yanchor": "top", "showarrow": False,
          "align": "left", "xshift": 10 - MARGIN}  # fmt: skip
    kind = {0: "alone", 1: "markov"}.get(row.past, "longer")
    heading = text(f"figure.drawn_texts.{kind}", past=row.past, bits=numeral(row.bits))
    lines = "<br>".join(
        escape(line, quote=False) for line in wrap(row.text, WIDTH, drop_whitespace=False, break_on_hyphens=False)
    )
    return [
        {**at, "text": f"<b>{heading}</b>", "font": {"size": 14, "color": look.colour("lstm")}},
        {**at, "text": lines, "yshift": -21, "font": {"size": 13, "family": "monospace", "color": look.ink}},
    ]
