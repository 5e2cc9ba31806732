"""One step under the lens: eigenvalues of W_hh and of J_t in the complex plane, with the circles that decide."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.cells import Elman
from rnnviz.choice import Choice, Range
from rnnviz.figures import units
from rnnviz.figures.figure import FigureDict, Result, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

FARTHEST_CIRCLE = 3.0  # times the rest of the picture: a circle of radius 1/γ = 4 around a dot shows nothing


class StepEigenvalues(Choice):
    """Eigenvalues of J_t = ∂s_t/∂s_{t−1} of one time step, and of the block of W_hh that makes the candidate.

    Dashed: the unit circle. Dotted, for the vanilla RNN with γ < 1: radius 1/γ, which W_hh's eigenvalues must leave before
    J can have one outside the unit circle at rest. A time step that was not decomposed means the nearest that was.
    """

    kind: Literal["step_eigenvalues"] = Field("step_eigenvalues", repr=False)
    time: Annotated[int, Range(1, 10_000, symbol="t", unit="time steps", log=True)] = 50

    @property
    def needs(self) -> tuple[str, ...]:
        return ("step_spectrum", "weight_spectrum")

    def of_step(self, result: Result) -> np.ndarray:
        """real, imaginary, singular of J_t, (3, state); no states if there is no step."""
        spectrum = result.data["step_spectrum"].values
        return (
            spectrum[:, units.nearest_step(result, self.time)] if spectrum.shape[1] else spectrum[:, :0].reshape(3, 0)
        )

    def of_weight(self, result: Result) -> np.ndarray:
        """The same of the candidate's block of W_hh in the lowest layer, (3, unit)."""
        weight = result.data["weight_spectrum"]
        return weight.sel(gate_name="candidate").values[:, 0] if weight.size else np.empty((3, 0))

    def radius(self, result: Result) -> float | None:
        """1/γ, where it says something: one vanilla layer."""
        cell = result.experiment.cell
        gamma = cell.phi.largest_slope
        return 1 / gamma if isinstance(cell, Elman) and cell.layers == 1 and gamma < 1 else None

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        step, weight = self.of_step(result), self.of_weight(result)
        colour, t = look.colour(result.experiment.cell.kind), units.step_at(result, self.time)
        hollow = {"size": 9, "color": look.faint(colour, 0.0), "line": {"color": look.muted, "width": 1.4}}
        which = "weight" if result.experiment.cell.keeping_gate else "whole_weight"
        traces = [
            self.marks(weight, text(f"figure.step_eigenvalues.{which}"), hollow),
            self.marks(step, text("figure.step_eigenvalues.step", time=t), {"size": 7, "color": colour}),
        ]
        title = text("figure.step_eigenvalues.title", curve=name_of(result, text), time=t)
        frame = look.layout(title, units.of_example(result, None, text), uirevision="eigenvalues")
        return {"data": traces if step.size else [], "layout": frame | self.axes(result, step, weight, text, look)}

    def marks(self, spectrum: np.ndarray, name: str, marker: dict[str, Any]) -> dict[str, Any]:
        hover = f"{name}<br>%{{x:.4f}} + %{{y:.4f}} i<extra></extra>"
        return {"type": "scatter", "mode": "markers", "x": packed(spectrum[0]), "y": packed(spectrum[1]), "name": name,
                "marker": marker, "hovertemplate": hover}  # fmt: skip

    def axes(self, result: Result, step: np.ndarray, weight: np.ndarray, text: Text, look: Look) -> dict[str, Any]:
        sizes = np.hypot(np.concatenate([step[0], weight[0]]), np.concatenate([step[1], weight[1]]))
        reach = max(1.0, float(sizes.max(initial=0.0)))
        circles = [(1.0, "dash", "figure.step_eigenvalues.unit")]
        own = self.radius(result)
        if own is not None and own <= FARTHEST_CIRCLE * reach:
            circles.append((own, "dot", "figure.step_eigenvalues.gamma"))
        reach = 1.18 * max(reach, *(radius for radius, *_ in circles))
        return {
            "xaxis": look.axis(title={"text": text("figure.step_eigenvalues.real")}, range=[-reach, reach], autorange=False),
            "yaxis": look.axis(title={"text": text("figure.step_eigenvalues.imaginary")}, range=[-reach, reach],
                               autorange=False, scaleanchor="x"),
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "font": {"size": 14}},
            "shapes": [
                {"type": "circle", "xref": "x", "yref": "y", "x0": -r, "y0": -r, "x1": r, "y1": r, "layer": "below",
                 "line": {"color": look.ink, "width": 1.2, "dash": dash}}
                for r, dash, _ in circles
            ],
            "annotations": [
                {"xref": "x", "yref": "y", "x": 0, "y": -r, "yanchor": "top", "yshift": -6, "showarrow": False,
                 "text": text(key),
                 "bgcolor": look.faint(look.paper, 0.7), "font": {"size": 13, "color": look.muted}}
                for r, _, key in circles
            ],
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        step, weight = self.of_step(result), self.of_weight(result)
        if not step.size:
            return units.overflowed(result, text)
        radius, norm = float(np.hypot(*step[:2]).max()), float(step[2].max())
        return text(
            "sentence.step_eigenvalues", curve=name_of(result, text), time=units.step_at(result, self.time),
            radius=f"{radius:.3g}", norm=f"{norm:.3g}", ratio=ratio(norm, radius),
            weight_radius=f"{float(np.hypot(*weight[:2]).max()):.3g}", weight_norm=f"{float(weight[2].max()):.3g}",
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row for J_t and one for every gate's block of W_hh."""
        _, result = units.first(results)
        step, weight = self.of_step(result), result.data["weight_spectrum"]
        if not step.size:
            return pd.DataFrame()
        of = {f"J, t = {units.step_at(result, self.time)}": step}
        for gate in map(str, weight["gate_name"].values):
            of[f"W_hh: {units.gate_in_words(result.experiment.cell, 'variable', gate, text)}"] = weight.sel(
                gate_name=gate
            ).values[:, 0]
        return pd.DataFrame([{text("table.matrix"): name} | self.row(one) for name, one in of.items()])

    def row(self, spectrum: np.ndarray) -> dict[str, str]:
        radius, norm = float(np.hypot(*spectrum[:2]).max()), float(spectrum[2].max())
        return {
            "ρ": f"{radius:.4g}",
            "σ₁": f"{norm:.4g}",
            "σ₁/ρ": ratio(norm, radius),
            "σₙ": f"{spectrum[2].min():.4g}",
        }

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        parts = {"jacobian": self.of_step(result), "weight_hh": self.of_weight(result)}
        frames = [
            pd.DataFrame({"curve": name, "matrix": of, "number": np.arange(1, part.shape[1] + 1),
                          "real": part[0], "imaginary": part[1], "singular_value": part[2]})
            for of, part in parts.items()
        ]  # fmt: skip
        return pd.concat(frames, ignore_index=True)


def ratio(norm: float, radius: float) -> str:
    """σ₁/ρ for a reader; ∞ for a matrix that is not 0 and whose powers are in the end."""
    return f"{norm / radius:.3g}" if radius > 0 else "∞" if norm > 0 else "—"
