"""How the answer hangs on the memory of every step: all paths, the direct one, and what it was with no gate held."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, InsideCell
from rnnviz.demonstrations.adders import STEPS
from rnnviz.figures.demonstrations.cell_drawing import Now
from rnnviz.figures.demonstrations.cell_states import cursor
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.figure import FigureDict, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.text import Text

CURVES = ("free", "direct", "all")
FLOOR = -16.0  # decades below which nothing is drawn


class CellGradient(DemonstrationFigure):
    """log₁₀ ‖∂y/∂m_t‖ over time, m the memory: c of the LSTM, h of the GRU."""

    draws = InsideCell

    kind: Literal["cell_gradient"] = Field("cell_gradient", repr=False)
    cell_step: Annotated[int, Range(1, STEPS, symbol="t", unit="time steps")] = 4

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        now, numbers = Now.of(shown, self.cell_step, 1), self.data(shown)
        letter, gate = ("c", "f") if now.is_lstm else ("h", "z")
        strokes = {
            "free": {"color": look.muted, "width": 6},
            "direct": {"color": look.of_several(0), "width": 2.5, "dash": "dash"},
            "all": {"color": look.colour(now.kind), "width": 3},
        }
        traces = [
            {
                "type": "scatter", "mode": "lines", "name": text(f"figure.cell_gradient.{curve}", gate=gate),
                "x": packed(numbers["moment"].to_numpy()), "y": packed(drawable(numbers[curve].to_numpy())),
                "line": strokes[curve], "opacity": 0.35 if curve == "free" else 1,
                "hovertemplate": "t = %{x}: 10<sup>%{y:.2f}</sup><extra></extra>",
            }
            for curve in CURVES
        ]  # fmt: skip
        low, high = reach(numbers)
        layout = look.layout(
            text("figure.cell_gradient.title", memory=letter), text("figure.cell_gradient.subtitle"), uirevision="kept"
        ) | {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, range=[-0.5, STEPS + 0.5]),
            "yaxis": look.axis(tickprefix="10<sup>", ticksuffix="</sup>", tickformat=".3~f", range=[low, high], nticks=5),
            "shapes": [cursor(now.time, look)],
            "margin": {"l": 62, "r": 20, "t": 84, "b": 120},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.22, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        now, first = Now.of(shown, self.cell_step, 1), self.data(shown).iloc[0]
        said = {curve: power_of_ten(float(first[curve])) for curve in CURVES}
        return text(f"sentence.cell_gradient.{now.kind}", steps=STEPS, **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        numbers = self.data(shown).iloc[::2]
        now = Now.of(shown, self.cell_step, 1)
        names = {curve: text(f"figure.cell_gradient.{curve}", gate="f" if now.is_lstm else "z") for curve in CURVES}
        said = numbers[list(CURVES)].map(lambda decades: power_of_ten(float(decades)))
        return pd.concat([numbers["moment"].rename("t"), said.rename(columns=names)], axis=1)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """log₁₀ of each norm, a row for each moment; −∞ where nothing arrives."""
        sources = {"all": "memory_grad", "direct": "direct_grad", "free": "free_grad"}
        with np.errstate(divide="ignore"):
            columns = {
                curve: np.log10(np.linalg.norm(shown.data[name].values, axis=1)) for curve, name in sources.items()
            }
        return pd.DataFrame({"moment": shown.data["moment"].values.astype(int), **columns})


def drawable(decades: np.ndarray) -> np.ndarray:
    return np.where(decades > FLOOR, decades, np.nan)


def reach(numbers: pd.DataFrame) -> tuple[float, float]:
    """Two decades at least, so that a curve that hardly moves looks as flat as it is."""
    there = numbers[list(CURVES)].to_numpy()
    there = there[there > FLOOR]
    low, high = float(there.min(initial=0.0)), float(there.max(initial=0.0))
    return min(low - 0.3, high - 2.2), high + 0.4
