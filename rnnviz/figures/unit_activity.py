"""Every unit at every time step: which gates are open, which states are full."""

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


class UnitActivity(Choice):
    """One variable of one network, units × time, for one example.

    Gates on a scale from 0 to 1; states and candidates on one that is symmetric about 0.
    """

    kind: Literal["unit_activity"] = Field("unit_activity", repr=False)
    variable: units.VariableName = "forget_gate"
    layer: Annotated[int, Range(1, 4)] = 1
    order: Literal["time_constant", "unit"] = "time_constant"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("unit_activity", "keeping_gate")

    def rows(self, result: Result) -> tuple[np.ndarray, np.ndarray]:
        """The values (unit, time) in the order of the figure from below, and the number of each unit from 1."""
        cell, data = result.experiment.cell, result.data
        if not units.drawable(result):
            return np.empty((0, 0)), np.empty(0, int)
        values = data["unit_activity"].sel(variable=units.variable_for(cell, self.variable))
        values, numbers = values.values[units.layer_index(cell, self.layer)], data["kept_unit"].values.astype(int)
        kept = units.log_keeping(result, self.layer)
        if self.order == "time_constant" and len(kept):
            order = np.argsort(kept[numbers - 1], kind="stable")
            return values[order], numbers[order]
        return values[::-1], numbers[::-1]  # unit 1 above, as one reads a list

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        variable = units.variable_for(result.experiment.cell, self.variable)
        values, numbers = self.rows(result)
        title = text("figure.unit_activity.title", variable=text(f"option.variable.{variable}.label"),
                     curve=name_of(result, text))  # fmt: skip
        layout = look.layout(title, self.subtitle(result, text), uirevision=f"{variable}-{self.layer}")
        layout |= {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, showgrid=False),
            "yaxis": look.axis(title={"text": text(self.y_title(result))}, type="category", showgrid=False, nticks=10),
        }
        return {"data": [self.map(result, values, numbers, text, look)] if values.size else [], "layout": layout}

    def map(self, result: Result, values: np.ndarray, numbers: np.ndarray, text: Text, look: Look) -> dict[str, Any]:
        variable = units.variable_for(result.experiment.cell, self.variable)
        scale = {"colorscale": look.sequential, "zmin": 0, "zmax": 1}
        if not units.is_gate(variable):
            reach = symmetric_reach(values)
            scale = {"colorscale": look.diverging, "zmin": -reach, "zmax": reach}
        unit = text("figure.units.unit")
        return {
            "type": "heatmap", "z": packed(values), "x": packed(result.data["kept_time"].values),
            "y": [f"{number} " for number in numbers],  # with the blank a category, in the order given, not a number
            "colorbar": {"thickness": 14, "outlinewidth": 0, "len": 1}, "zsmooth": False, **scale,
            "hovertemplate": f"{unit} %{{y}}· t = %{{x}}: %{{z:.4f}}<extra></extra>",
        }  # fmt: skip

    def y_title(self, result: Result) -> str:
        sorted_ = self.order == "time_constant" and result.experiment.cell.keeping_gate is not None
        return "figure.unit_activity.sorted" if sorted_ else "figure.unit_activity.units"

    def subtitle(self, result: Result, text: Text) -> str:
        """With a remark where units or time steps were left out."""
        sizes, e = result.data.sizes, result.experiment
        said = units.of_example(result, self.layer, text)
        steps = result.data["kept_time"].values.max(initial=0)
        if 0 < sizes["kept_unit"] < e.cell.hidden_size:
            said += " · " + text("figure.units.thinned_units", drawn=sizes["kept_unit"], all=e.cell.hidden_size)
        if sizes["kept_time"] < steps:
            said += " · " + text("figure.units.thinned_steps", drawn=sizes["kept_time"], all=int(steps))
        return said

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        if not units.drawable(result):
            return units.overflowed(result, text)
        variable = units.variable_for(result.experiment.cell, self.variable)
        values, _ = self.rows(result)
        said = [
            text("sentence.units.mean", curve=name_of(result, text), mean=numeral(values.mean(dtype=float)),
                 variable=text(f"option.variable.{variable}.label"))
        ]  # fmt: skip
        kept = units.log_keeping(result, self.layer)
        if len(kept):
            fast, slow = (units.steps_in_words(units.half_life(end)) for end in (kept.min(), kept.max()))
            said.append(text("sentence.units.half_lives", fast=fast, slow=slow))
        else:
            said.append(text("sentence.units.no_gate"))
        return " ".join(said)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per unit that is drawn, from above."""
        _, result = units.first(results)
        values, numbers = self.rows(result)
        kept = units.log_keeping(result, self.layer) if len(values) else np.empty(0)
        return pd.DataFrame(
            [
                {
                    text("table.unit"): str(number),
                    text("table.half_life"): units.steps_in_words(units.half_life(kept[number - 1]))
                    if len(kept)
                    else "—",
                    text("table.mean"): numeral(row.mean(dtype=float), 4),
                    text("table.least"): numeral(row.min(), 4),
                    text("table.most"): numeral(row.max(), 4),
                }
                for row, number in zip(values[::-1], numbers[::-1], strict=True)
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        values, numbers = self.rows(result)
        if not values.size:
            return pd.DataFrame()
        time = result.data["kept_time"].values.astype(int)
        variable = units.variable_for(result.experiment.cell, self.variable)
        of_unit, at = np.repeat(numbers, len(time)), np.tile(time, len(numbers))
        return pd.DataFrame({"curve": name, "variable": variable, "unit": of_unit, "time": at, "value": values.ravel()})


def symmetric_reach(values: np.ndarray) -> float:
    """The scale from −r to r: 1 for what tanh bounds, the 99.5th percentile of the size for what nothing bounds."""
    size = np.abs(values)
    largest = float(size.max(initial=0.0))
    return 1.0 if 0.05 < largest <= 1 else float(np.quantile(size, 0.995)) or largest or 1.0
