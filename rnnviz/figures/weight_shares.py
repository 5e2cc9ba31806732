"""Which time steps teach the weights: each step's share of the gradient, with its sign and with its size."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.figures import decades, shares, units
from rnnviz.figures.figure import FigureDict, Result, Results, packed, power_of_ten
from rnnviz.figures.gradient_flow import thinned
from rnnviz.figures.look import Look
from rnnviz.figures.shares import in_percent
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

ROUNDOFF = {"float32": -24 * math.log10(2), "float64": -53 * math.log10(2)}  # what one addition may lose, of the sum
MOST = 0.9  # of Σ‖S_t‖: the steps of which the sentence speaks


class WeightShares(shares.OfMatrix):
    """Above ⟨S_t, G⟩ / ‖G‖², which sums to 1 over time; below log₁₀ ‖S_t‖ / ‖G‖ and the size of the share above.

    S_t is what time step t sends to the matrix, G = Σ_t S_t its gradient. A share is never larger than its size.
    """

    kind: Literal["weight_shares"] = Field("weight_shares", repr=False)

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        curves = self.curves(result)
        title = text(
            "figure.weight_shares.title",
            matrix=shares.in_figures(result, self.matrix, self.block, text),
            curve=name_of(result, text),
        )
        layout = look.layout(title, units.subtitle(result, self.layer, text), uirevision="shares")
        if not shares.drawable(curves):
            return {"data": [], "layout": layout | self.axes(result, curves, text, look)}
        time, share = shares.time_of(result), curves["projection"]
        traces = [
            self.step_line(time, np.maximum(share, 0), "towards", look.colour(result.experiment.cell.kind), text, look),
            self.step_line(time, np.minimum(share, 0), "against", look.muted, text, look),
            self.size_line(time, shares.relative(curves), text, look),
            *self.marks(time, share, result, look),
        ]
        return {"data": traces, "layout": layout | self.axes(result, curves, text, look)}

    def step_line(
        self, time: np.ndarray, share: np.ndarray, side: str, colour: str, text: Text, look: Look
    ) -> dict[str, Any]:
        name = text(f"figure.weight_shares.{side}")
        return {
            "type": "scatter", "mode": "lines", "x": packed(time), "y": packed(share), "name": name,
            "line": {"color": colour, "width": 1, "shape": "hvh"}, "fill": "tozeroy", "fillcolor": look.faint(colour, 0.55),
            "hovertemplate": f"{name}<br>t = %{{x}}: %{{y:.4f}}<extra></extra>",
        }  # fmt: skip

    def size_line(self, time: np.ndarray, size: np.ndarray, text: Text, look: Look) -> dict[str, Any]:
        name = text("figure.weight_shares.size")
        hover = f"{name}<br>t = %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>"
        stroke = {"color": look.ink, "width": 2}
        return decades.line(time, size, yaxis="y2", name=name, line=stroke, hovertemplate=hover)

    def marks(self, time: np.ndarray, share: np.ndarray, result: Result, look: Look) -> list[dict[str, Any]]:
        """The size of each share on the axis of decades, in the colour of its sign."""
        found = []
        for side, colour in ((share > 0, look.colour(result.experiment.cell.kind)), (share < 0, look.muted)):
            x, y = thinned(time[side], np.log10(np.abs(share[side])))
            found.append(
                {"type": "scatter", "mode": "markers", "x": packed(x), "y": packed(y), "yaxis": "y2",
                 "showlegend": False, "marker": {"color": colour, "size": 4}, "hoverinfo": "skip"}
            )  # fmt: skip
        return found

    def axes(self, result: Result, curves: dict[str, np.ndarray], text: Text, look: Look) -> dict[str, Any]:
        dtype, sizes = result.experiment.dtype, shares.finite(shares.relative(curves))
        low = min(np.nanmin(sizes, initial=-1.0), -1.0) * 1.06 - 1.0  # room for shares that are smaller than their size
        high = max(np.nanmax(sizes, initial=0.0), 0.0) + 0.3
        time = shares.time_of(result)
        span = [0.5, max(time, default=1) + 0.5]  # dots would ask for room beside them
        at = ROUNDOFF[dtype]
        floor = {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y2", "y0": at, "y1": at,
                 "layer": "below", "line": {"color": look.alarm, "width": 1.5, "dash": "dot"}}  # fmt: skip
        words = {"xref": "x domain", "x": 0.01, "xanchor": "left", "yref": "y2", "y": at, "yanchor": "bottom",
                 "showarrow": False, "font": {"size": 13, "color": look.alarm},
                 "text": text("figure.weight_shares.roundoff", dtype=dtype)}  # fmt: skip
        return {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y2", range=span, autorange=False),
            "yaxis": look.axis(domain=[0.54, 1], title={"text": text("figure.weight_shares.y_share")}, zeroline=True,
                               zerolinecolor=look.muted),
            "yaxis2": look.axis(domain=[0, 0.44], tickprefix="10<sup>", ticksuffix="</sup>", range=[low, high],
                                autorange=False, dtick=max(1, math.ceil((high - low) / 6))),
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom", "font": {"size": 14}},
            "margin": {"l": 70, "r": 20, "t": 128, "b": 56},
            "shapes": [floor] if low < at else [],
            "annotations": [words] if low < at else [],
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        curves = self.curves(result)
        if not shares.drawable(curves):
            matrix = shares.in_sentences(result, self.matrix, self.block, text)
            return shares.without_gradient(result, curves, matrix, text)
        seen = Seen.of(curves, shares.time_of(result))
        said = [
            text(
                "sentence.weight_gradient.steps", curve=name_of(result, text), first=seen.first, last=seen.last,
                matrix=shares.in_sentences(result, self.matrix, self.block, text),
                largest=in_percent(seen.largest), at=seen.largest_at, percent=round(100 * MOST),
            )
        ]  # fmt: skip
        if seen.against < -5e-4:
            said.append(text("sentence.weight_gradient.against", against=in_percent(seen.against), steps=seen.pulling))
        return " ".join(said)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per gate's rows of the matrix."""
        _, result = units.first(results)
        rows = []
        for block in shares.blocks_of(result.experiment.cell):
            curves = shares.shares(result, self.matrix, block, self.layer)
            if shares.drawable(curves):
                seen = Seen.of(curves, shares.time_of(result))
                rows.append(
                    {
                        text("table.rows"): units.gate_in_words(result.experiment.cell, "block", block, text),
                        text("table.norm"): power_of_ten(shares.norm_of(curves)),
                        text("table.most_from", percent=round(100 * MOST)): f"{seen.first}–{seen.last}",
                        text("table.largest_share"): f"{in_percent(seen.largest)} % (t = {seen.largest_at})",
                        text("table.against"): f"{in_percent(seen.against)} %",
                    }
                )
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        curves, cell = self.curves(result), result.experiment.cell
        if not shares.drawable(curves):
            return pd.DataFrame()
        return pd.DataFrame(
            {"curve": name, "matrix": self.matrix, "block": shares.block_for(cell, self.block),
             "time": shares.time_of(result), "share": curves["projection"], "log10_size": curves["size"],
             "log10_size_of_gradient": shares.relative(curves)}
        )  # fmt: skip


class Seen(NamedTuple):
    """What is seen in one curve: the steps first … last send 90 % of Σ‖S_t‖; shares are fractions of the gradient."""

    first: int
    last: int
    largest: float
    largest_at: int
    against: float
    pulling: int  # how many steps pull the other way

    @classmethod
    def of(cls, curves: dict[str, np.ndarray], time: np.ndarray) -> Seen:
        share, sums = curves["projection"], curves["tail_of_sizes"]
        enough = np.flatnonzero(sums >= sums[0] + math.log10(MOST))  # the tail from here on has that much
        largest = int(np.argmax(share))
        return cls(
            int(time[enough[-1]]), int(time[np.flatnonzero(np.isfinite(curves["size"]))[-1]]),
            float(share[largest]), int(time[largest]), float(share[share < 0].sum()), int((share < 0).sum()),
        )  # fmt: skip
