"""How much of what the time steps send to the weights is left when it is added up."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.figures import decades, shares, units
from rnnviz.figures.figure import FigureDict, Results, power_of_ten
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import Look
from rnnviz.figures.shares import in_percent
from rnnviz.figures.survival import name_of
from rnnviz.text import Text


class WeightCancellation(shares.OfMatrix):
    """log₁₀ ‖Σ_{k≥t} S_k‖ and log₁₀ Σ_{k≥t} ‖S_k‖ against t, added up from the last step backwards as the gradient is."""

    kind: Literal["weight_cancellation"] = Field("weight_cancellation", repr=False)
    precisions: PrecisionsName = "common"

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        curves, time = self.curves(result), shares.time_of(result)
        colour = look.colour(result.experiment.cell.kind)
        lines: dict[str, dict[str, Any]] = {
            "tail": {"line": {"color": colour, "width": 3}},
            "tail_of_sizes": {"line": {"color": look.ink, "width": 2, "dash": "dash"}, "fill": "tonexty",
                              "fillcolor": look.faint(look.muted, 0.2)},
        }  # fmt: skip
        traces = []
        for name, style in lines.items() if shares.drawable(curves) else ():
            label = text(f"figure.weight_cancellation.{name}")
            hover = f"{label}<br>t = %{{x}}: 10<sup>%{{y:.3f}}</sup><extra></extra>"
            traces.append(decades.line(time, curves[name], name=label, hovertemplate=hover, **style))
        matrix = shares.in_figures(result, self.matrix, self.block, text)
        title = text("figure.weight_cancellation.title", matrix=matrix, curve=name_of(result, text))
        layout = look.layout(title, units.subtitle(result, self.layer, text), uirevision="cancellation")
        return {"data": traces, "layout": layout | self.axes(curves, text, look)}

    def axes(self, curves: dict[str, np.ndarray], text: Text, look: Look) -> dict[str, Any]:
        drawn, x = [curves["tail"], curves["tail_of_sizes"]], text("figure.weight_cancellation.x")
        return decades.decade_axes(drawn, x, text, look, self.precisions) | {
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom", "font": {"size": 14}},
            "margin": {"l": 70, "r": 20, "t": 128, "b": 56},
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        curves = self.curves(result)
        if not shares.drawable(curves):
            matrix = shares.in_sentences(result, self.matrix, self.block, text)
            return shares.without_gradient(result, curves, matrix, text)
        matrix = shares.in_sentences(result, self.matrix, self.block, text)
        return text(
            "sentence.weight_gradient.cancellation", curve=name_of(result, text), matrix=matrix,
            sizes=power_of_ten(float(curves["tail_of_sizes"][0])), norm=power_of_ten(shares.norm_of(curves)),
            left=in_percent(left(curves)),
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per gate's rows, of both matrices."""
        _, result = units.first(results)
        rows = []
        for matrix in shares.IN_SENTENCES:
            for block in shares.blocks_of(result.experiment.cell):
                curves = shares.shares(result, matrix, block, self.layer)
                if shares.drawable(curves):
                    rows.append(
                        {
                            text("table.matrix"): shares.IN_SENTENCES[matrix],
                            text("table.rows"): units.gate_in_words(result.experiment.cell, "block", block, text),
                            text("table.sum_of_norms"): power_of_ten(float(curves["tail_of_sizes"][0])),
                            text("table.norm_of_sum"): power_of_ten(shares.norm_of(curves)),
                            text("table.left"): f"{in_percent(left(curves))} %",
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
             "time": shares.time_of(result), "log10_norm_of_sum": curves["tail"],
             "log10_sum_of_norms": curves["tail_of_sizes"]}
        )  # fmt: skip


def left(curves: dict[str, np.ndarray]) -> float:
    """‖Σ S_t‖ / Σ ‖S_t‖: 1 where all steps say the same, 0 where they cancel."""
    return float(10 ** (curves["tail"][0] - curves["tail_of_sizes"][0]))
