"""The T × T map of backpropagation through time: which loss hears which past, and what truncation cuts off."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import lens, ticks, units
from rnnviz.figures.figure import FigureDict, Result, Results, packed, power_of_ten
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.precision import PRECISIONS
from rnnviz.text import Text

DECADES = 12.0  # at most on the colour scale, counted from the top; what lies below takes its last colour
VEIL = 0.72  # of the paper's colour, over what truncation cuts off


class BpttMap(Choice):
    """log₁₀ ‖∂ℓ_t/∂s_k‖ of every loss step t (upwards) and state k (to the right); veiled: beyond the truncation length τ.

    A row is one loss and all the pasts that it hears; along a diagonal the lag t − k is the same. Below, the row of the
    loss at `time` as a curve; in a browser that of the loss under the pointer.
    """

    kind: Literal["bptt_map"] = Field("bptt_map", repr=False)
    truncation_length: Annotated[int, Range(1, 10_000, symbol="τ", unit="time steps", log=True)] = 20
    time: Annotated[int, Range(1, 10_000, symbol="t", unit="time steps", log=True)] = 50
    precisions: PrecisionsName = "common"

    @property
    def needs(self) -> tuple[str, ...]:
        return ("bptt_map",)

    def grid(self, result: Result) -> tuple[np.ndarray, np.ndarray]:
        """The steps (step,), counted from 1, and log₁₀ norms (loss, state), −∞ for k > t."""
        return result.data["map_loss"].values, result.data["bptt_map"].values

    def row(self, steps: np.ndarray) -> int:
        """Index of the loss whose row is drawn: the nearest to `time`."""
        return int(np.abs(steps - self.time).argmin())

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        steps, norms = self.grid(result)
        title = text("figure.bptt_map.title", curve=name_of(result, text))
        low, high = reach(norms)
        traces = [self.map(steps, norms, (low, high), text, look)] if len(steps) else []
        if len(steps) and self.truncation_length < steps[-1]:
            traces.append(self.cut(steps, text, look))
        if len(steps):
            traces.append(self.curve(result, steps, norms, look))
        frame = look.layout(title, units.of_example(result, None, text), uirevision="map")
        return {"data": traces, "layout": frame | self.axes(steps, norms, (low, high), text, look)}

    def axes(
        self, steps: np.ndarray, norms: np.ndarray, span: tuple[float, float], text: Text, look: Look
    ) -> dict[str, Any]:
        ends = [0.5, float(steps[-1]) + 0.5] if len(steps) else [0.5, 1.5]
        room = 0.08 * (span[1] - span[0])
        shared = {"range": ends, "autorange": False, "showgrid": False}
        axes = {
            "xaxis": look.axis(**shared, anchor="y"),
            "yaxis": look.axis(**shared, domain=[0.42, 1], title={"text": text("figure.bptt_map.loss")}),
            "xaxis2": look.axis(anchor="y2", matches="x", showgrid=False, title={"text": text("figure.bptt_map.state")}),
            "yaxis2": look.axis(domain=[0, 0.26], nticks=5, range=[span[0] - room, span[1] + room],
                                autorange=False, **ticks.axis(span[0] - room, span[1] + room)),
        }  # fmt: skip
        reach = (span[0] - room, span[1] + room)
        return axes | (self.below(steps, norms, reach, text, look) if len(steps) else {})

    def below(
        self, steps: np.ndarray, norms: np.ndarray, span: tuple[float, float], text: Text, look: Look
    ) -> dict[str, Any]:
        """The veil and the name of the row, and what the browser needs to put another row in its place."""
        at, words = self.row(steps), text("figure.bptt_map.row", time="|").split("|")
        step = int(steps[at])
        veil = {"type": "rect", "xref": "x2", "x0": 0.5, "x1": max(step - self.truncation_length, 0) + 0.5,
                "yref": "y2 domain", "y0": 0, "y1": 1, "line": {"width": 0},
                "fillcolor": look.faint(look.paper, VEIL)}  # fmt: skip
        name = {"xref": "x2 domain", "x": 0, "xanchor": "left", "yref": "y2 domain", "y": 1, "yanchor": "bottom",
                "showarrow": False, "text": str(step).join(words), "font": {"size": 14}}  # fmt: skip
        row = {"map": 0, "curve": 2 if self.truncation_length < steps[-1] else 1, "at": at, "label": 0, "cut": 0,
               "words": words, "truncation": self.truncation_length}  # fmt: skip
        marks = lens.bands(self.precisions, span, "x2 domain", "y2", look)
        names = lens.names(self.precisions, span, "x2 domain", "y2", text, look, curves=[norms[at]], size=lens.SMALL)
        return {"shapes": [veil, *marks], "annotations": [name, *names], "meta": {"row": row}}

    def curve(self, result: Result, steps: np.ndarray, norms: np.ndarray, look: Look) -> dict[str, Any]:
        heard = np.where(np.isfinite(norms), norms, np.nan)[self.row(steps)]
        return {
            "type": "scatter", "mode": "lines", "x": packed(steps), "y": packed(heard), "xaxis": "x2", "yaxis": "y2",
            "showlegend": False, "hovertemplate": "k = %{x}: 10<sup>%{y:.2f}</sup><extra></extra>",
            "line": {"color": look.colour(result.experiment.cell.kind), "width": 2.5},
        }  # fmt: skip

    def map(
        self, steps: np.ndarray, norms: np.ndarray, span: tuple[float, float], text: Text, look: Look
    ) -> dict[str, Any]:
        hover = f"{text('figure.bptt_map.hover')}<br>10<sup>%{{z:.2f}}</sup><extra></extra>"
        return {
            "type": "heatmap", "x": packed(steps), "y": packed(steps),
            "z": packed(np.where(np.isfinite(norms), norms, np.nan)),
            "zmin": span[0], "zmax": span[1], "colorscale": look.sequential, "zsmooth": False, "hovertemplate": hover,
            "hoverongaps": False,
            "colorbar": {"thickness": 14, "outlinewidth": 0, "len": 0.58, "y": 1, "yanchor": "top", **ticks.bar(*span)},
        }  # fmt: skip

    def cut(self, steps: np.ndarray, text: Text, look: Look) -> dict[str, Any]:
        """A veil over what the loss of step t no longer hears: k ≤ t − τ."""
        lag = steps[:, None] - steps[None, :]
        veil = look.faint(look.paper, VEIL)
        return {
            "type": "heatmap", "x": packed(steps), "y": packed(steps),
            "z": packed(np.where(lag >= self.truncation_length, 1.0, np.nan)),
            "zmin": 0, "zmax": 1, "colorscale": [[0, veil], [1, veil]], "showscale": False, "zsmooth": False,
            "hoverinfo": "skip", "name": text("figure.bptt_map.cut", truncation=self.truncation_length),
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        steps, norms = self.grid(result)
        if not len(steps):
            return units.overflowed(result, text)
        at, step = self.row(steps), int(steps[self.row(steps)])
        heard = norms[at] - norms[at, at] if np.isfinite(norms[at, at]) else np.full(len(steps), -np.inf)
        told = [
            text("sentence.bptt_map.row", curve=name_of(result, text), time=step, lag=step - 1,
                 far=power_of_ten(float(heard[0])))
        ]  # fmt: skip
        first = int(np.searchsorted(steps, step - self.truncation_length, "right"))
        if 0 < first <= at:
            cut = power_of_ten(float(heard[first - 1]))
            told.append(text("sentence.bptt_map.cut", truncation=self.truncation_length, cut=cut))
        return " ".join([*told, lost_in_words(norms[np.tril_indices(len(steps))], text)]).strip()

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """Rows are losses, columns lags: how strongly each loss hears its past, against its own step."""
        _, result = units.first(results)
        steps, norms = self.grid(result)
        rows = []
        for t in evenly(len(steps), 6):
            back = dict.fromkeys(int(t - lag) for lag in (0, 1, 3, 10, 30, 100) if lag <= t)
            heard = {f"t − k = {int(steps[t] - steps[k])}": power_of_ten(float(norms[t, k])) for k in back}
            rows.append({text("table.loss_step"): str(int(steps[t])), **heard})
        return pd.DataFrame(rows).fillna("—") if rows else pd.DataFrame()

    def data(self, results: Results) -> pd.DataFrame:
        """A row per pair k ≤ t."""
        name, result = units.first(results)
        steps, norms = self.grid(result)
        t, k = np.tril_indices(len(steps))
        return pd.DataFrame({"curve": name, "loss": steps[t], "state": steps[k], "log10_norm": norms[t, k]})


def lost_in_words(pairs: np.ndarray, text: Text) -> str:
    """Of all pairs k ≤ t, which part each format loses; nothing where none loses any."""
    shares = {name: float((pairs < one.least).mean()) for name, one in PRECISIONS.items()}
    parts = [f"{name} {units.percent(share)} %" for name, share in shares.items() if share]
    return text("sentence.bptt_map.lost", parts=", ".join(parts)) if parts else ""


def reach(norms: np.ndarray) -> tuple[float, float]:
    """The decades that are drawn: down from the largest, DECADES at most and one at least."""
    finite = norms[np.isfinite(norms)]
    top = float(finite.max(initial=-np.inf)) if len(finite) else 0.0
    bottom = max(top - DECADES, float(finite.min())) if len(finite) else -1.0
    return min(bottom, top - 1.0), top
