"""How Lyapunov exponents settle while the trajectory goes on: the reason to trust them, or not yet."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures import lyapunov, units
from rnnviz.figures.figure import FigureDict, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.lyapunov_spectrum import all_diverged, gaps, number, reach, subtitle, zero
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

TIME_CONSTANTS = 5  # of the slowest gate, for which the warm-up should last
DASHES = ("solid", "dash", "dot")


class LyapunovConvergence(Choice):
    """λ_i(t), the mean growth from the end of the warm-up to step t, of the first, a middle and the last exponent.

    A thin line per seed, a thick one for their mean.
    """

    kind: Literal["lyapunov_convergence"] = Field("lyapunov_convergence", repr=False)
    warm_up: Annotated[int, Range(0, 5_000, unit="time steps", step=100)] = 500

    @property
    def needs(self) -> tuple[str, ...]:
        return ("lyapunov_growth", "keeping_gate")

    def chosen(self, count: int) -> list[int]:
        return sorted({0, count // 4, count // 2})

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        found, colour = lyapunov.converged(results, self.warm_up), look.colour(result.experiment.cell.kind)
        traces: list[dict[str, Any]] = []
        shown = np.empty(0)
        if found is not None:
            shown = found.over_time[:, :, self.chosen(found.over_time.shape[2])]
            for place, k in enumerate(self.chosen(found.over_time.shape[2])):
                thin = {
                    "line": {"color": look.faint(colour, 0.4), "width": 1},
                    "showlegend": False,
                    "hoverinfo": "skip",
                }
                for curve in found.over_time[:, :, k] if len(found.over_time) > 1 else ():
                    traces.append(self.line(found.ends, curve, **thin))
                mean, _ = lyapunov.statistics(found.over_time[:, :, k])
                stroke = {"color": colour if place == 0 else look.ink, "width": 3 - 0.5 * place, "dash": DASHES[place]}
                name = f"λ<sub>{k + 1}</sub>"
                hover = f"{name}, t = %{{x}}: %{{y:.4f}}<extra></extra>"
                traces.append(self.line(found.ends, mean, line=stroke, name=name, hovertemplate=hover))
        title = text("figure.lyapunov_convergence.title", curve=name_of(result, text))
        frame = look.layout(title, subtitle(results, found, text), uirevision="convergence")
        warm_up = lyapunov.warm_up_for(result, self.warm_up)
        axes = {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, autorange=False,
                               range=[0, result.experiment.task.sequence_length]),
            "yaxis": look.axis(title={"text": text("figure.lyapunov_spectrum.y")}, **reach(shown)),
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "font": {"size": 14}},
            "shapes": [zero(look), {"type": "rect", "xref": "x", "x0": 0, "x1": warm_up, "yref": "y domain", "y0": 0, "y1": 1,
                                    "line": {"width": 0}, "fillcolor": look.faint(look.muted, 0.15)}],
            "annotations": [{"xref": "x", "x": warm_up / 2, "yref": "y domain", "y": 0.03, "showarrow": False,
                             "text": text("figure.lyapunov_convergence.warm_up"), "font": {"size": 13, "color": look.muted}}]
            if warm_up else [],
        }  # fmt: skip
        return {"data": traces, "layout": frame | axes}

    def line(self, x: np.ndarray, y: np.ndarray, **rest: Any) -> dict[str, Any]:
        return {"type": "scatter", "mode": "lines", "x": packed(x), "y": packed(gaps(y)), **rest}

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        found = lyapunov.converged(results, self.warm_up)
        if found is None:
            return units.overflowed(result, text) if all_diverged(results) else text("sentence.lyapunov.short")
        mean, _ = lyapunov.statistics(found.over_time[:, :, 0])
        half = float(mean[len(mean) // 2])
        told = text(
            "sentence.lyapunov.convergence", half=number(half), end=number(float(mean[-1])),
            at=int(found.ends[len(mean) // 2]), length=int(found.ends[-1]),
        )  # fmt: skip
        return " ".join([told, self.of_slow_gates(results, found, text)]).strip()

    def of_slow_gates(self, results: Results, found: lyapunov.Converged, text: Text) -> str:
        """Whether the warm-up outlasts the slowest gate: e^{−5} of what the state began with is below a hundredth."""
        slowest = lyapunov.slowest_gate(results)
        if not slowest:
            return ""
        long_enough = found.warm_up >= TIME_CONSTANTS * slowest
        return text(
            f"sentence.lyapunov.{'warm' if long_enough else 'cold'}", warm_up=found.warm_up,
            slowest=units.steps_in_words(slowest), needed=units.steps_in_words(TIME_CONSTANTS * slowest),
            count=TIME_CONSTANTS,
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per time, at most ten."""
        found = lyapunov.converged(results, self.warm_up)
        if found is None:
            return pd.DataFrame()
        places = np.unique(np.linspace(0, len(found.ends) - 1, min(len(found.ends), 10)).round().astype(int))
        mean = {k: lyapunov.statistics(found.over_time[:, :, k])[0] for k in self.chosen(found.over_time.shape[2])}
        return pd.DataFrame(
            [
                {text("table.step"): str(int(found.ends[at]))} | {f"λ{k + 1}": number(float(mean[k][at])) for k in mean}
                for at in places
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        """A row per time, for each seed, all exponents."""
        found = lyapunov.converged(results, self.warm_up)
        if found is None:
            return pd.DataFrame()
        names = [name for name, one in results.items() if one.data.attrs["outcome"] == "completed"]
        frames = [
            pd.DataFrame(curve, columns=[f"lambda_{k + 1}" for k in range(curve.shape[1])]).assign(
                time=found.ends, curve=name
            )
            for name, curve in zip(names, found.over_time, strict=True)
        ]
        return pd.concat(frames, ignore_index=True)
