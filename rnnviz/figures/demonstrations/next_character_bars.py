"""What comes after the text that a reader typed: the first choices of an n-gram and of a network."""

from __future__ import annotations

from html import escape
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, NextCharacter
from rnnviz.demonstrations.sequence_data import visible
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

SHOWN = 10  # characters


class NextCharacterBars(DemonstrationFigure):
    """Two bars for each of the ten characters that either model finds most probable."""

    draws = NextCharacter

    kind: Literal["next_character_bars"] = Field("next_character_bars", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        letters, chance = likely(shown)
        names, colours = model_names(shown, text), {"ngram": look.colour("elman"), "network": look.colour("lstm")}
        places = list(range(len(letters)))
        traces = [
            {
                "type": "bar", "name": names[model], "x": packed(np.array(places)), "y": packed(of),
                "marker": {"color": colours[model]}, "hovertemplate": "%{y:.3f}<extra></extra>",
            }
            for model, of in zip(names, chance, strict=True)
        ]  # fmt: skip
        layout = look.layout(
            text("figure.next_character_bars.title", prompt=prompt_said(shown)), subtitle(shown, text),
            uirevision="next_character_bars",
        ) | {
            "xaxis": look.axis(tickvals=places, ticktext=[escape(visible(letter), quote=False) for letter in letters],
                               tickfont={"size": 18}, tickangle=0),
            "yaxis": look.axis(title={"text": "P"}, range=[0, 1.02]),
            "legend": {"x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        last = shown.data["chance"].isel(place=-1)
        first = {str(model): numeral(float(last.sel(told_by=model).max()), 2) for model in last["told_by"].values}
        agree = len(set(last.argmax("letter").values.tolist())) == 1
        said = text("sentence.next_character.same" if agree else "sentence.next_character.other")
        return f"{text('sentence.next_character.first', n=order(shown), **first)} {said}"

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        letters, chance = likely(shown)
        names = model_names(shown, text)
        columns = {name: [numeral(p, 2) for p in of] for name, of in zip(names.values(), chance, strict=True)}
        return pd.DataFrame({text("table.character"): [visible(letter) for letter in letters], **columns})

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each model, place of the prompt and character."""
        return shown.data["chance"].to_dataframe().reset_index()


def likely(shown: Demonstrated) -> tuple[list[str], np.ndarray]:
    """The characters that either model finds most probable after the whole prompt, and (model, character)."""
    last = shown.data["chance"].isel(place=-1)
    places = np.argsort(-last.max("told_by").values, kind="stable")[:SHOWN]
    return [str(letter) for letter in last["letter"].values[places]], last.values[:, places]


def order(shown: Demonstrated) -> int:
    return int(shown.demonstration.flat()["ngram_order"])


def model_names(shown: Demonstrated, text: Text) -> dict[str, str]:
    own = shown.demonstration.flat()["training_text"] == "own_text"
    network = text("figure.next_character_bars.rnn" if own else "figure.next_character_bars.lstm")
    return {"ngram": text("figure.next_character_bars.ngram", n=order(shown)), "network": network}


def prompt_said(shown: Demonstrated) -> str:
    return escape("".join(visible(str(letter)) for letter in shown.data["typed"].values), quote=False)


def subtitle(shown: Demonstrated, text: Text) -> str:
    words = shown.demonstration.flat()
    return f"{text('option.training_text.' + str(words['training_text']) + '.label')} · n = {order(shown)}"
