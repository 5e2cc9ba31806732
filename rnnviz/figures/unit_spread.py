"""The units of a layer as a crowd: their mean, their spread, and how many are saturated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures import units
from rnnviz.figures.figure import FigureDict, Result, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text
from rnnviz.text.numbers import numeral


class UnitSpread(Choice):
    """Above: mean and 10–90 % band over units. Below: the fraction of units beyond the threshold of saturation."""

    kind: Literal["unit_spread"] = Field("unit_spread", repr=False)
    variable: units.VariableName = "forget_gate"
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("unit_spread",)

    def curves(self, result: Result, variable: str) -> dict[str, np.ndarray]:
        """low, mean, high and saturated against time."""
        if not units.drawable(result):
            return {name: np.empty(0) for name in ("low", "mean", "high", "saturated")}
        layer = units.layer_index(result.experiment.cell, self.layer)
        spread = result.data["unit_spread"].sel(variable=variable)
        return {str(name): spread.values[k, layer] for k, name in enumerate(spread["spread"].values)}

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        variable = units.variable_for(result.experiment.cell, self.variable)
        curves, x = self.curves(result, variable), packed(result.data["kept_time"].values)
        label, saturated = text(f"option.variable.{variable}.label"), self.saturated(variable, text)
        colour = look.colour(result.experiment.cell.kind)
        shared = {"type": "scatter", "mode": "lines", "x": x, "showlegend": False}
        edge = shared | {"line": {"width": 0}, "hoverinfo": "skip"}
        fill = {"fill": "tonexty", "fillcolor": look.faint(colour, 0.22)}
        mean = {"line": {"color": colour, "width": 2.5}, "name": label}
        mean |= {"hovertemplate": f"{label}<br>t = %{{x}}: %{{y:.4f}}<extra></extra>"}
        beyond = {"line": {"color": look.alarm, "width": 2}, "name": saturated, "yaxis": "y2"}
        beyond |= {"hovertemplate": f"{saturated}<br>t = %{{x}}: %{{y:.0%}}<extra></extra>"}
        traces = [
            edge | {"y": packed(curves["low"])},
            edge | {"y": packed(curves["high"])} | fill,
            shared | {"y": packed(curves["mean"])} | mean,
            shared | {"y": packed(curves["saturated"])} | beyond,
        ]
        title = text("figure.unit_spread.title", variable=label, curve=name_of(result, text))
        subtitle = units.of_example(result, self.layer, text)
        layout = look.layout(title, subtitle, uirevision=f"{variable}-{self.layer}") | self.axes(
            curves, variable, text, look
        )
        return {"data": traces if len(curves["mean"]) else [], "layout": layout}

    def axes(self, curves: dict[str, np.ndarray], variable: str, text: Text, look: Look) -> dict[str, Any]:
        reach = 1.05 * max(float(np.abs(curve).max(initial=0.0)) for curve in (curves["low"], curves["high"])) or 1.0
        span = [-0.03, 1.03] if units.is_gate(variable) else [-reach, reach]
        remark = {
            "xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 0.27, "yanchor": "bottom",
            "showarrow": False, "text": self.saturated(variable, text), "font": {"size": 14, "color": look.alarm},
        }  # fmt: skip
        return {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y2"),
            "yaxis": look.axis(domain=[0.4, 1], range=span, autorange=False),
            "yaxis2": look.axis(domain=[0, 0.25], range=[-0.05, 1.05], autorange=False, tickformat=".0%",
                                tickvals=[0, 0.5, 1]),
            "annotations": [remark],
        }  # fmt: skip

    def saturated(self, variable: str, text: Text) -> str:
        return text("figure.unit_spread.saturated_gate" if units.is_gate(variable) else "figure.unit_spread.saturated")

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        if not units.drawable(result):
            return units.overflowed(result, text)
        cell = result.experiment.cell
        variable = units.variable_for(cell, self.variable)
        label = text(f"option.variable.{variable}.label")
        fraction = units.percent(float(self.curves(result, variable)["saturated"].mean()))
        said = text(
            "sentence.units.saturated_gate" if units.is_gate(variable) else "sentence.units.saturated",
            fraction=fraction,
            variable=label,
            curve=name_of(result, text),
        )
        unbounded = variable == "cell_state" or (not units.is_gate(variable) and cell.activation in UNBOUNDED)
        return said + (" " + text("sentence.units.unbounded") if unbounded else "")

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per variable of the cell: means over time."""
        _, result = units.first(results)
        rows = []
        for variable in map(str, result.data["variable"].values if units.drawable(result) else ()):
            means = {name: float(curve.mean(dtype=float)) for name, curve in self.curves(result, variable).items()}
            rows.append(
                {
                    text("table.variable"): text(f"option.variable.{variable}.label"),
                    text("table.mean"): numeral(means["mean"], 4),
                    text("table.low"): numeral(means["low"], 4),
                    text("table.high"): numeral(means["high"], 4),
                    text("table.saturated"): f"{units.percent(means['saturated'])} %",
                }
            )
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        variable = units.variable_for(result.experiment.cell, self.variable)
        curves = self.curves(result, variable)
        time = result.data["kept_time"].values[: len(curves["mean"])].astype(int)
        return pd.DataFrame({"curve": name, "variable": variable, "time": time, **curves})


UNBOUNDED = ("relu", "identity")
