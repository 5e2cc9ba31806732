"""What the gated cells cost beside each other, the LSTM as the measure."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import xarray as xr
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, GatedCosts
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

COSTS = ("parameters", "state", "bytes", "milliseconds", "library_milliseconds")


class CellCosts(DemonstrationFigure):
    """Bars, each as a share of the LSTM's: parameters, numbers carried on, memory for the way back, time of a pass."""

    draws = GatedCosts

    kind: Literal["cell_costs"] = Field("cell_costs", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        shares = self.shares(shown)
        labels = [text(f"figure.cell_costs.{cost}") for cost in COSTS][::-1]
        colours = {"elman": look.colour("elman"), "lstm": look.colour("lstm"), "gru_after": look.colour("gru"),
                   "gru_before": look.faint(look.colour("gru"), 0.45)}  # fmt: skip
        traces = [
            {
                "type": "bar", "orientation": "h", "name": text(f"figure.cell_costs.{cell}"), "y": labels,
                "x": packed(shares.sel(measured_cell=cell).to_dataarray().sel(variable=list(COSTS[::-1])).values),
                "marker": {"color": colours[cell]}, "meta": "milliseconds",  # some of its bars come from a clock
                "hovertemplate": "%{y}: %{x:.2f}<extra></extra>",
            }
            for cell in shares["measured_cell"].values[::-1]
        ]  # fmt: skip
        layout = look.layout(
            text("figure.cell_costs.title"), about(shown.demonstration, text), uirevision="cell_costs"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.cell_costs.x")}, rangemode="tozero"),
            "yaxis": look.axis(showgrid=False, tickfont={"size": 13}),
            "shapes": [{"type": "line", "x0": 1, "x1": 1, "yref": "y domain", "y0": 0, "y1": 1,
                        "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}],
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.18, "yanchor": "top",
                       "traceorder": "reversed", "font": {"size": 14}},
            "margin": {"l": 70, "r": 20, "t": 84, "b": 110},
            "barmode": "group",
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def shares(self, shown: Demonstrated) -> xr.Dataset:
        """Of the LSTM's cost, every cost by `measured_cell`."""
        return shown.data / shown.data.sel(measured_cell="lstm")

    def reading(self, shown: Demonstrated, text: Text) -> str:
        shares = self.shares(shown).sel(measured_cell="gru_after")
        gru = {cost: numeral(float(shares[cost]), 2) for cost in COSTS}
        return text("sentence.cell_costs", **gru)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The costs themselves; memory in kilobytes, time in milliseconds."""
        costs = shown.data.assign(bytes=shown.data["bytes"] / 1e3).to_dataframe()[list(COSTS)]
        named = costs.rename(
            index={cell: text(f"figure.cell_costs.{cell}") for cell in costs.index},
            columns={cost: text(f"table.cell_costs.{cost}") for cost in COSTS},
        )
        said = named.map(lambda cost: numeral(float(cost)) if not cost >= 1000 else f"{cost:.0f}")
        return said.rename_axis(text("table.cell_costs.cell")).reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each cell."""
        return shown.data.to_dataframe().reset_index()
