"""The held-out error of the best forecast against how much of the past it sees, as recorded and shuffled."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, SequenceData
from rnnviz.demonstrations.sequence_data import ORDERS
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral


class ForecastError(DemonstrationFigure):
    """Two curves over τ: the order as recorded, and shuffled. The chosen τ is marked on the chosen order."""

    draws = SequenceData

    kind: Literal["forecast_error"] = Field("forecast_error", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        error, unit = shown.data["error"], unit_of(shown, text)
        strokes = {"recorded": (look.colour("lstm"), "solid"), "shuffled": (look.colour("elman"), "dash")}
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "lines+markers", "name": text(f"option.ordering.{order}.label"),
                "x": packed(error["window"].values), "y": packed(error.sel(in_order=order).values),
                "line": {"color": strokes[order][0], "dash": strokes[order][1], "width": 3}, "marker": {"size": 7},
                "hovertemplate": "τ = %{x}: %{y:.3f}<extra></extra>",
            }
            for order in ORDERS
        ]  # fmt: skip
        order, past, found = chosen(shown)
        traces.append(
            {
                "type": "scatter", "mode": "markers", "x": packed(pd.Series([past]).to_numpy()), "showlegend": False,
                "y": packed(pd.Series([found]).to_numpy()), "hoverinfo": "skip",
                "marker": {"size": 17, "symbol": "circle-open", "color": strokes[order][0], "line": {"width": 3}},
            }
        )  # fmt: skip
        layout = look.layout(
            text("figure.forecast_error.title"), about(shown.demonstration, text), uirevision="forecast_error"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.forecast_error.x")}, dtick=1),
            "yaxis": look.axis(title={"text": unit}, rangemode="tozero"),
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        order, past, found = chosen(shown)
        alone = float(shown.data["error"].sel(in_order=order, window=0))
        said = {"past": past, "error": numeral(found), "alone": numeral(alone), "unit": unit_of(shown, text)}
        return text("sentence.forecast_error", order=text(f"option.ordering.{order}.label"), **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        wide = pd.DataFrame(shown.data["error"].to_pandas().T)
        names = {order: text(f"option.ordering.{order}.label") for order in ORDERS}
        return wide.rename(columns=names).map(numeral).rename_axis("τ").reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each order and τ."""
        return shown.data["error"].to_dataframe("held_out_error").reset_index()


def chosen(shown: Demonstrated) -> tuple[str, int, float]:
    """The order, the τ (for characters at most the longest counted), and the error there."""
    words, error = shown.demonstration.flat(), shown.data["error"]
    order, past = str(words["ordering"]), min(int(words["past"]), int(error["window"].values[-1]))
    return order, past, float(error.sel(in_order=order, window=past))


def unit_of(shown: Demonstrated, text: Text) -> str:
    of_characters = shown.demonstration.flat()["series"] == "characters"
    return text("figure.forecast_error.bits" if of_characters else "figure.forecast_error.square")
