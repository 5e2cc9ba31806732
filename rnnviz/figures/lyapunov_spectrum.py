"""The Lyapunov spectrum of one network over several seeds, beside what theory says where it says something."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures import lyapunov, units
from rnnviz.figures.figure import FigureDict, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text


class LyapunovSpectrum(Choice):
    """λ_1 ≥ λ_2 ≥ … of the whole state in nepers per step: mean over seeds ± their standard deviation."""

    kind: Literal["lyapunov_spectrum"] = Field("lyapunov_spectrum", repr=False)
    warm_up: Annotated[int, Range(0, 5_000, unit="time steps", step=100)] = 500

    @property
    def needs(self) -> tuple[str, ...]:
        return ("lyapunov_growth",)

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        found, colour = lyapunov.converged(results, self.warm_up), look.colour(result.experiment.cell.kind)
        title = text("figure.lyapunov_spectrum.title", curve=name_of(result, text))
        frame = look.layout(title, subtitle(results, found, text), uirevision="spectrum")
        traces: list[dict[str, Any]] = []
        values = np.empty(0)
        if found is not None:
            values, deviation = lyapunov.statistics(found.last)
            rank = np.arange(1, len(values) + 1)
            hover = f"λ<sub>%{{x}}</sub> = %{{y:.4f}} {text('figure.lyapunov_spectrum.unit')}<extra></extra>"
            bars = {
                "error_y": {"type": "data", "array": packed(deviation), "color": colour, "thickness": 1.2, "width": 2}
            }
            traces.append(
                {"type": "scatter", "mode": "markers", "x": packed(rank), "y": packed(gaps(values)), "hovertemplate": hover,
                 "name": text("figure.lyapunov_spectrum.measured"), "marker": {"size": 6, "color": colour}}
                | (bars if len(results) > 1 else {})
            )  # fmt: skip
            traces += self.theory(results, rank, text, look)
        axes = {
            "xaxis": look.axis(title={"text": text("figure.lyapunov_spectrum.rank")}),
            "yaxis": look.axis(title={"text": text("figure.lyapunov_spectrum.y")}, **reach(values)),
            "legend": {"x": 0.99, "xanchor": "right", "y": 0.99, "yanchor": "top", "font": {"size": 14},
                       "bgcolor": look.faint(look.paper, 0.8)},
            "shapes": [zero(look)],
        }  # fmt: skip
        return {"data": traces, "layout": frame | axes}

    def theory(self, results: Results, rank: np.ndarray, text: Text, look: Look) -> list[dict[str, Any]]:
        predicted = lyapunov.prediction(next(iter(results.values())).experiment)
        if predicted is None:
            return []
        name = text(f"figure.lyapunov_spectrum.{predicted.name}")
        one = len(predicted.values) == 1
        x, y = (np.array([rank[0], rank[-1]]), np.repeat(predicted.values, 2)) if one else (rank, predicted.values)
        stroke = {"color": look.ink, "width": 2, "dash": "dash"}
        hover = f"{name}: %{{y:.4f}}<extra></extra>"
        return [{"type": "scatter", "mode": "lines", "x": packed(x), "y": packed(y), "name": name, "line": stroke,
                 "hovertemplate": hover}]  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        found = lyapunov.converged(results, self.warm_up)
        if found is None:
            return units.overflowed(result, text) if all_diverged(results) else text("sentence.lyapunov.short")
        values, deviation = lyapunov.statistics(found.last)
        largest, spread = float(values[0]), float(deviation[0])
        sure = 2 * spread / max(1, len(found.last)) ** 0.5
        regime = "chaos" if largest > sure else "vanish" if largest < -sure else "neutral"
        said = {"curve": name_of(result, text), "largest": number(largest), "positive": int((values > 0).sum()),
                "of": len(values), "spread": number(spread), "seeds": len(found.last)}  # fmt: skip
        told = text(f"sentence.lyapunov.{regime}", **said)
        if regime == "chaos":
            told += " " + text("sentence.lyapunov.dimension", dimension=f"{lyapunov.kaplan_yorke(values):.1f}")
        predicted = lyapunov.prediction(result.experiment)
        if predicted is not None:
            told += " " + text("sentence.lyapunov.theory", predicted=number(float(predicted.values[0])))
        return told

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per exponent, at most sixteen, evenly chosen."""
        found = lyapunov.converged(results, self.warm_up)
        if found is None:
            return pd.DataFrame()
        values, deviation = lyapunov.statistics(found.last)
        chosen = np.unique(np.linspace(0, len(values) - 1, min(len(values), 16)).round().astype(int))
        return pd.DataFrame(
            [
                {
                    text("table.exponent"): f"λ{k + 1}",
                    text("table.mean"): number(float(values[k])),
                    text("table.deviation"): number(float(deviation[k])),
                    text("table.factor"): f"{np.exp(values[k]):.4g}",
                }
                for k in chosen
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        """A row per exponent and seed."""
        found = lyapunov.converged(results, self.warm_up)
        if found is None:
            return pd.DataFrame()
        seeds, count = found.last.shape
        names = [name for name, one in results.items() if one.data.attrs["outcome"] == "completed"]
        return pd.DataFrame(
            {"curve": np.repeat(names, count), "number": np.tile(np.arange(1, count + 1), seeds),
             "exponent": found.last.ravel()}
        )  # fmt: skip


def subtitle(results: Results, found: lyapunov.Converged | None, text: Text) -> str:
    _, result = units.first(results)
    said = units.subtitle(result, None, text)
    if found is not None:
        said += " · " + text("figure.lyapunov_spectrum.seeds", seeds=len(found.last), warm_up=found.warm_up)
    return said


def all_diverged(results: Results) -> bool:
    return all(one.data.attrs["outcome"] == "diverged" for one in results.values())


def gaps(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def reach(*curves: np.ndarray) -> dict[str, Any]:
    """A linear axis that holds all that is finite, and zero."""
    finite = np.concatenate([np.ravel(curve)[np.isfinite(np.ravel(curve))] for curve in curves])
    low, high = min(float(finite.min(initial=0.0)), -0.05), max(float(finite.max(initial=0.0)), 0.05)
    return {"range": [low - 0.06 * (high - low), high + 0.06 * (high - low)], "autorange": False}


def zero(look: Look) -> dict[str, Any]:
    """The line between vanishing and exploding."""
    return {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": 0, "y1": 0,
            "line": {"color": look.alarm, "width": 1.5, "dash": "dot"}}  # fmt: skip


def number(value: float) -> str:
    if np.isneginf(value):
        return "−∞"
    return f"{value:.4f}".replace("-", "−")
