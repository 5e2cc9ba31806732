"""How the error of a forecast grows with the number of steps ahead."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Autoregression, Demonstrated
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

ROWS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24)  # steps ahead of the table


class ErrorAhead(DemonstrationFigure):
    """Held-out error over k of the chosen order and of τ = 1; what the model itself expects; no past; and the best."""

    draws = Autoregression

    kind: Literal["error_ahead"] = Field("error_ahead", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows, reach = self.data(shown), int(str(shown.demonstration.flat()["steps_ahead"]))
        strokes = {
            "chosen": (look.colour("lstm"), "solid", 3.5), "markov": (look.colour("elman"), "dash", 3),
            "expected": (look.colour("lstm"), "dot", 1.5), "best": (look.colour("gru"), "dashdot", 2),
            "mean": (look.muted, "longdash", 1.5),
        }  # fmt: skip
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "lines", "name": self.name(column, shown, text), "x": packed(rows["k"].to_numpy()),
                "y": packed(rows[column].to_numpy()), "line": {"color": colour, "dash": dash, "width": width},
                "hovertemplate": "k = %{x}: %{y:.3f}<extra></extra>",
            }
            for column, (colour, dash, width) in strokes.items() if rows[column].notna().all()
        ]  # fmt: skip
        marked = rows[rows["k"] == reach]
        traces.append(
            {
                "type": "scatter", "mode": "markers", "x": packed(marked["k"].to_numpy()), "showlegend": False,
                "y": packed(marked["chosen"].to_numpy()), "hoverinfo": "skip",
                "marker": {"size": 17, "symbol": "circle-open", "color": strokes["chosen"][0], "line": {"width": 3}},
            }
        )  # fmt: skip
        highest = float(np.nanmax(rows[["chosen", "markov", "mean"]].to_numpy()))
        layout = look.layout(
            text("figure.error_ahead.title"), about(shown.demonstration, text), uirevision="error_ahead"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.error_ahead.x")}),
            "yaxis": look.axis(title={"text": text("figure.error_ahead.y")}, range=[0, 1.1 * highest]),
            "margin": {"l": 70, "r": 20, "t": 84, "b": 130},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.26, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def name(self, column: str, shown: Demonstrated, text: Text) -> str:
        return text(f"figure.error_ahead.{column}", tau=shown.demonstration.flat()["tau"])

    def reading(self, shown: Demonstrated, text: Text) -> str:
        rows, reach = self.data(shown).set_index("k"), shown.demonstration.flat()["steps_ahead"]
        said = {name: numeral(float(rows[name].to_dict()[reach])) for name in ("chosen", "markov", "mean")}
        return text("sentence.error_ahead", ahead=reach, tau=shown.demonstration.flat()["tau"], **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        rows = self.data(shown).set_index("k").loc[list(ROWS)].dropna(axis=1)
        return rows.map(numeral).rename(columns=lambda column: self.name(column, shown, text)).reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each number of steps ahead."""
        data, tau = shown.data, shown.demonstration.flat()["tau"]
        return pd.DataFrame(
            {
                "k": data["ahead"].values,
                "chosen": data["held_out_error"].sel(window=tau).values,
                "markov": data["held_out_error"].sel(window=1).values,
                "expected": data["expected_error"].sel(window=tau).values,
                "best": data["best_error"].values,
                "mean": float(data["mean_error"]),
            }
        )
