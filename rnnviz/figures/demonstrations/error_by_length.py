"""The held-out error of a model per length beside models that share their weights, for every length."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, ModelPerLength
from rnnviz.demonstrations.model_per_length import LONGEST
from rnnviz.figures.demonstrations.chain_rule_graph import chosen
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

COLUMNS = ("naive", "shared", "markov", "mean", "best", "expected", "training")

SAID = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10, 30, 100, 1_000, 10_000)  # numbers of the logarithmic axis
TICKS = {"tickvals": list(SAID), "ticktext": [f"{value:g}" for value in SAID]}


class ErrorByLength(DemonstrationFigure):
    """Mean squared error of x_t over t, on a logarithmic axis."""

    draws = ModelPerLength

    kind: Literal["error_by_length"] = Field("error_by_length", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows = self.data(shown)
        blue, orange = look.colour("lstm"), look.colour("elman")
        strokes = {
            "naive": (blue, "solid", 3.5), "shared": (orange, "dash", 3), "markov": (look.of_several(0), "dashdot", 2.5),
            "mean": (look.muted, "longdash", 1.5), "best": (look.colour("gru"), "solid", 2),
            "expected": (blue, "dot", 1.5), "training": (look.faint(blue, 0.45), "solid", 1.5),
        }  # fmt: skip
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "lines", "name": self.name(column, shown, text),
                "x": packed(rows["t"].to_numpy()), "y": packed(finite(rows[column].to_numpy())),
                "line": {"color": colour, "dash": dash, "width": width},
                "hovertemplate": "t = %{x}: %{y:.3f}<extra></extra>",
            }
            for column, (colour, dash, width) in strokes.items()
        ]  # fmt: skip
        lowest, highest = (np.log10(value) for value in (0.4 * rows["best"].min(), 1.3 * rows["naive"].max()))
        layout = look.layout(
            text("figure.error_by_length.title"), about(shown.demonstration, text), uirevision="error_by_length"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.parameters_by_length.x")}, range=[0.5, LONGEST + 0.5]),
            "yaxis": look.axis(title={"text": text("figure.error_ahead.y")}, type="log",
                               range=[float(lowest), max(0.2, float(highest))], **TICKS),
            "margin": {"l": 70, "r": 20, "t": 84, "b": 150},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.26, "yanchor": "top", "font": {"size": 14}},
            "shapes": [{"type": "line", "x0": chosen(shown), "x1": chosen(shown), "yref": "y domain", "y0": 0, "y1": 1,
                        "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}],
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def name(self, column: str, shown: Demonstrated, text: Text) -> str:
        return text(f"figure.error_by_length.{column}", tau=shown.demonstration.flat()["tau"])

    def reading(self, shown: Demonstrated, text: Text) -> str:
        words, rows = shown.demonstration.flat(), self.data(shown).set_index("t")
        said = {name: numeral(float(rows[name].to_dict()[LONGEST])) for name in ("naive", "shared", "markov", "best")}
        return text("sentence.error_by_length", t=LONGEST, tau=words["tau"], examples=words["examples"], **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        rows = self.data(shown).set_index("t").iloc[[0, 1, 2, 3, 5, 7, 9, 11, 14, 17, 19]]
        return rows.map(numeral).rename(columns=lambda column: self.name(column, shown, text)).reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each length."""
        data = shown.data
        held_out = {name: data["held_out_error"].sel(model=name).values for name in COLUMNS[:4]}
        known = {name: data[f"{name}_error"].values for name in COLUMNS[4:]}
        return pd.DataFrame({"t": data["time"].values, **held_out, **known})


def finite(values: np.ndarray) -> np.ndarray:
    """A curve ends where its values do; an error of rounding only lies far below the axis."""
    return np.where(np.isfinite(values) & (values > 1e-12), values, np.nan)
