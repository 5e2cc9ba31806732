"""From the value of a gate to the time it remembers."""

from __future__ import annotations

import math
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

BIASES = (-4, -2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
TICKS = {
    -4: "0.02",
    -2: "0.12",
    0: "0.5",
    3: "0.953",
    5: "0.993",
    7: "0.999",
    9: "0.9999",
}  # far enough apart for a phone
DASHES = {"half_life": "solid", "window": "dash"}
FARTHEST = 9.0  # a gate of σ(9) = 0.9999 remembers for 8 000 steps, about the longest sequence there is


class GateRuler(Choice):
    """Half-life ln ½ / ln f and window 1/(1 − f) against the bias b that holds a gate at f = σ(b).

    The mean gate of the network and the mean of every unit are marked on the half-life.
    Source: Tallec & Ollivier (2018) for 1/(1 − f) as a time constant.
    """

    kind: Literal["gate_ruler"] = Field("gate_ruler", repr=False)
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("keeping_gate",)

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        symbol, colour = self.symbol(result), look.colour(result.experiment.cell.kind)
        bias = np.linspace(-4, FARTHEST, 105)
        traces = []
        for name, steps in (("half_life", half_life_of(bias)), ("window", window_of(bias))):
            label = text(f"figure.gate_ruler.{name}", symbol=symbol)
            line = {"color": look.ink if name == "half_life" else look.muted, "width": 2, "dash": DASHES[name]}
            hover = f"{label}<br>b = %{{x:.2f}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
            traces.append(
                {"type": "scatter", "mode": "lines", "x": packed(bias), "y": packed(np.log10(steps)), "name": label,
                 "line": line, "hovertemplate": hover}
            )  # fmt: skip
        gates = units.mean_keeping(result, self.layer)
        if len(gates):
            each = {"size": 7, "color": look.faint(colour, 0.0), "line": {"color": colour, "width": 1.2}}
            traces.append(self.marks(gates, text("figure.gate_ruler.units"), each))
            whole = {"size": 15, "symbol": "diamond", "color": colour}
            traces.append(self.marks(np.array([gates.mean()]), text("figure.gate_ruler.mean", symbol=symbol), whole))
        title = text("figure.gate_ruler.title")
        frame = look.layout(title, units.subtitle(result, self.layer, text), uirevision="ruler")
        return {"data": traces, "layout": frame | self.axes(result, text, look)}

    def marks(self, gates: np.ndarray, name: str, marker: dict[str, Any]) -> dict[str, Any]:
        bias = np.clip(logit(gates), -4, FARTHEST)
        hover = f"{name}<br>b = %{{x:.2f}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
        return {
            "type": "scatter", "mode": "markers", "x": packed(bias), "y": packed(np.log10(half_life_of(bias))),
            "name": name, "marker": marker, "hovertemplate": hover,
        }  # fmt: skip

    def axes(self, result: Result, text: Text, look: Look) -> dict[str, Any]:
        length = result.experiment.task.sequence_length
        at = math.log10(length)
        right = 0.99 if length < 300 else 0.6  # where no curve runs: both end at 10⁴ on the right
        return {
            "xaxis": look.axis(
                title={"text": text("figure.gate_ruler.x", symbol=self.symbol(result))}, range=[-4.2, FARTHEST + 0.2],
                autorange=False, tickvals=list(TICKS), tickfont={"size": 13}, tickangle=0,
                ticktext=[f"{tick}<br>{str(b).replace('-', '−')}" for b, tick in TICKS.items()],
            ),
            "yaxis": look.axis(
                title={"text": text("figure.gate_ruler.y")}, range=[-0.8, 4.2], autorange=False,
                tickvals=[0, 1, 2, 3, 4], ticktext=["1", "10", "100", "1000", "10000"],
            ),
            "legend": {"x": 0.01, "xanchor": "left", "y": 0.99, "yanchor": "top", "font": {"size": 14}},
            "shapes": [{"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": at, "y1": at,
                        "line": {"color": look.muted, "width": 1, "dash": "dot"}}],
            "annotations": [{"xref": "x domain", "x": right, "xanchor": "right", "yref": "y", "y": at,
                             "yanchor": "bottom", "showarrow": False, "font": {"size": 13, "color": look.muted},
                             "text": f"T = {length}"}],
        }  # fmt: skip

    def symbol(self, result: Result) -> str:
        return units.SYMBOLS.get(result.experiment.cell.keeping_gate or "", "f")

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        curve, gates = name_of(result, text), units.mean_keeping(result, self.layer)
        if not len(gates):
            return text("sentence.gate_ruler.none", curve=curve)
        mean = float(np.mean(gates))
        log_mean = math.log(mean) if mean > 0 else -math.inf
        return text(
            "sentence.gate_ruler.mean", curve=curve, symbol=self.symbol(result), mean=f"{mean:.4g}",
            half_life=units.steps_in_words(units.half_life(log_mean)),
            window=units.steps_in_words(1 / (1 - mean) if mean < 1 else math.inf),
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """The ruler itself: what a bias means."""
        return pd.DataFrame(
            [
                {
                    text("table.bias"): str(bias),
                    text("table.gate"): f"{sigmoid(bias):.5g}",
                    text("table.half_life"): units.steps_in_words(float(half_life_of(np.array(float(bias))))),
                    text("table.window"): units.steps_in_words(float(window_of(np.array(float(bias))))),
                }
                for bias in BIASES
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        """A row per unit."""
        name, result = units.first(results)
        gates = units.mean_keeping(result, self.layer)
        with np.errstate(divide="ignore"):
            half_lives = math.log(0.5) / np.log(gates)
            windows = 1 / (1 - gates)
        unit = np.arange(1, len(gates) + 1)
        return pd.DataFrame({"curve": name, "unit": unit, "mean": gates, "half_life": half_lives, "window": windows})


def half_life_of(bias: np.ndarray) -> np.ndarray:
    """ln ½ / ln σ(b), without the rounding of σ near 1."""
    return math.log(2) / np.log1p(np.exp(-bias))


def window_of(bias: np.ndarray) -> np.ndarray:
    """1 / (1 − σ(b)) = 1 + e^b."""
    return 1 + np.exp(bias)


def sigmoid(bias: float) -> float:
    return 1 / (1 + math.exp(-bias))


def logit(gates: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(gates) - np.log1p(-gates)
