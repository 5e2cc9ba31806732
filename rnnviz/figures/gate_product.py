"""The product of the gates against the true gradient: how much of the truth one path is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures import decades, lens, units
from rnnviz.figures.figure import FigureDict, Result, Results, power_of_ten
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text


class GateProduct(Choice):
    """log₁₀ ∏ f (∏ z for the GRU) of one layer and log₁₀ ‖∂s_T/∂s_t‖₂ of the whole network, over the lag T − t."""

    kind: Literal["gate_product"] = Field("gate_product", repr=False)
    layer: Annotated[int, Range(1, 4)] = 1
    precisions: PrecisionsName = "common"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("gate_product", "jacobian_norm")

    def curves(self, result: Result) -> dict[str, np.ndarray]:
        """log₁₀ against lag: `true`, and of the product over units low, median, high and largest where there is a gate."""
        data, layer = result.data, units.layer_index(result.experiment.cell, self.layer)
        names = map(str, data["of_units"].values) if data["gate_product"].size else ()
        paths = {name: data["gate_product"].values[k, layer] for k, name in enumerate(names)}
        return {"true": data["jacobian_norm"].values, **paths}

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        curves, colour = self.curves(result), look.colour(result.experiment.cell.kind)
        lines = {
            "median": {"color": look.muted, "width": 2, "dash": "dot"},
            "largest": {"color": look.ink, "width": 2, "dash": "dash"},
            "true": {"color": colour, "width": 3},
        }
        traces = [*self.band(curves, look)]
        for name, line in lines.items():
            if name in curves and len(curves[name]):
                label = self.label(name, result, text)
                hover = f"{label}<br>T − t = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
                traces.append(self.line(curves[name], name=label, line=line, hovertemplate=hover))
        title = text("figure.gate_product.title", curve=name_of(result, text))
        frame = look.layout(title, units.of_example(result, self.layer, text), uirevision=f"product-{self.layer}")
        axes = decades.decade_axes(
            curves.values(), text("figure.gradient_flow.x.jacobian"), text, look, self.precisions
        ) | {"legend": decades.legend(look)}
        return {"data": traces, "layout": frame | axes}

    def band(self, curves: dict[str, np.ndarray], look: Look) -> list[dict[str, Any]]:
        if "low" not in curves:
            return []
        edge = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        fill = {"fill": "tonexty", "fillcolor": look.faint(look.muted, 0.2)}
        return [self.line(curves["low"], **edge), self.line(curves["high"], **edge, **fill)]

    def line(self, y: np.ndarray, **rest: Any) -> dict[str, Any]:
        return decades.line(np.arange(len(y)), y, **rest)

    def symbol(self, result: Result) -> str:
        keeping = result.experiment.cell.keeping_gate
        return f"∏ {units.SYMBOLS.get(keeping, keeping)}" if keeping else "∏"

    def label(self, name: str, result: Result, text: Text) -> str:
        return text(f"figure.gate_product.{name}", product=self.symbol(result))

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        curves = self.curves(result)
        if len(curves["true"]) < 2:
            return units.overflowed(result, text)
        end = {name: power_of_ten(float(curve[-1])) for name, curve in curves.items()}
        steps, curve = len(curves["true"]) - 1, name_of(result, text)
        if "median" not in end:
            told = text("sentence.gate_product.none", curve=curve, true=end["true"], steps=steps)
        else:
            told = text(
                "sentence.gate_product.both", curve=curve, steps=steps, product=self.symbol(result),
                true=end["true"], median=end["median"], largest=end["largest"],
            )  # fmt: skip
        return f"{told} {lens.in_words(lens.lost(curves['true']), text)}".strip()

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per line: what it keeps after a tenth, a half and the whole of the sequence."""
        _, result = units.first(results)
        rows = []
        for name, curve in self.curves(result).items():
            if len(curve) > 1:
                lags = dict.fromkeys(max(1, round(part * (len(curve) - 1))) for part in (0.1, 0.5, 1))
                after = {text("table.after", steps=lag): power_of_ten(float(curve[lag])) for lag in lags}
                rows.append({text("table.path"): self.label(name, result, text), **after})
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        curves = self.curves(result)
        lags = np.arange(len(curves["true"]))
        return pd.DataFrame({"curve": name, "lag": lags, **{f"log10_{of}": curve for of, curve in curves.items()}})
