"""The vectors that a network has learnt for its characters, on their two principal axes."""

from __future__ import annotations

from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, LanguageModels
from rnnviz.demonstrations.language_models import KINDS
from rnnviz.demonstrations.sequence_data import visible
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.perplexity_over_n import subtitle
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral


class LetterMap(DemonstrationFigure):
    """Every frequent character at its place; a colour for each kind of character, of which the network knows nothing."""

    draws = LanguageModels

    kind: Literal["letter_map"] = Field("letter_map", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        cells = [look.colour(cell) for cell in ("elman", "lstm", "gru")]
        colours = dict(zip(KINDS, (*cells, look.of_several(0), look.of_several(3), look.muted), strict=True))
        letters, kinds, vectors = parts(shown)
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "text", "name": text(f"figure.letter_map.{kind}"),
                "x": packed(vectors[kinds == kind, 0]), "y": packed(vectors[kinds == kind, 1]),
                "text": [f"<b>{escape(visible(letter), quote=False)}</b>" for letter in letters[kinds == kind]],
                "textfont": {"color": colours[kind], "size": 17}, "hoverinfo": "text", "showlegend": False,
            }
            for kind in KINDS
            if (kinds == kind).any()
        ]  # fmt: skip
        traces += [
            {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "name": text(f"figure.letter_map.{kind}"),
             "marker": {"color": colours[kind], "size": 11}}
            for kind in KINDS if (kinds == kind).any()
        ]  # fmt: skip
        low, high = vectors.min(0), vectors.max(0)
        room = 0.08 * (high - low)
        axes = {"zeroline": True, "zerolinecolor": look.lines}
        layout = look.layout(text("figure.letter_map.title"), subtitle(shown, text), uirevision="letter_map") | {
            "xaxis": look.axis(**axes, title={"text": text("figure.letter_map.x")},
                               range=[low[0] - room[0], high[0] + room[0]]),
            "yaxis": look.axis(**axes, title={"text": text("figure.letter_map.y")},
                               range=[low[1] - room[1], high[1] + room[1]]),
            "margin": {"l": 70, "r": 20, "t": 84, "b": 120},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        _, kinds, vectors = parts(shown)
        return text("sentence.letter_map", letters=len(kinds), alike=numeral(alike(kinds, vectors), 2),
                    chance=numeral(by_chance(kinds), 2))  # fmt: skip

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The character nearest to each of the first twelve."""
        letters, _, vectors = parts(shown)
        nearest = letters[neighbours(vectors)]
        rows = {text("table.character"): letters, text("table.nearest_character"): nearest}
        return pd.DataFrame({name: [visible(letter) for letter in column] for name, column in rows.items()}).head(12)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each character."""
        letters, kinds, vectors = parts(shown)
        return pd.DataFrame({"letter": letters, "kind": kinds, "first": vectors[:, 0], "second": vectors[:, 1]})


def parts(shown: Demonstrated) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Letters, their kinds, their places."""
    return shown.data["letter"].values, shown.data["letter_kind"].values, shown.data["vector"].values


def neighbours(vectors: np.ndarray) -> np.ndarray:
    """The place of the nearest other vector, for each."""
    far = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
    np.fill_diagonal(far, np.inf)
    return far.argmin(1)


def alike(kinds: np.ndarray, vectors: np.ndarray) -> float:
    """The share of characters whose nearest neighbour is of their own kind."""
    return float((kinds[neighbours(vectors)] == kinds).mean())


def by_chance(kinds: np.ndarray) -> float:
    """The same share if the neighbour were any other character."""
    counts = np.unique(kinds, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(kinds) * (len(kinds) - 1)))
