"""The T × T map of backpropagation through time: which loss hears which past, and what truncation cuts off."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.figures import units
from rnnviz.figures.figure import ZERO_BELOW, FigureDict, Result, Results, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

DECADES = 12.0  # at most on the colour scale, counted from the top; what lies below takes its last colour


class BpttMap(Choice):
    """log₁₀ ‖∂ℓ_t/∂s_k‖ of every loss step t (upwards) and state k (to the right); grey: beyond the truncation length τ.

    A row is one loss and all the pasts that it hears; along a diagonal the lag t − k is the same.
    """

    kind: Literal["bptt_map"] = Field("bptt_map", repr=False)
    truncation: Annotated[int, Range(1, 10_000, symbol="τ", unit="time steps", log=True)] = 20

    @property
    def needs(self) -> tuple[str, ...]:
        return ("bptt_map",)

    def grid(self, result: Result) -> tuple[np.ndarray, np.ndarray]:
        """The steps (step,), counted from 1, and log₁₀ norms (loss, state), −∞ for k > t."""
        return result.data["map_loss"].values, result.data["bptt_map"].values

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        steps, norms = self.grid(result)
        title = text("figure.bptt_map.title", curve=name_of(result, text))
        layout = look.layout(title, units.of_example(result, None, text), uirevision="map") | {
            "xaxis": look.axis(title={"text": text("figure.bptt_map.state")}, showgrid=False),
            "yaxis": look.axis(title={"text": text("figure.bptt_map.loss")}, showgrid=False),
        }
        traces = [self.map(steps, norms, text, look)] if len(steps) else []
        if len(steps) and self.truncation < steps[-1]:
            traces.append(self.cut(steps, text, look))
        return {"data": traces, "layout": layout}

    def map(self, steps: np.ndarray, norms: np.ndarray, text: Text, look: Look) -> dict[str, Any]:
        finite = norms[np.isfinite(norms)]
        top = float(finite.max(initial=-np.inf)) if len(finite) else 0.0
        bottom = max(top - DECADES, float(finite.min())) if len(finite) else -1.0
        bottom = min(bottom, top - 1.0)
        ticks = [float(tick) for tick in np.linspace(bottom, top, 5).round(1)]
        hover = f"{text('figure.bptt_map.hover')}<br>10<sup>%{{z:.2f}}</sup><extra></extra>"
        return {
            "type": "heatmap", "x": packed(steps), "y": packed(steps),
            "z": packed(np.where(np.isfinite(norms), norms, np.nan)),
            "zmin": bottom, "zmax": top, "colorscale": look.sequential, "zsmooth": False, "hovertemplate": hover,
            "hoverongaps": False,
            "colorbar": {"thickness": 14, "outlinewidth": 0, "len": 1, "tickvals": ticks,
                         "ticktext": [f"10<sup>{tick:g}</sup>".replace("-", "−") for tick in ticks]},
        }  # fmt: skip

    def cut(self, steps: np.ndarray, text: Text, look: Look) -> dict[str, Any]:
        """A veil over what the loss of step t no longer hears: k ≤ t − τ."""
        lag = steps[:, None] - steps[None, :]
        veil = look.faint(look.paper, 0.72)
        return {
            "type": "heatmap", "x": packed(steps), "y": packed(steps),
            "z": packed(np.where(lag >= self.truncation, 1.0, np.nan)),
            "zmin": 0, "zmax": 1, "colorscale": [[0, veil], [1, veil]], "showscale": False, "zsmooth": False,
            "hoverinfo": "skip", "name": text("figure.bptt_map.cut", truncation=self.truncation),
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        steps, norms = self.grid(result)
        if not len(steps):
            return units.overflowed(result, text)
        last, curve = norms[-1] - norms[-1, -1], name_of(result, text)
        heard = last[np.isfinite(last)]
        far = power_of_ten(float(last[0])) if len(heard) and np.isfinite(norms[-1, -1]) else "0"
        said = text("sentence.bptt_map.last", curve=curve, time=int(steps[-1]), lag=int(steps[-1] - 1), far=far)
        lost = int((norms[np.tril_indices(len(steps))] < ZERO_BELOW["float32"]).sum())
        fraction = units.percent(lost / (len(steps) * (len(steps) + 1) / 2))
        return said + (" " + text("sentence.bptt_map.lost", fraction=fraction) if lost else "")

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
