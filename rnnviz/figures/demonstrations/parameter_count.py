"""The number of parameters against the length of the sequence, with and without sharing."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, WeightSharing
from rnnviz.demonstrations.weight_sharing import NETWORKS
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text

DASHES = dict(zip(NETWORKS, ("solid", "dash", "dot"), strict=True))


class ParameterCount(DemonstrationFigure):
    """Three lines in a double logarithmic frame: flat, of slope one, of slope two. T is marked."""

    draws = WeightSharing

    kind: Literal["parameter_count"] = Field("parameter_count", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        counts, length = shown.data["parameters"], int(shown.demonstration.flat()["sequence_length"])
        inks = dict(zip(NETWORKS, (look.colour("gru"), look.colour("elman"), look.colour("lstm")), strict=True))
        traces = [
            {
                "type": "scatter", "mode": "lines", "name": text(f"figure.parameter_count.{name}"),
                "x": packed(counts["length"].values), "y": packed(counts.sel(network=name).values),
                "line": {"color": inks[name], "dash": DASHES[name], "width": 3},
                "hovertemplate": "T = %{x}: %{y:,.0f}<extra></extra>",
            }
            for name in NETWORKS
        ]  # fmt: skip
        ticks = np.arange(0, 13, 2)
        layout = look.layout(
            text("figure.parameter_count.title"), about(shown.demonstration, text), uirevision="parameters"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.parameter_count.x")}, type="log", dtick=1),
            "yaxis": look.axis(title={"text": text("figure.parameter_count.y")}, type="log",
                               tickvals=[float(10.0**k) for k in ticks], ticktext=[f"10<sup>{k}</sup>" for k in ticks]),
            "margin": {"l": 70, "r": 20, "t": 84, "b": 130},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.3, "yanchor": "top", "font": {"size": 14}},
            "shapes": [{"type": "line", "x0": length, "x1": length, "yref": "y domain", "y0": 0, "y1": 1,
                        "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}],
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        length = int(shown.demonstration.flat()["sequence_length"])
        at = shown.data["parameters"].sel(length=length)
        said = {name: f"{int(at.sel(network=name)):,}" for name in NETWORKS}
        return text("sentence.parameter_count", length=length, **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        wide = pd.DataFrame(shown.data["parameters"].to_pandas().T)
        own = int(shown.demonstration.flat()["sequence_length"])
        rows = wide[wide.index.isin([1, 2, 5, 10, 20, 50, 100, 200, 501, 1_000, own])]
        names = {name: text(f"figure.parameter_count.{name}") for name in NETWORKS}
        return rows.rename(columns=names).map(lambda count: f"{count:,}").rename_axis("T").reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each network and length."""
        return shown.data["parameters"].to_dataframe("parameter_count").reset_index()
