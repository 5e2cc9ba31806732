"""A fresh gate at every step against the same W_hh again and again: the factors over time, and what they multiply to."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, units
from rnnviz.figures.figure import FigureDict, Result, Results, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

Curves = dict[str, np.ndarray]


class GatesAgainstWeights(Choice):
    """Above, over time: the keeping gate (mean and 10–90 % of units), or g = √H · rms(W_hh) and g times the mean slope φ'.

    Below, over the lag: log₁₀ ‖∂s_T/∂s_t‖₂ of all paths, and of the direct one where a gate makes it, ∏ f or ∏ z. Both of
    the last layer; of all networks in one frame.
    """

    kind: Literal["gates_against_weights"] = Field("gates_against_weights", repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("activation_slopes", "jacobian_paths", "unit_spread", "weight_spectrum")

    def factors(self, result: Result) -> Curves:
        """Against time: low, mean and high of the gate; or the weight and what the slope leaves of it."""
        gate = result.experiment.cell.keeping_gate
        if not units.drawable(result) or not result.data["weight_spectrum"].size:
            return {}
        if gate:
            spread = result.data["unit_spread"].sel(variable=gate)
            return {name: spread.sel(spread=name).values[-1] for name in ("low", "high", "mean")}
        slopes = result.data["activation_slopes"].sel(of_slope="mean_slope", place="candidate").values[-1]
        weight = np.full(len(slopes), weight_gain(result))
        return {"weight": weight, "with_slope": weight * slopes * result.experiment.cell.phi.largest_slope}

    def products(self, result: Result) -> Curves:
        """Against the lag: all paths, and the direct one if there is one."""
        paths = result.data["jacobian_paths"]
        wanted = [name for name in ("direct", "all") if name in paths["path"].values]
        return {name: paths.sel(path=name).values for name in wanted}

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        traces, drawn = [], []
        for result in results.values():
            traces += self.above(result, text, look)
            products = self.products(result)
            drawn += list(products.values())
            traces += self.below(result, products, text, look)
        _, result = units.first(results)
        frame = look.layout(
            text("figure.gates_against_weights.title"), units.of_example(result, None, text), uirevision="gates_weights"
        )
        lag = text("figure.gradient_flow.x.jacobian").split("  (")[0]
        axes = decades.decade_axes(drawn, lag, text, look)
        return {"data": traces, "layout": frame | self.arranged(axes, text, look)}

    def above(self, result: Result, text: Text, look: Look) -> list[dict[str, Any]]:
        curves, x = self.factors(result), packed(result.data["kept_time"].values)
        colour = look.colour(result.experiment.cell.kind)
        strokes: dict[str, dict[str, Any]] = {
            "low": {"width": 0}, "high": {"width": 0}, "mean": {"color": colour, "width": 2.5},
            "weight": {"color": colour, "width": 2.5}, "with_slope": {"color": colour, "width": 1.5, "dash": "dot"},
        }  # fmt: skip
        traces = []
        for name, y in curves.items():
            trace: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": x, "y": packed(y), "line": strokes[name]}
            if name in ("low", "high"):
                fill = {"fill": "tonexty", "fillcolor": look.faint(colour, 0.22)} if name == "high" else {}
                traces.append(trace | {"showlegend": False, "hoverinfo": "skip"} | fill)
                continue
            label = self.label(name, result, text)
            hover = f"{label}<br>t = %{{x}}: %{{y:.3f}}<extra></extra>"
            traces.append(trace | {"name": label, "hovertemplate": hover})
        return traces

    def below(self, result: Result, products: Curves, text: Text, look: Look) -> list[dict[str, Any]]:
        colour, lags = look.colour(result.experiment.cell.kind), result.data["path_lag"].values
        strokes: dict[str, dict[str, Any]] = {
            "all": {"color": colour, "width": 3},
            "direct": {"color": colour, "width": 2, "dash": "dash"},
        }
        traces = []
        for name, y in products.items():
            label = self.label(name, result, text)
            hover = f"{label}<br>T − t = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
            traces.append(decades.line(lags, y, name=label, line=strokes[name], hovertemplate=hover) | BELOW)
        return traces

    def label(self, name: str, result: Result, text: Text) -> str:
        cell = result.experiment.cell
        symbol = units.SYMBOLS.get(cell.keeping_gate or "", "")
        return text(f"figure.gates_against_weights.{name}", cell=text(f"option.cell.{cell.kind}.short"), symbol=symbol)

    def arranged(self, axes: dict[str, Any], text: Text, look: Look) -> dict[str, Any]:
        """The axes of the decades become the lower panel, without the floors of the dtypes; the factors are the upper one."""
        one = {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": 1, "y1": 1,
               "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}  # fmt: skip
        return {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y"),
            "yaxis": look.axis(domain=[0.68, 1], rangemode="tozero", nticks=5,
                               title={"text": text("figure.gates_against_weights.factor")}),
            "xaxis2": {**axes["xaxis"], "anchor": "y2"},
            "yaxis2": {**axes["yaxis"], "domain": [0, 0.48], "title": {"text": text("figure.gates_against_weights.product")}},
            "shapes": [one],
            "margin": {"l": 70, "r": 20, "t": 104, "b": 150},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        """A sentence for each network."""
        told = []
        for result in results.values():
            ends = {name: float(curve[-1]) for name, curve in self.products(result).items() if len(curve) > 1}
            factors, curve = self.factors(result), name_of(result, text)
            if "all" not in ends or not factors:
                told.append(units.overflowed(result, text))
                continue
            said = {
                "curve": curve,
                "steps": int(result.data["path_lag"].values[-1]),
                "total": power_of_ten(ends["all"]),
            }
            if "direct" not in ends:
                same = {"gain": numeral(weight_gain(result)), "slope": numeral(float(factors["with_slope"].mean()))}
                told.append(text("sentence.gates_against_weights.same", **said, **same))
                continue
            fresh = {
                "mean": numeral(float(factors["mean"].mean())), "direct": power_of_ten(ends["direct"]),
                "symbol": units.SYMBOLS[str(result.experiment.cell.keeping_gate)],
            }  # fmt: skip
            told.append(text("sentence.gates_against_weights.fresh", **said, **fresh))
        return " ".join(told)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per product, at a few lags."""
        return pd.DataFrame(
            [
                {text("table.path"): self.label(name, result, text)}
                | {
                    text("table.after", steps=int(result.data["path_lag"].values[k])): power_of_ten(float(curve[k]))
                    for k in evenly(len(curve), 5)[1:]
                }
                for result in results.values()
                for name, curve in self.products(result).items()
                if len(curve) > 1
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        """A row per curve and time step or lag."""
        frames = [
            pd.DataFrame({"network": network, "curve": name, "over": over, "at": at, "value": curve})
            for network, result in results.items()
            for over, at, curves in (
                ("time", result.data["kept_time"].values, self.factors(result)),
                ("lag", result.data["path_lag"].values, self.products(result)),
            )
            for name, curve in curves.items()
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


BELOW = {"xaxis": "x2", "yaxis": "y2"}


def weight_gain(result: Result) -> float:
    """√H · rms of the recurrent weights of the last layer's candidate: the root mean square of their singular values."""
    singular = result.data["weight_spectrum"].sel(spectrum="singular").values[-1, -1]
    return float(np.sqrt(np.mean(np.square(singular))))
