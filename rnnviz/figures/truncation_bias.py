"""What truncating backpropagation costs: the bias of the weights' gradient over the truncation length."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, units
from rnnviz.figures.figure import FigureDict, Result, Results, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text


class TruncationBias(Choice):
    """log₁₀ of ‖g_τ − g‖/‖g‖ over τ, with g = ∂ℓ/∂W_hh in full and g_τ as truncated BPTT has it. Exact, no estimate."""

    kind: Literal["truncation_bias"] = Field("truncation_bias", repr=False)
    truncation_length: Annotated[int, Range(1, 10_000, symbol="τ", unit="time steps", log=True)] = 20

    @property
    def needs(self) -> tuple[str, ...]:
        return ("truncated_gradient",)

    def curves(self, result: Result) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """τ, log₁₀ of the bias and the cosine, each (truncation,); empty where there is no gradient."""
        tau, (bias, cosine) = result.data["truncation"].values, result.data["truncated_gradient"].values
        if np.isnan(bias).all():
            return tau[:0], bias[:0], cosine[:0]
        with np.errstate(divide="ignore"):
            return tau, np.log10(bias), cosine

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        tau, bias, _ = self.curves(result)
        colour, label = look.colour(result.experiment.cell.kind), text("figure.truncation_bias.bias")
        hover = f"{label}<br>τ = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
        stroke = {"color": colour, "width": 3}
        traces: list[dict[str, Any]] = []
        if len(tau):
            traces.append(decades.line(tau, bias, name=label, line=stroke, hovertemplate=hover, showlegend=False))
            at = min(self.truncation_length, len(tau)) - 1
            if np.isfinite(bias[at]):
                traces.append(
                    {"type": "scatter", "mode": "markers", "x": packed(tau[at : at + 1]), "y": packed(bias[at : at + 1]),
                     "marker": {"size": 14, "symbol": "diamond", "color": colour}, "showlegend": False,
                     "name": label, "hovertemplate": hover}
                )  # fmt: skip
        title = text("figure.truncation_bias.title", curve=name_of(result, text))
        frame = look.layout(title, units.of_example(result, None, text), uirevision="bias")
        axes = decades.decade_axes([bias], text("figure.truncation_bias.x"), text, look) | {
            "legend": decades.legend(look)
        }
        return {"data": traces, "layout": frame | axes}

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        tau, bias, cosine = self.curves(result)
        if not len(tau):
            over = result.data.attrs["outcome"] == "diverged"
            return (
                units.overflowed(result, text)
                if over
                else text("sentence.truncation_bias.zero", curve=name_of(result, text))
            )
        at = min(self.truncation_length, len(tau)) - 1
        if tau[at] == len(tau):
            return text("sentence.truncation_bias.whole", curve=name_of(result, text), length=len(tau))
        return text(
            "sentence.truncation_bias.bias", curve=name_of(result, text), truncation=int(tau[at]),
            bias=power_of_ten(float(bias[at])), cosine="—" if np.isnan(cosine[at]) else f"{cosine[at]:.4f}".replace("-", "−"),
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per τ, at most a dozen, closer together at the short end."""
        _, result = units.first(results)
        tau, bias, cosine = self.curves(result)
        wanted = np.unique(np.geomspace(1, max(len(tau), 1), 12).round().astype(int))[: len(tau)] - 1
        return pd.DataFrame(
            [
                {
                    "τ": str(int(tau[k])),
                    text("table.bias_of_gradient"): power_of_ten(float(bias[k])),
                    text("table.cosine"): "—" if np.isnan(cosine[k]) else f"{cosine[k]:.4f}",
                }
                for k in (wanted if len(tau) else evenly(0, 0))
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        tau, bias, cosine = self.curves(result)
        return pd.DataFrame({"curve": name, "truncation": tau, "log10_bias": bias, "cosine": cosine})
