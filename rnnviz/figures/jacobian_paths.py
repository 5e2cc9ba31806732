"""The product of Jacobians and the paths that it is the sum of: when the product of the gates is a good story."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, lens, units
from rnnviz.figures.figure import FigureDict, Result, Results, power_of_ten
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

WITHIN = 0.3  # decades: a factor of two, within which the strongest path tells the story of the whole


class JacobianPaths(Choice):
    """log₁₀ of ‖∂s_T/∂s_t‖₂ and of its parts over the lag: direct (∏ f or ∏ z), c→h→c or the rest, and h→h."""

    kind: Literal["jacobian_paths"] = Field("jacobian_paths", repr=False)
    precisions: PrecisionsName = "common"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("jacobian_paths",)

    def curves(self, result: Result) -> dict[str, np.ndarray]:
        paths = result.data["jacobian_paths"]
        return {str(name): paths.values[k] for k, name in enumerate(paths["path"].values)} if paths.size else {}

    def label(self, name: str, result: Result, text: Text) -> str:
        """The detours of a cell whose h keeps itself are all the rest."""
        cell = result.experiment.cell
        symbol = units.SYMBOLS.get(cell.keeping_gate or "", "")
        kind = "rest" if name == "detour" and not cell.has_cell_state else name
        carrier = "c" if cell.has_cell_state else "h"
        return text(f"figure.jacobian_paths.{kind}", symbol=symbol, carrier=carrier)

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        curves, lags = self.curves(result), result.data["path_lag"].values
        strokes: dict[str, dict[str, Any]] = {
            "hidden": {"color": look.muted, "width": 2, "dash": "dot"},
            "detour": {"color": look.alarm, "width": 2, "dash": "dashdot"},
            "direct": {"color": look.ink, "width": 2, "dash": "dash"},
            "all": {"color": look.colour(result.experiment.cell.kind), "width": 3},
        }
        traces = []
        for name, stroke in strokes.items():
            if name in curves:
                label = self.label(name, result, text)
                hover = f"{label}<br>T − t = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
                traces.append(decades.line(lags, curves[name], name=label, line=stroke, hovertemplate=hover))
        title = text("figure.jacobian_paths.title", curve=name_of(result, text))
        frame = look.layout(title, units.of_example(result, None, text), uirevision="paths")
        axes = decades.decade_axes(
            curves.values(), text("figure.gradient_flow.x.jacobian"), text, look, self.precisions
        ) | {"legend": decades.legend(look)}
        return {"data": traces, "layout": frame | axes}

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        curves, lags = self.curves(result), result.data["path_lag"].values
        if len(lags) < 2:
            return units.overflowed(result, text)
        end = {name: float(curve[-1]) for name, curve in curves.items()}
        curve, steps, total = name_of(result, text), int(lags[-1]), power_of_ten(end["all"])
        if "direct" not in end:
            none = text("sentence.jacobian_paths.none", curve=curve, steps=steps, total=total)
            return f"{none} {lens.in_words(lens.lost(curves['all'], lags), text)}".strip()
        tells = abs(end["all"] - end["direct"]) <= WITHIN and end["detour"] <= end["direct"]
        story = "good" if tells else "bad"
        gate = result.experiment.cell.keeping_gate or ""
        told = text(
            f"sentence.jacobian_paths.{story}", curve=curve, steps=steps, total=total,
            direct=power_of_ten(end["direct"]), detour=power_of_ten(end["detour"]), symbol=units.SYMBOLS[gate],
        )  # fmt: skip
        source = text(f"theory.gates.{gate}")
        about = text("theory.gates.about", symbol=units.SYMBOLS[gate], source=source)
        return " ".join(filter(None, [told, lens.in_words(lens.lost(curves["all"], lags), text), about]))

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per path, at a few lags."""
        _, result = units.first(results)
        lags = result.data["path_lag"].values
        return pd.DataFrame(
            [
                {text("table.path"): self.label(name, result, text)}
                | {
                    text("table.after", steps=int(lags[k])): power_of_ten(float(curve[k]))
                    for k in evenly(len(lags), 5)[1:]
                }
                for name, curve in self.curves(result).items()
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        curves = {f"log10_{path}": curve for path, curve in self.curves(result).items()}
        return pd.DataFrame({"curve": name, "lag": result.data["path_lag"].values, **curves})
