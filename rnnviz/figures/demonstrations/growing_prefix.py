"""One answer after every character that was read: always as many probabilities, however long the text has become."""

from __future__ import annotations

from html import escape
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, NextCharacter
from rnnviz.demonstrations.sequence_data import visible
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.next_character_bars import subtitle
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

ROWS = 18  # characters that get a row of their own; the others share the last


class GrowingPrefix(DemonstrationFigure):
    """A column for every character read: the network's probabilities of the next one; what really followed is framed."""

    draws = NextCharacter

    kind: Literal["growing_prefix"] = Field("growing_prefix", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        letters, chance = rows(shown)
        typed = [str(letter) for letter in shown.data["typed"].values]
        names = [*(escape(visible(letter), quote=False) for letter in letters), text("figure.growing_prefix.others")]
        heat = {
            "type": "heatmap", "z": packed(chance), "zmin": 0, "zmax": 1, "colorscale": look.sequential, "xgap": 1,
            "colorbar": {"thickness": 12, "title": {"text": "P"}}, "hovertemplate": "%{z:.3f}<extra></extra>",
        }  # fmt: skip
        frame = {"type": "rect", "line": {"color": look.alarm, "width": 2.5}}
        read = [escape(visible(one), quote=False) for one in typed]
        framed = [
            {**frame, "x0": t - 0.5, "x1": t + 0.5, "y0": row - 0.5, "y1": row + 0.5}
            for t, following in enumerate(typed[1:])
            for row in [letters.index(following) if following in letters else len(letters)]
        ]
        layout = look.layout(
            text("figure.growing_prefix.title"), subtitle(shown, text), uirevision="growing_prefix", shapes=framed
        ) | {
            "xaxis": look.axis(tickvals=list(range(len(typed))), ticktext=read,
                               tickangle=0, title={"text": text("figure.growing_prefix.x")}),
            "yaxis": look.axis(tickvals=list(range(len(names))), ticktext=names, autorange="reversed", ticks="",
                               title={"text": text("figure.growing_prefix.y")}, tickfont={"size": 12}),
        }  # fmt: skip
        return {"data": [heat], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        chance = shown.data["chance"].sel(told_by="network")
        return text("sentence.growing_prefix", classes=chance.sizes["letter"], places=chance.sizes["place"])

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The last twelve characters read: first choice after each, its probability, and the sum over all."""
        chance = shown.data["chance"].sel(told_by="network").isel(place=slice(-12, None))
        first = chance["letter"].values[chance.argmax("letter").values]
        return pd.DataFrame(
            {
                text("table.characters_read"): chance["place"].values,
                text("table.first_choice"): [visible(str(letter)) for letter in first],
                "P": [numeral(float(p), 2) for p in chance.max("letter").values],
                text("table.sum_of_all"): [numeral(float(p), 6) for p in chance.sum("letter").values],
            }
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each place and character."""
        return shown.data["chance"].sel(told_by="network", drop=True).to_dataframe().reset_index()


def rows(shown: Demonstrated) -> tuple[list[str], np.ndarray]:
    """The characters that were most probable somewhere, by their class, and (row, place); the last row is all others."""
    chance = shown.data["chance"].sel(told_by="network").transpose("letter", "place")
    places = np.sort(np.argsort(-chance.max("place").values, kind="stable")[:ROWS])
    apart = chance.values[places]
    others = np.maximum(chance.values.sum(0) - apart.sum(0), 0)
    return [str(letter) for letter in chance["letter"].values[places]], np.vstack([apart, others])
