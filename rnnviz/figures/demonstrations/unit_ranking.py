"""Which units follow what: the first dozen for one property of the text, and how they stand to all others."""

from __future__ import annotations

from html import escape
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, OneUnit
from rnnviz.diagnostics.unit_tracking import ranked
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.figure import FigureDict
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import fixed, numeral

FIRST = 12  # units


class UnitRanking(DemonstrationFigure):
    """Correlation of units with what is true of each character; the row by which they are ranked stands on top.

    Numbers in so narrow cells could not be read: they are in the table and under the pointer.
    """

    draws = OneUnit

    kind: Literal["unit_ranking"] = Field("unit_ranking", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        found, units = self.ordered(shown)
        labels = [text(f"option.tracked.{name}.label") for name in found["tracked"].values]
        watched = int(shown.data["watched_unit"])
        trace = {
            "type": "heatmap", "z": found.values.tolist(), "x": [str(unit + 1) for unit in units], "y": labels,
            "colorscale": look.diverging, "zmid": 0, "zmin": -1, "zmax": 1, "xgap": 2, "ygap": 2,
            "colorbar": {"thickness": 10, "len": 0.9, "title": {"text": "<i>r</i>"}},
            "hovertemplate": "%{x}, %{y}: <i>r</i> = %{z:.3f}<extra></extra>",
        }  # fmt: skip
        names = [f"<b>{unit + 1}</b>" if unit == watched else str(unit + 1) for unit in units]
        layout = look.layout(
            text("figure.unit_ranking.title"), subtitle(shown, text), uirevision="unit_ranking"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.unit_ranking.x")}, type="category", ticktext=names,
                               tickvals=[str(unit + 1) for unit in units], tickangle=-90, tickfont={"size": 12}),
            "yaxis": look.axis(autorange="reversed", type="category"),
            "margin": {"l": 130, "r": 20, "t": 84, "b": 60},
        }  # fmt: skip
        return {"data": [trace], "layout": layout}

    def ordered(self, shown: Demonstrated) -> tuple[xr.DataArray, np.ndarray]:
        tracked, all_of_them = shown.demonstration.flat()["tracked"], shown.data["correlation"]
        order = ranked(all_of_them.sel(tracked=tracked).values)[:FIRST]
        names = [str(name) for name in all_of_them["tracked"].values]
        rows = [str(tracked), *(name for name in names if name != tracked)]
        return all_of_them.sel(tracked=rows).isel(unit=order), order

    def reading(self, shown: Demonstrated, text: Text) -> str:
        found, units = self.ordered(shown)
        tracked = text(f"option.tracked.{shown.demonstration.flat()['tracked']}.label")
        best = float(found.values[0, 0])
        return text("sentence.unit_ranking", unit=int(units[0]) + 1, tracked=tracked, correlation=numeral(best, 2),
                    bits=numeral(float(shown.data["bits"]), 3))  # fmt: skip

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        found, units = self.ordered(shown)
        columns = {
            text(f"option.tracked.{name}.label"): [fixed(r, 2) for r in row]
            for name, row in zip(found["tracked"].values, found.values, strict=True)
        }
        return pd.DataFrame({text("figure.unit_ranking.x"): units + 1, **columns})

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each unit and property."""
        return shown.data["correlation"].to_dataframe().reset_index()


def subtitle(shown: Demonstrated, text: Text) -> str:
    """Who reads what: the rest of the demonstration stands in the title or along the axes."""
    words = shown.demonstration.flat()
    reader = text(f"option.reader.{words['reader']}.label")
    read = (
        text("figure.unit_text.typed")
        if words["typed_python"]
        else text("figure.unit_text.excerpt", module=words["excerpt"], page=words["excerpt_page"])
    )
    state = text(f"option.watched.{words['watched']}.label")
    return escape(text("figure.unit_text.of", reader=reader, read=read, state=state))
