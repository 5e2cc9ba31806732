"""What a window saves and what it costs: memory, time and the bias of the gradient, one above the other."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, TruncationCost
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

UNITS = {"kept": 1 / 1024, "seconds": 1000.0, "bias": 1.0}  # to kilobytes, milliseconds
DOMAINS = {"kept": [0.71, 1.0], "seconds": [0.36, 0.65], "bias": [0.0, 0.29]}
DASHES = {"elman": "dash", "lstm": "solid"}
LEAST = 1e-6  # of the gradient's length; a smaller bias is nothing that training would notice


class TruncationSaving(DemonstrationFigure):
    """Bytes kept for the way back, processor time of one gradient, and ‖g_τ − g‖/‖g‖, over the window τ."""

    draws = TruncationCost

    kind: Literal["truncation_saving"] = Field("truncation_saving", repr=False)
    truncation_length: Annotated[int, Range(1, 200, symbol="τ", unit="time steps", log=True)] = 20

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        traces = [
            self.curve(shown.data, measure, network, row, text, look)
            for row, measure in enumerate(UNITS, 1)
            for network in DASHES
        ]
        tau = int(nearest(shown.data, self.truncation_length)["truncation"])
        layout = look.layout(
            text("figure.truncation_saving.title"), about(shown.demonstration, text), uirevision="truncation_saving"
        ) | {
            "margin": {"l": 76, "r": 20, "t": 104, "b": 84},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.13, "yanchor": "top", "font": {"size": 14}},
            "shapes": [
                {"type": "line", "x0": tau, "x1": tau, "xref": "x3", "yref": "paper", "y0": 0, "y1": 1,
                 "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}
            ],
        }  # fmt: skip
        return {"data": traces, "layout": layout | self.axes(text, look)}

    def curve(self, data: xr.Dataset, measure: str, network: str, row: int, text: Text, look: Look) -> dict[str, Any]:
        values = data[measure].sel(network=network).values * UNITS[measure]
        if measure == "bias":
            values = np.where(values >= LEAST, values, np.nan)
        name = text(f"option.cell.{network}.label")
        return {
            "type": "scatter", "mode": "lines+markers", "name": name, "legendgroup": network, "showlegend": row == 1,
            "x": packed(data["truncation"].values), "y": packed(values), "xaxis": f"x{row}" if row > 1 else "x",
            "yaxis": f"y{row}" if row > 1 else "y", "meta": measure,
            "line": {"color": look.colour(network), "dash": DASHES[network], "width": 3}, "marker": {"size": 6},
            "hovertemplate": f"{name}, τ = %{{x}}: %{{y:.3~g}}<extra></extra>",
        }  # fmt: skip

    def axes(self, text: Text, look: Look) -> dict[str, Any]:
        axes: dict[str, Any] = {}
        for row, (measure, domain) in enumerate(DOMAINS.items(), 1):
            number, last = str(row) if row > 1 else "", measure == "bias"
            title = {"title": {"text": text("figure.truncation_saving.x")}} if last else {}
            own = {"type": "log", "range": [np.log10(LEAST), 0.35], "exponentformat": "power", "dtick": 2} if last else {
                "rangemode": "tozero", "nticks": 4}  # fmt: skip
            axes[f"xaxis{number}"] = look.axis(
                type="log", anchor=f"y{number}", showticklabels=last, tickvals=[1, 2, 5, 10, 20, 50, 100, 200],
                ticktext=["1", "2", "5", "10", "20", "50", "100", "200"], **({} if last else {"matches": "x3"}), **title,
            )  # fmt: skip
            axes[f"yaxis{number}"] = look.axis(
                domain=domain, title={"text": text(f"figure.truncation_saving.{measure}")}, **own
            )
        return axes

    def reading(self, shown: Demonstrated, text: Text) -> str:
        at = nearest(shown.data, self.truncation_length)
        whole = shown.data.isel(truncation=-1)
        part = float((at["kept"] / whole["kept"]).mean())
        bias = {network: numeral(float(at["bias"].sel(network=network)), 2) for network in DASHES}
        said = {"truncation": int(at["truncation"]), "kept": numeral(100 * part, 2)}
        return text("sentence.truncation_saving", vanilla=bias["elman"], lstm=bias["lstm"], **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        rows = []
        for tau in (1, 5, 20, 50, int(shown.data["truncation"].values[-1])):
            at = nearest(shown.data, tau)
            for network in DASHES:
                own = at.sel(network=network)
                measured = {
                    text(f"figure.truncation_saving.{of}"): numeral(float(own[of]) * to) for of, to in UNITS.items()
                }
                rows.append(
                    {"τ": int(at["truncation"]), text("parameter.cell.label"): text(f"option.cell.{network}.label")}
                    | measured
                )
        return pd.DataFrame(rows).drop_duplicates(ignore_index=True)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each network and window."""
        return shown.data[list(UNITS)].to_dataframe().reset_index()


def nearest(data: xr.Dataset, window: int) -> xr.Dataset:
    """What was measured at the window nearest to this one."""
    return data.sel(truncation=window, method="nearest")
