"""How much of each layer passes nothing, or hardly anything, at each time step."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.figures import units
from rnnviz.figures.activation_use import PlaceName, fraction_in_words, place_for, sides, totals_of, words_for
from rnnviz.figures.figure import FigureDict, Result, Results, computed_for, packed
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

DASHES = ("solid", "dash", "dot", "dashdot")  # by layer
TOPS = (0.1, 0.25, 0.5, 1.0)  # of the axes: few, so that they do not jump while a slider moves
PANELS = (("saturated", "y"), ("dead", "y2"))


class Saturation(Choice):
    """Above the fraction of φ' < 0.05 γ, below that of φ' = 0, over units and examples; a line for each layer."""

    kind: Literal["saturation"] = Field("saturation", repr=False)
    place: PlaceName = "candidate"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("activation_slopes", "activation_totals")

    def curves(self, result: Result, name: str) -> np.ndarray:
        """One fraction, (layer, time)."""
        found = result.data["activation_slopes"]
        if not found.sizes["place"]:
            return np.empty((0, 0))
        values: np.ndarray = found.sel(of_slope=name, place=place_for(result.experiment.cell, self.place)).values
        return values

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        cell, x = result.experiment.cell, packed(result.data["kept_time"].values)
        colours = {"saturated": look.colour(cell.kind), "dead": look.ink}
        traces = []
        for name, axis in PANELS:
            for layer, fraction in enumerate(self.curves(result, name)):
                label = text("figure.units.layer", layer=layer + 1)
                traces.append(
                    {"type": "scatter", "mode": "lines", "x": x, "y": packed(fraction), "yaxis": axis, "name": label,
                     "showlegend": cell.layers > 1 and name == "saturated",
                     "line": {"color": colours[name], "width": 2.2, "dash": DASHES[layer % len(DASHES)]},
                     "hovertemplate": f"{label}<br>t = %{{x}}: %{{y:.2%}}<extra></extra>"}
                )  # fmt: skip
        title = text(f"figure.saturation.title.{words_for(cell, self.place)}", curve=name_of(result, text))
        layout = look.layout(title, self.subtitle(result, text), uirevision="saturation")
        return {"data": traces, "layout": layout | self.axes(result, text, look)}

    def subtitle(self, result: Result, text: Text) -> str:
        """All layers are drawn, so none is named."""
        said = computed_for(result.experiment, text)
        if result.data.attrs["outcome"] == "diverged":
            said += " · ✕ " + text("figure.overflow", time=result.data.attrs["overflow_time"])
        return said

    def axes(self, result: Result, text: Text, look: Look) -> dict[str, Any]:
        ranges = {name: [-0.03 * top, 1.06 * top] for name, _ in PANELS for top in [top_of(self.curves(result, name))]}
        colours = {"saturated": look.colour(result.experiment.cell.kind), "dead": look.ink}
        return {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y2"),
            "yaxis": look.axis(domain=[0.57, 1], range=ranges["saturated"], autorange=False, tickformat=".2~%", nticks=5),
            "yaxis2": look.axis(domain=[0, 0.43], range=ranges["dead"], autorange=False, tickformat=".2~%", nticks=5),
            "annotations": [
                {"xref": "paper", "x": 0, "xanchor": "left", "yref": f"{axis} domain", "y": 1.0, "yanchor": "bottom",
                 "showarrow": False, "text": text(f"figure.saturation.{name}"),
                 "font": {"size": 14, "color": colours[name]}}
                for name, axis in PANELS
            ],
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        saturated = self.curves(result, "saturated")
        if not saturated.size:
            return units.overflowed(result, text)
        layer, at = np.unravel_index(int(np.argmax(saturated)), saturated.shape)
        return text(
            f"sentence.activation.worst.{sides(result.experiment.cell)}", curve=name_of(result, text), layer=int(layer) + 1,
            time=int(result.data["kept_time"].values[at]), worst=fraction_in_words(float(saturated[layer, at])),
            mean=fraction_in_words(totals_of(result, self.place, int(layer) + 1)["saturated"]),
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per layer: least, mean and most over time."""
        _, result = units.first(results)
        rows = []
        for name, _ in PANELS:
            for layer, fraction in enumerate(self.curves(result, name)):
                of = {"least": fraction.min(), "mean": fraction.mean(), "most": fraction.max()}
                rows.append(
                    {
                        text("table.layer"): str(layer + 1),
                        text("table.fraction"): text(f"figure.saturation.{name}"),
                        **{
                            text(f"table.{which}"): f"{fraction_in_words(float(value))} %"
                            for which, value in of.items()
                        },
                    }
                )
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        curves = {of_slope: self.curves(result, of_slope) for of_slope in ("saturated", "dead", "mean_slope")}
        layers, steps = curves["saturated"].shape
        time = result.data["kept_time"].values[:steps].astype(int)
        frame = {"curve": name, "place": place_for(result.experiment.cell, self.place),
                 "layer": np.repeat(np.arange(1, layers + 1), steps), "time": np.tile(time, layers)}  # fmt: skip
        return pd.DataFrame(frame | {of_slope: values.ravel() for of_slope, values in curves.items()})


def top_of(fractions: np.ndarray) -> float:
    most = float(fractions.max(initial=0.0))
    return next(top for top in TOPS if most <= top)
