"""The Lyapunov spectrum of one network over several seeds, beside what theory says where it says something."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import decades, lyapunov, predictions, units
from rnnviz.figures.figure import FigureDict, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.predictions import Prediction
from rnnviz.figures.survival import name_of
from rnnviz.text import Text


class LyapunovSpectrum(Choice):
    """λ_1 ≥ λ_2 ≥ … of the whole state in nepers per step: mean over seeds ± their standard deviation.

    `untied`: beside them those of the same network with its weights drawn anew at every step, where W_hh is Gaussian.
    """

    kind: Literal["lyapunov_spectrum"] = Field("lyapunov_spectrum", repr=False)
    warm_up: Annotated[int, Range(0, 5_000, unit="time steps", step=100)] = 500
    untied: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        return ("lyapunov_growth", "untied_growth") if self.untied else ("lyapunov_growth",)

    def drawn(self, results: Results) -> dict[str, lyapunov.Converged]:
        """The exponents of the network and, if wanted and there, of its untied counterpart."""
        found = {"measured": lyapunov.converged(results, self.warm_up)}
        if self.untied:
            found["untied"] = lyapunov.converged(results, self.warm_up, untied=True)
        return {name: one for name, one in found.items() if one is not None}

    def predicted(self, results: Results) -> dict[str, Prediction]:
        """What theory says of each of these, each theory once."""
        experiment = next(iter(results.values())).experiment
        said = {name: predictions.of_exponents(experiment, name == "untied") for name in self.drawn(results)}
        return {one.name: one for one in said.values() if one is not None}

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        found, colour = self.drawn(results), look.colour(result.experiment.cell.kind)
        title = text("figure.lyapunov_spectrum.title", curve=name_of(result, text))
        frame = look.layout(title, subtitle(results, found.get("measured"), text), uirevision="spectrum")
        markers = {
            "measured": {"size": 6, "color": colour},
            "untied": {"size": 7, "color": look.faint(look.muted, 0.0), "line": {"color": look.muted, "width": 1.4}},
        }
        traces = [self.marks(one, name, markers[name], text) for name, one in found.items()]
        values = [
            mean + side * bar
            for mean, bar in (lyapunov.statistics(one.last) for one in found.values())
            for side in (-1, 1)
        ]
        axes = {
            "xaxis": look.axis(title={"text": text("figure.lyapunov_spectrum.rank")}),
            "yaxis": look.axis(title={"text": text("figure.lyapunov_spectrum.y")}, **reach(*values)),
            "legend": decades.legend(look),
            "shapes": [zero(look)],
        }  # fmt: skip
        return {"data": [*traces, *self.theory(results, text, look)], "layout": frame | axes}

    def marks(self, found: lyapunov.Converged, name: str, marker: dict[str, Any], text: Text) -> dict[str, Any]:
        values, deviation = lyapunov.statistics(found.last)
        hover = f"λ<sub>%{{x}}</sub> = %{{y:.4f}} {text('figure.lyapunov_spectrum.unit')}<extra></extra>"
        bars = {"type": "data", "array": packed(deviation), "color": marker.get("line", marker)["color"],
                "thickness": 1.2, "width": 2}  # fmt: skip
        return {
            "type": "scatter", "mode": "markers", "x": packed(np.arange(1, len(values) + 1)), "y": packed(gaps(values)),
            "hovertemplate": hover, "name": text(f"figure.lyapunov_spectrum.{name}"), "marker": marker,
            **({"error_y": bars} if len(found.last) > 1 else {}),
        }  # fmt: skip

    def theory(self, results: Results, text: Text, look: Look) -> list[dict[str, Any]]:
        size = next((one.last.shape[1] for one in self.drawn(results).values()), 0)
        rank, dashes, traces = np.arange(1, size + 1), ("dash", "dot"), []
        for dash, predicted in zip(dashes, self.predicted(results).values(), strict=False):
            one, name = len(predicted.values) == 1, predicted.label(text)
            x, y = (rank[[0, -1]], np.repeat(predicted.values, 2)) if one else (rank, predicted.values)
            traces.append(
                {"type": "scatter", "mode": "lines", "x": packed(x), "y": packed(y), "name": name,
                 "line": {"color": look.ink, "width": 2, "dash": dash}, "hovertemplate": f"{name}: %{{y:.4f}}<extra></extra>"}
            )  # fmt: skip
        return traces

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        found = lyapunov.converged(results, self.warm_up)
        if found is None:
            return units.overflowed(result, text) if all_diverged(results) else text("sentence.lyapunov.short")
        values, deviation = lyapunov.statistics(found.last)
        largest, sure, seeds = float(values[0]), lyapunov.doubt(found), len(found.last)
        bounded = result.experiment.cell.activation not in ("identity", "relu")
        growing = "chaos" if bounded else "growth"  # what has no bound runs away, and is not called chaotic
        regime = growing if largest > sure else "vanish" if largest < -sure else "neutral"
        error = text(
            f"sentence.lyapunov.{'seeds' if seeds > 1 else 'one'}", spread=number(float(deviation[0])), seeds=seeds
        )
        told = [
            text(f"sentence.lyapunov.{regime}", curve=name_of(result, text), largest=number(largest), error=error,
                 positive=int((values > 0).sum()), of=len(values))
        ]  # fmt: skip
        if regime == "chaos":
            told.append(text("sentence.lyapunov.dimension", dimension=f"{lyapunov.kaplan_yorke(values):.1f}"))
        return " ".join([*told, *self.said_by_theory(results, text)])

    def said_by_theory(self, results: Results, text: Text) -> list[str]:
        """Its λ₁ and where it comes from, for each theory."""
        return [
            text("sentence.lyapunov.theory", theory=one.title(text), predicted=number(float(one.values[0])))
            + " "
            + predictions.about([one], text)
            for one in self.predicted(results).values()
        ]

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per exponent, at most sixteen, evenly chosen."""
        found = self.drawn(results)
        if "measured" not in found:
            return pd.DataFrame()
        values, deviation = lyapunov.statistics(found["measured"].last)
        columns = {
            text("table.mean"): [number(float(value)) for value in values],
            text("table.deviation"): [number(float(value)) for value in deviation],
            text("table.factor"): [f"{np.exp(value):.4g}" for value in values],
        }
        if "untied" in found:
            untied, _ = lyapunov.statistics(found["untied"].last)
            columns[text("figure.lyapunov_spectrum.untied")] = [number(float(value)) for value in untied]
        for predicted in self.predicted(results).values():
            padded = [*predicted.values, *[None] * (len(values) - len(predicted.values))]
            name = predicted.title(text)
            columns[name] = ["—" if value is None else number(float(value)) for value in padded]
        rows = pd.DataFrame({text("table.exponent"): [f"λ{k + 1}" for k in range(len(values))], **columns})
        return rows.iloc[evenly(len(values), 16)]

    def data(self, results: Results) -> pd.DataFrame:
        """A row per exponent and seed."""
        names = [name for name, one in results.items() if one.data.attrs["outcome"] == "completed"]
        frames = [
            pd.DataFrame({"curve": np.repeat(names, one.last.shape[1]), "weights": "untied" if name == "untied" else "tied",
                          "number": np.tile(np.arange(1, one.last.shape[1] + 1), len(one.last)),
                          "exponent": one.last.ravel()})
            for name, one in self.drawn(results).items()
        ]  # fmt: skip
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def subtitle(results: Results, found: lyapunov.Converged | None, text: Text) -> str:
    _, result = units.first(results)
    said = units.subtitle(result, None, text)
    if found is not None:
        seeds = f"{len(found.last)}" if len(found.last) == len(results) else f"{len(found.last)}/{len(results)}"
        said += " · " + text("figure.lyapunov_spectrum.seeds", seeds=seeds, warm_up=found.warm_up)
    return said


def all_diverged(results: Results) -> bool:
    return all(one.data.attrs["outcome"] == "diverged" for one in results.values())


def gaps(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def reach(*curves: np.ndarray) -> dict[str, Any]:
    """A linear axis that holds all that is finite, and zero."""
    values = np.concatenate([np.empty(0), *map(np.ravel, curves)])
    finite = values[np.isfinite(values)]
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
