"""All singular values of the product of Jacobians over the lag: in how many directions the past survives."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, units
from rnnviz.figures.figure import ZERO_BELOW, FigureDict, Result, Results, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

MOST_LINES = 32  # beside the three that are named


class SingularSpectrum(Choice):
    """log₁₀ σ_i(∂s_T/∂s_t) over the lag T − t: the largest is the norm, the distance to the smallest the condition number."""

    kind: Literal["singular_spectrum"] = Field("singular_spectrum", repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("singular_spectrum",)

    def curves(self, result: Result) -> tuple[np.ndarray, np.ndarray]:
        """Lags (lag,) and log₁₀ σ, descending, (lag, state)."""
        return result.data["kept_lag"].values, result.data["singular_spectrum"].values

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        lags, spectrum = self.curves(result)
        colour, size = look.colour(result.experiment.cell.kind), spectrum.shape[1]
        thin = {"line": {"color": look.faint(colour, 0.35), "width": 1}, "showlegend": False, "hoverinfo": "skip"}
        traces = [decades.line(lags, spectrum[:, k], **thin) for k in evenly(size, MOST_LINES)] if size else []
        for name, k, stroke in (
            ("largest", 0, {"color": colour, "width": 3}),
            ("median", size // 2, {"color": look.ink, "width": 2, "dash": "dash"}),
            ("smallest", size - 1, {"color": look.muted, "width": 2, "dash": "dot"}),
        ):
            label = text(f"figure.singular_spectrum.{name}", number=k + 1)
            hover = f"{label}<br>T − t = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
            if size:
                traces.append(decades.line(lags, spectrum[:, k], name=label, line=stroke, hovertemplate=hover))
        title = text("figure.singular_spectrum.title", curve=name_of(result, text))
        frame = look.layout(title, units.of_example(result, None, text), uirevision="singular")
        return {
            "data": traces,
            "layout": frame | decades.axes([spectrum], text("figure.gradient_flow.x.jacobian"), text, look),
        }

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        lags, spectrum = self.curves(result)
        if len(lags) < 2:
            return units.overflowed(result, text)
        end = spectrum[-1]
        lost = int((end < ZERO_BELOW["float32"]).sum())
        said = text(
            "sentence.singular_spectrum.end", curve=name_of(result, text), steps=int(lags[-1]),
            largest=power_of_ten(float(end[0])), median=power_of_ten(float(end[len(end) // 2])),
            condition=condition(end),
        )  # fmt: skip
        return said + (" " + text("sentence.singular_spectrum.lost", lost=lost, of=len(end)) if lost else "")

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per lag, at most a dozen."""
        _, result = units.first(results)
        lags, spectrum = self.curves(result)
        rows = [
            {
                text("table.lag"): str(int(lags[k])),
                "σ₁": power_of_ten(float(spectrum[k, 0])),
                text("table.median_singular"): power_of_ten(float(spectrum[k, spectrum.shape[1] // 2])),
                text("table.smallest_singular"): power_of_ten(float(spectrum[k, -1])),
                text("table.condition"): condition(spectrum[k]),
            }
            for k in evenly(len(lags), 12)
        ]
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        lags, spectrum = self.curves(result)
        number = np.arange(1, spectrum.shape[1] + 1)
        return pd.DataFrame(
            {"curve": name, "lag": np.repeat(lags, len(number)), "number": np.tile(number, len(lags)),
             "log10_singular_value": spectrum.ravel()}
        )  # fmt: skip


def condition(logs: np.ndarray) -> str:
    """σ₁/σ_n for a reader; ∞ where a direction is lost."""
    return power_of_ten(float(logs[0] - logs[-1])) if np.isfinite(logs).all() else "∞"
