"""One unit's value from character to character, over what it is thought to follow."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, OneUnit
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.unit_ranking import subtitle
from rnnviz.figures.demonstrations.unit_text import shown_letter
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral


class UnitHistory(DemonstrationFigure):
    """The unit as a line; what is true of each character as an area, as high as the unit goes."""

    draws = OneUnit

    kind: Literal["unit_history"] = Field("unit_history", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        data, words = shown.data, shown.demonstration.flat()
        value, feature = data["value"].values, data["feature"].values
        letters = [shown_letter(str(letter)) for letter in data["letter"].values]
        at = packed(np.arange(1, len(value) + 1))
        tracked = text(f"option.tracked.{words['tracked']}.label")
        area = {
            "type": "scatter", "mode": "lines", "x": at, "y": packed(area_of(value, feature)),
            "fill": "tozeroy", "line": {"width": 0, "shape": "hvh"}, "name": tracked, "hoverinfo": "skip",
            "fillcolor": look.faint(look.colour("gru"), 0.3),
        }  # fmt: skip
        line = {
            "type": "scatter", "mode": "lines", "x": at, "y": packed(value), "text": letters,
            "line": {"color": look.colour("lstm"), "width": 2},
            "name": text("figure.unit_history.unit", unit=int(data["watched_unit"]) + 1),
            "hovertemplate": "%{x} %{text}: %{y:.2f}<extra></extra>",
        }  # fmt: skip
        place = min(int(words["upto"]), len(value))
        layout = look.layout(
            text("figure.unit_history.title"), subtitle(shown, text), uirevision="unit_history"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.unit_history.x")}),
            "yaxis": look.axis(title={"text": text("figure.unit_text.value")}),
            "margin": {"l": 64, "r": 20, "t": 84, "b": 100},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.25, "yanchor": "top"},
            "shapes": [{"type": "line", "x0": place, "x1": place, "yref": "y domain", "y0": 0, "y1": 1,
                        "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}],
        }  # fmt: skip
        return {"data": [area, line], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        """How well the two go together on the text that is shown."""
        value, feature = shown.data["value"].values, shown.data["feature"].values
        tracked = text(f"option.tracked.{shown.demonstration.flat()['tracked']}.label")
        if len(value) < 2 or not value.std() or not feature.std():
            return text("sentence.unit_constant", tracked=f"**{tracked}**")
        return text(
            "sentence.unit_history", tracked=tracked, correlation=numeral(float(np.corrcoef(value, feature)[0, 1]), 2)
        )

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """Every so many characters."""
        rows = np.linspace(0, len(shown.data["value"]) - 1, min(12, len(shown.data["value"]))).astype(int)
        data = shown.data.isel(character=rows)
        tracked = text(f"option.tracked.{shown.demonstration.flat()['tracked']}.label")
        values, marks = ([f"{one:.3g}" for one in data[name].values] for name in ("value", "feature"))
        return pd.DataFrame(
            {text("figure.unit_history.x"): rows + 1, text("figure.unit_text.value"): values, tracked: marks}
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each character."""
        found = shown.data[["letter", "value", "feature"]].to_dataframe().reset_index(drop=True)
        found.insert(0, "place", np.arange(len(found)))
        return found


def area_of(value: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """The feature from 0 to the largest value of the unit, on the side on which the unit goes along with it."""
    largest = float(feature.max(initial=0.0)) or 1.0
    side = -1.0 if float(((value - value.mean()) * (feature - feature.mean())).sum()) < 0 else 1.0
    return feature / largest * side * float(np.abs(value).max())
