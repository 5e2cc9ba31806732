"""The end of what an autoregression has seen, and from there on its own forecast, beside what came."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Autoregression, Demonstrated
from rnnviz.demonstrations.autoregression import BEFORE
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

AFTER = 2  # values shown after the farthest forecast


class ForecastAhead(DemonstrationFigure):
    """One step ahead everywhere; k steps ahead from the chosen place, ± the error that such forecasts have had."""

    draws = Autoregression

    kind: Literal["forecast_ahead"] = Field("forecast_ahead", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows, blue, orange = self.data(shown), look.colour("lstm"), look.colour("elman")
        path = rows.dropna(subset=["path"])
        reach = {"x": packed(path["t"].to_numpy()), "mode": "lines", "type": "scatter", "line": {"width": 0},
                 "hoverinfo": "skip", "showlegend": False}  # fmt: skip
        traces: list[dict[str, Any]] = [
            {**reach, "y": packed((path["path"] + path["spread"]).to_numpy())},
            {**reach, "y": packed((path["path"] - path["spread"]).to_numpy()), "fill": "tonexty",
             "fillcolor": look.faint(orange, 0.18)},
            line_of(rows, "value", text("figure.forecast_ahead.value"), look.ink, 1.5),
            line_of(rows, "one_step", text("figure.forecast_ahead.one_step"), blue, 2, "dot"),
            line_of(path, "path", text("figure.forecast_ahead.path"), orange, 3),
        ]  # fmt: skip
        layout = look.layout(
            text("figure.forecast_ahead.title"), about(shown.demonstration, text), uirevision="forecast_ahead"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.units.time")}),
            "yaxis": look.axis(title={"text": "<i>x</i><sub>t</sub>"}),
            "margin": {"l": 60, "r": 20, "t": 84, "b": 110},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.24, "yanchor": "top", "font": {"size": 14}},
            "shapes": [{"type": "line", "x0": begin(shown) + 0.5, "x1": begin(shown) + 0.5, "yref": "y domain", "y0": 0,
                        "y1": 1, "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}],
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        words = shown.demonstration.flat()
        at = shown.data["held_out_error"].sel(window=words["tau"])
        one, far = (numeral(float(at.sel(ahead=k))) for k in (1, words["steps_ahead"]))
        return text("sentence.forecast_ahead", tau=words["tau"], one=one, ahead=words["steps_ahead"], far=far)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The first steps of the path."""
        path = self.data(shown).dropna(subset=["path"]).head(10)
        names = {"t": "t", "value": "x_t", "one_step": text("figure.forecast_ahead.one_step"),
                 "path": text("figure.forecast_ahead.path"), "spread": "±"}  # fmt: skip
        return path[list(names)].map(lambda value: numeral(float(value))).rename(columns=names).assign(t=path["t"])

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each time step that is shown; the path is empty where it does not run."""
        data, reach = shown.data, int(str(shown.demonstration.flat()["steps_ahead"]))
        begins, origin = begin(shown), int(str(shown.demonstration.flat()["origin"]))
        t = np.arange(begins - origin - BEFORE + 1, begins + reach + AFTER + 1)
        rows = pd.DataFrame({"t": t}).set_index("t")
        for name in ("value", "one_step"):
            rows[name] = data[name].to_series().reindex(t)
        ahead = pd.Index(np.arange(begins + 1, begins + reach + 1))
        rows["path"] = pd.Series(data["path"].values[:reach], ahead)
        errors = data["held_out_error"].sel(window=shown.demonstration.flat()["tau"]).values[:reach]
        rows["spread"] = pd.Series(np.sqrt(errors), ahead)
        return rows.reset_index()


def begin(shown: Demonstrated) -> int:
    """The last time step that the path has seen."""
    return int(shown.data["time"].values[0]) - 1 + BEFORE + int(str(shown.demonstration.flat()["origin"]))


def line_of(
    rows: pd.DataFrame, column: str, name: str, colour: str, width: float, dash: str = "solid"
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": packed(rows["t"].to_numpy()),
        "y": packed(rows[column].to_numpy()), "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": "t = %{x}: %{y:.2f}<extra></extra>",
    }  # fmt: skip
