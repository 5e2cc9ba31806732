"""A text, each character coloured by what one unit holds after reading it; and the passages where it does the same."""

from __future__ import annotations

from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, OneUnit
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.unit_ranking import subtitle
from rnnviz.figures.figure import FigureDict
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import fixed, numeral

COLUMNS = 48  # of the text: letters are still read on a phone
HISTORY = 24  # characters of the small chart in a hover
BLOCKS = "▁▂▃▄▅▆▇█"
LETTERS = {"family": "'Source Code Pro', 'DejaVu Sans Mono', Menlo, Consolas, monospace"}
VISIBLE = {"\n": "↵", " ": "␣"}


class UnitText(DemonstrationFigure):
    """The text in its lines. Hover a character for the unit's history up to it, and for what the network expects next."""

    draws = OneUnit

    kind: Literal["unit_text"] = Field("unit_text", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        data = shown.data
        letters, value = [str(letter) for letter in data["letter"].values], data["value"].values
        rows, reach = lines_of(letters), reach_of(value)
        z = [[float(value[k]) for k in row] + [None] * (COLUMNS - len(row)) for row in rows]
        hints = [hint(data, value, k, text) for k in range(len(letters))]
        return {
            "data": [{
                **heat(look, value), "z": z,
                "text": [[inked(letters[k], float(value[k]), reach, look) for k in row] for row in rows],
                "customdata": [[hints[k] for k in row] for row in rows],
                "hovertemplate": "%{customdata}<extra></extra>",
            }],
            "layout": page(look, text("figure.unit_text.title", unit=int(data["watched_unit"]) + 1), shown, text),
        }  # fmt: skip

    def reading(self, shown: Demonstrated, text: Text) -> str:
        data = shown.data
        value, feature = data["value"].values, data["feature"].values
        tracked = text(f"option.tracked.{shown.demonstration.flat()['tracked']}.label")
        unit = int(data["watched_unit"])
        correlation = numeral(float(data["correlation"].sel(tracked=shown.demonstration.flat()["tracked"])[unit]), 2)
        said = text("sentence.unit_text", unit=unit + 1, tracked=tracked, correlation=correlation)
        if set(np.unique(feature)) != {0.0, 1.0}:
            return said
        inside, outside = (numeral(float(value[feature == mark].mean()), 2) for mark in (1, 0))
        return said + " " + text("sentence.unit_inside", inside=inside, outside=outside)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The characters at which the unit is farthest up and farthest down."""
        rows = self.data(shown).sort_values("value")
        some = pd.concat([rows.head(5), rows.tail(5)])
        before = [
            "".join(shown.data["letter"].values[max(0, k - 20) : k + 1]).replace("\n", "↵") for k in some["place"]
        ]
        return pd.DataFrame(
            {
                text("table.passage"): before,
                text("figure.unit_text.value"): [fixed(value, 2) for value in some["value"]],
            }
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each character."""
        found = shown.data[["letter", "value", "feature", "guess", "chance"]].to_dataframe().reset_index(drop=True)
        found.insert(0, "place", np.arange(len(found)))
        return found


class UnitPassages(DemonstrationFigure):
    """The passage up to the chosen place, and below it those in which the unit runs most nearly the same way."""

    draws = OneUnit

    kind: Literal["unit_passages"] = Field("unit_passages", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        data = shown.data
        letters, values = data["passage_letter"].values, data["passage_value"].values
        reach = reach_of(values)
        trace = heat(look, values) | {
            "z": values.tolist(), "customdata": [[shown_letter(str(one)) for one in row] for row in letters],
            "text": [
                [inked(str(one), float(value), reach, look) for one, value in zip(*row, strict=True)]
                for row in zip(letters, values, strict=True)
            ],
            "hovertemplate": "%{customdata}: %{z:.2f}<extra></extra>",
        }  # fmt: skip
        layout = page(look, text("figure.unit_passages.title", unit=int(data["watched_unit"]) + 1), shown, text)
        names = [text("figure.unit_passages.itself"), *(numeral(float(far), 2) for far in data["distance"].values[1:])]
        layout["yaxis"] = layout["yaxis"] | {
            "showticklabels": True, "tickvals": list(range(len(names))), "ticktext": names,
            "title": {"text": text("figure.unit_passages.y")},
        }  # fmt: skip
        layout["margin"] = layout["margin"] | {"l": 76}
        return {"data": [trace], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        distance = shown.data["distance"].values
        if len(distance) < 2:
            return text("sentence.unit_alone", count=f"**{len(distance)}**")
        nearest = "".join(shown.data["passage_letter"].values[1]).replace("\n", "↵").replace("`", "'")
        return text("sentence.unit_passages", distance=numeral(float(distance[1]), 2), nearest=nearest)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        passages = ["".join(row).replace("\n", "↵") for row in shown.data["passage_letter"].values]
        far = [f"{one:.3f}" for one in shown.data["distance"].values]
        return pd.DataFrame({text("table.passage"): passages, text("figure.unit_passages.y"): far})

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each passage and character."""
        return shown.data[["passage_letter", "passage_value"]].to_dataframe().reset_index()


def lines_of(letters: list[str]) -> list[list[int]]:
    """The places of the characters, line by line; a long line goes on below."""
    rows: list[list[int]] = [[]]
    for k, letter in enumerate(letters):
        if len(rows[-1]) == COLUMNS:
            rows.append([])
        rows[-1].append(k)
        if letter == "\n":
            rows.append([])
    return rows if rows[-1] else rows[:-1]


def shown_letter(letter: str) -> str:
    return "↵" if letter == "\n" else escape(letter, quote=False)  # plotly knows &lt; and &amp; here, and not &quot;


def inked(letter: str, value: float, reach: float, look: Look) -> str:
    """A character that can be read on the colour of its value."""
    ink, said = look.ink_on_diverging((value / reach + 1) / 2), shown_letter(letter)
    return said if ink == look.ink or letter == " " else f"<span style='color:{ink}'>{said}</span>"


def reach_of(values: np.ndarray) -> float:
    """Up to where the colours go, on either side."""
    return max(float(np.abs(values).max()), 1e-9)


def heat(look: Look, values: np.ndarray) -> dict[str, Any]:
    reach = reach_of(values)
    return {
        "type": "heatmap", "texttemplate": "%{text}", "textfont": {**LETTERS, "size": 12, "color": look.ink},
        "colorscale": look.diverging, "zmid": 0, "zmin": -reach, "zmax": reach, "xgap": 0, "ygap": 1, "hoverongaps": False,
        "colorbar": {"orientation": "h", "thickness": 10, "len": 0.5, "y": -0.02, "yanchor": "top", "nticks": 5},
    }  # fmt: skip


def page(look: Look, title: str, shown: Demonstrated, text: Text) -> dict[str, Any]:
    hidden = {"showticklabels": False, "showgrid": False, "zeroline": False, "showline": False, "ticks": ""}
    return look.layout(title, subtitle(shown, text), uirevision=title) | {
        "xaxis": look.axis(**hidden), "yaxis": look.axis(**hidden, autorange="reversed"),
        "margin": {"l": 12, "r": 20, "t": 84, "b": 44},
    }  # fmt: skip


def hint(data: xr.Dataset, value: np.ndarray, k: int, text: Text) -> str:
    """What a hover says of one character."""
    letter, guess = (str(data[name].values[k]) for name in ("letter", "guess"))
    chance = f"{100 * float(data['chance'].values[k]):.0f}"
    said = text("figure.unit_text.hover", letter=VISIBLE.get(letter, letter), value=fixed(value[k], 2),
                guess=VISIBLE.get(guess, guess), chance=chance)  # fmt: skip
    return f"{escape(said, quote=False)}<br>{small_chart(value[max(0, k - HISTORY + 1) : k + 1], float(np.abs(value).max()))}"


def small_chart(path: np.ndarray, reach: float) -> str:
    """−reach … reach as blocks of eight heights."""
    places = np.clip(((path / (reach or 1) + 1) / 2 * len(BLOCKS)).astype(int), 0, len(BLOCKS) - 1)
    return "".join(BLOCKS[place] for place in places)
