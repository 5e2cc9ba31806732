"""What one step can do at most and what its eigenvalues say, over time; and all singular values of one step."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, ticks, units
from rnnviz.figures.figure import FigureDict, Result, Results, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.figures.step_eigenvalues import ratio
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

LOWEST = -12.0  # decades of the singular values of one step that are worth an axis


class StepNorms(Choice):
    """Above: log₁₀ σ₁(J_t) and log₁₀ ρ(J_t) over time; the gap is non-normality. Below: all singular values of one step."""

    kind: Literal["step_norms"] = Field("step_norms", repr=False)
    time: Annotated[int, Range(1, 10_000, symbol="t", unit="time steps", log=True)] = 50

    @property
    def needs(self) -> tuple[str, ...]:
        return ("step_spectrum",)

    def curves(self, result: Result) -> dict[str, np.ndarray]:
        """Of every decomposed step its time, norm σ₁ and radius ρ, (time,); singular values of the chosen one, (state,)."""
        real, imaginary, singular = result.data["step_spectrum"].values
        time = result.data["kept_step"].values
        if not len(time):
            return {"time": time, "norm": np.empty(0), "radius": np.empty(0), "chosen": np.empty(0)}
        radius = np.hypot(real, imaginary).max(1)
        return {
            "time": time,
            "norm": singular[:, 0],
            "radius": radius,
            "chosen": singular[units.nearest_step(result, self.time)],
        }

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        curves, colour = self.curves(result), look.colour(result.experiment.cell.kind)
        with np.errstate(divide="ignore"):
            norm, radius, chosen = (np.log10(curves[name]) for name in ("norm", "radius", "chosen"))
        traces = []
        for y, name, stroke in (
            (norm, text("figure.step_norms.norm"), {"color": colour, "width": 2.5}),
            (radius, text("figure.step_norms.radius"), {"color": look.ink, "width": 2, "dash": "dash"}),
        ):
            hover = f"{name}<br>t = %{{x}}: 10<sup>%{{y:.3f}}</sup><extra></extra>"
            traces.append(decades.line(curves["time"], y, name=name, line=stroke, hovertemplate=hover))
        hover = "σ<sub>%{x}</sub> = 10<sup>%{y:.3f}</sup><extra></extra>"
        bars = {"type": "scatter", "mode": "lines+markers", "x": packed(np.arange(1, len(chosen) + 1)),
                "y": packed(np.maximum(chosen, LOWEST)), "xaxis": "x2", "yaxis": "y2", "showlegend": False,
                "line": {"color": colour, "width": 1}, "marker": {"size": 5, "color": colour},
                "hovertemplate": hover}  # fmt: skip
        title = text("figure.step_norms.title", curve=name_of(result, text))
        frame = look.layout(title, units.of_example(result, None, text), uirevision="norms")
        return {
            "data": [*traces, bars] if len(norm) else [],
            "layout": frame | self.axes(result, norm, radius, chosen, text, look),
        }

    def axes(
        self, result: Result, norm: np.ndarray, radius: np.ndarray, chosen: np.ndarray, text: Text, look: Look
    ) -> dict[str, Any]:
        t, above, below = units.step_at(result, self.time), span(norm, radius), span(chosen)
        shared = {"type": "line", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "layer": "below",
                  "line": {"color": look.lines, "width": 2}}  # fmt: skip
        return {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y"),
            "yaxis": look.axis(domain=[0.6, 1], range=above, autorange=False, **ticks.axis(*above)),
            "xaxis2": look.axis(title={"text": text("figure.step_norms.number", time=t)}, anchor="y2"),
            "yaxis2": look.axis(domain=[0, 0.36], range=below, autorange=False, **ticks.axis(*below)),
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "font": {"size": 14}},
            "shapes": [shared | {"xref": "x domain", "yref": "y"}, shared | {"xref": "x2 domain", "yref": "y2"}],
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        curves = self.curves(result)
        if not len(curves["norm"]):
            return units.overflowed(result, text)
        with np.errstate(divide="ignore"):
            norm, radius = (float(np.log10(curves[name]).mean()) for name in ("norm", "radius"))
        gap = "—" if np.isneginf(norm) else "∞" if np.isneginf(radius) else power_of_ten(norm - radius)
        said = {"norm": power_of_ten(norm), "radius": power_of_ten(radius), "gap": gap}
        return text("sentence.step_norms", curve=name_of(result, text), **said)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per time step, at most a dozen."""
        _, result = units.first(results)
        curves, singular = self.curves(result), result.data["step_spectrum"].values[2]
        return pd.DataFrame(
            [
                {
                    text("table.step"): str(int(curves["time"][k])),
                    "σ₁(J)": f"{curves['norm'][k]:.4g}",
                    "ρ(J)": f"{curves['radius'][k]:.4g}",
                    "σ₁/ρ": ratio(float(curves["norm"][k]), float(curves["radius"][k])),
                    text("table.median_singular"): f"{singular[k, singular.shape[1] // 2]:.4g}",
                    text("table.smallest_singular"): f"{singular[k, -1]:.4g}",
                }
                for k in evenly(len(curves["time"]), 12)
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        """A row per time step with σ₁ and ρ, and one for every singular value of the chosen step."""
        name, result = units.first(results)
        curves = self.curves(result)
        over_time = {"curve": name, "time": curves["time"], "norm": curves["norm"], "spectral_radius": curves["radius"]}
        chosen = {"curve": name, "time": units.step_at(result, self.time),
                  "number": np.arange(1, len(curves["chosen"]) + 1), "singular_value": curves["chosen"]}  # fmt: skip
        return pd.concat([pd.DataFrame(over_time), pd.DataFrame(chosen)], ignore_index=True)


def span(*curves: np.ndarray) -> list[float]:
    """An axis that holds all that is above LOWEST, and 10⁰."""
    values = np.concatenate([np.maximum(curve[np.isfinite(curve)], LOWEST) for curve in curves])
    low, high = min(values.min(initial=0.0), -0.2), max(values.max(initial=0.0), 0.2)
    return [float(low - 0.06 * (high - low)), float(high + 0.06 * (high - low))]
