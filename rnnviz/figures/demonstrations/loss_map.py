"""The T × T map that follows from where the loss enters: which loss reaches which state."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, Shapes
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.demonstrations.shape_drawing import losses, shape_of
from rnnviz.figures.figure import FigureDict, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.text import Text


class LossMap(DemonstrationFigure):
    """log₁₀ ‖∂ℓ_t/∂h_k‖: a row for each loss step t, a column for each state k. A row without a loss is shaded."""

    draws = Shapes

    kind: Literal["loss_map"] = Field("loss_map", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        norms = shown.data["loss_gradient"].values
        steps = shown.data["time"].values
        ends = {"range": [0.5, steps[-1] + 0.5], "dtick": 1, "showgrid": False}
        heat = {
            "type": "heatmap", "x": packed(steps), "y": packed(steps), "z": packed(finite(norms)), "zsmooth": False,
            "colorscale": look.sequential, "xgap": 2, "ygap": 2, "hoverongaps": False,
            "colorbar": {"thickness": 14, "outlinewidth": 0, "tickprefix": "10<sup>", "ticksuffix": "</sup>", "nticks": 5},
            "hovertemplate": "∂ℓ<sub>%{y}</sub> / ∂h<sub>%{x}</sub>: 10<sup>%{z:.2f}</sup><extra></extra>",
        }  # fmt: skip
        layout = look.layout(
            text("figure.loss_map.title", shape=shape_of(shown, text)), about(shown.demonstration, text), uirevision="losses"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.loss_map.state")}, **ends),
            "yaxis": look.axis(title={"text": text("figure.loss_map.loss")}, **ends),
            "shapes": [shade(t, look) for t, row in zip(steps.tolist(), norms, strict=True) if np.isnan(row).all()],
            "annotations": [
                {"x": (steps[-1] + 1) / 2, "y": t, "text": text("figure.loss_map.unjudged"), "showarrow": False,
                 "font": {"size": 13, "color": look.muted}}
                for t, row in zip(steps.tolist(), norms, strict=True) if np.isnan(row).all()
            ],
        }  # fmt: skip
        return {"data": [heat], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        length, filled = shown.data.sizes["time"], int(np.isfinite(shown.data["loss_gradient"].values).sum())
        told = {"losses": losses(shown), "length": length, "filled": filled, "pairs": length**2}
        return text("sentence.loss_map", **told, far=power_of_ten(farthest(shown)), last=length, lag=length - 1)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """A row for each loss, a column for each state."""
        norms, steps = shown.data["loss_gradient"].values, shown.data["time"].values
        rows = []
        for t, row in zip(steps, norms, strict=True):
            of_row = {f"k = {k}": said(value) for k, value in zip(steps, row, strict=True)}
            rows.append({text("table.loss_step"): str(t), **of_row})
        return pd.DataFrame(rows)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each pair; empty where there is no loss, −∞ where the state comes later."""
        return shown.data["loss_gradient"].to_dataframe("log10_norm").reset_index()


def farthest(shown: Demonstrated) -> float:
    """How the gradient of the last loss at the first state compares with that at its own step, in decades."""
    last = shown.data["loss_gradient"].values[-1]
    return float(last[0] - last[-1])


def finite(norms: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(norms), norms, np.nan)


def said(norm: float) -> str:
    return "—" if np.isnan(norm) else "0" if np.isinf(norm) else power_of_ten(norm)


def shade(t: int, look: Look) -> dict[str, Any]:
    return {
        "type": "rect", "xref": "x domain", "x0": 0, "x1": 1, "y0": t - 0.48, "y1": t + 0.48, "line": {"width": 0},
        "fillcolor": look.faint(look.muted, 0.12), "layer": "below",
    }  # fmt: skip
