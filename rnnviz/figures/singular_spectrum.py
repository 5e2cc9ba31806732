"""All singular values of the product of Jacobians over the lag: in how many directions the past survives."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, predictions, units
from rnnviz.figures.condition_number import of_spectrum
from rnnviz.figures.figure import FigureDict, Result, Results, power_of_ten
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import Look
from rnnviz.figures.predictions import Prediction
from rnnviz.figures.survival import name_of
from rnnviz.precision import PRECISIONS
from rnnviz.text import Text

THEORY_DASHES = {"pascanu": "dash", "orthogonal": "dash", "power": "dashdot", "mean_field_product": "dot"}
MOST_LINES = 32  # beside the three that are named


class SingularSpectrum(Choice):
    """log₁₀ σ_i(∂s_T/∂s_t) over the lag T − t: the largest is the norm, the distance to the smallest the condition number.

    Beside them what theory says of this network; of mean field the curve that it speaks of, the root mean square of all σ.
    """

    kind: Literal["singular_spectrum"] = Field("singular_spectrum", repr=False)
    precisions: PrecisionsName = "common"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("singular_spectrum", "weight_spectrum")

    def curves(self, result: Result) -> tuple[np.ndarray, np.ndarray]:
        """Lags (lag,) and log₁₀ σ, descending, (lag, state)."""
        return result.data["kept_lag"].values, result.data["singular_spectrum"].values

    def theories(self, result: Result) -> list[Prediction]:
        lags, weight = result.data["kept_lag"].values, result.data["weight_spectrum"]
        sigma = float(weight.sel(spectrum="singular").values.max(initial=0.0)) if len(lags) else 0.0
        return predictions.of_products(result.experiment, sigma, lags)

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
        theories = self.theories(result)
        traces += self.theory_lines(theories, lags, spectrum, text, look)
        title = text("figure.singular_spectrum.title", curve=name_of(result, text))
        frame = look.layout(title, units.of_example(result, None, text), uirevision="singular")
        return {
            "data": traces,
            "layout": frame
            | decades.decade_axes(
                [spectrum], text("figure.gradient_flow.x.jacobian"), text, look, self.precisions, along=0
            )
            | {"legend": decades.legend(look)},
        }

    def theory_lines(
        self, theories: list[Prediction], lags: np.ndarray, spectrum: np.ndarray, text: Text, look: Look
    ) -> list[dict[str, Any]]:
        curves = {one.label(text): (one.values, {"color": look.alarm, "width": 2, "dash": THEORY_DASHES[one.name]})
                  for one in theories}  # fmt: skip
        if any(one.name == "mean_field_product" for one in theories):
            curves[text("figure.singular_spectrum.mean_square")] = (
                mean_square(spectrum),
                {"color": look.ink, "width": 2},
            )
        return [
            decades.line(
                lags, y, name=name, line=stroke, hovertemplate=f"{name}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
            )
            for name, (y, stroke) in curves.items()
        ]

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        lags, spectrum = self.curves(result)
        if len(lags) < 2:
            return units.overflowed(result, text)
        end = spectrum[-1]
        said = text(
            "sentence.singular_spectrum.end", curve=name_of(result, text), steps=int(lags[-1]),
            largest=power_of_ten(float(end[0])), median=power_of_ten(float(end[len(end) // 2])),
            condition=condition(end),
        )  # fmt: skip
        told = [said, lost_in_words(end, text), predictions.about(self.theories(result), text)]
        return " ".join(filter(None, told))

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
        theories = {f"log10_{one.name}": np.repeat(one.values, len(number)) for one in self.theories(result)}
        return pd.DataFrame(
            {"curve": name, "lag": np.repeat(lags, len(number)), "number": np.tile(number, len(lags)),
             "log10_singular_value": spectrum.ravel(), **theories}
        )  # fmt: skip


def lost_in_words(logs: np.ndarray, text: Text) -> str:
    """How many of all directions each format cannot hold any more; nothing where each holds all."""
    counts = {name: int((logs < one.least).sum()) for name, one in PRECISIONS.items()}
    parts = [f"{name} {count}" for name, count in counts.items() if count]
    return text("sentence.singular_spectrum.lost", parts=", ".join(parts), of=len(logs)) if parts else ""


def mean_square(logs: np.ndarray) -> np.ndarray:
    """log₁₀ of √(mean σ²) = ‖P‖_F/√N for every lag, from log₁₀ σ, descending (lag, state)."""
    top = np.where(np.isfinite(logs[:, :1]), logs[:, :1], 0.0)
    shares = np.mean(10.0 ** np.maximum(2 * (logs - top), -300.0), 1)
    found: np.ndarray = np.where(np.isfinite(logs[:, 0]), top[:, 0] + 0.5 * np.log10(shares), -np.inf)
    return found


def condition(logs: np.ndarray) -> str:
    """σ₁/σ_n for a reader; ∞ where a direction is lost."""
    return power_of_ten(float(of_spectrum(logs[None])[0]))
