"""The axes of a figure whose curves are log₁₀ of something, in decades, with the floors of the dtypes drawn in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rnnviz.figures.figure import ZERO_BELOW
from rnnviz.figures.gradient_flow import FLOORS, sides_of_floors
from rnnviz.figures.look import Look
from rnnviz.text import Text


def decade_axes(curves: Iterable[np.ndarray], x_title: str, text: Text, look: Look) -> dict[str, Any]:
    """Room for every finite value and for 10⁰; never so narrow that noise fills the screen."""
    finite = np.concatenate([np.empty(0), *(y[np.isfinite(y)] for y in curves)])
    low, high = min(finite.min(initial=0.0), -1.0), max(finite.max(initial=0.0), 1.0)
    room = 0.06 * (high - low)
    low, high = low - room, high + room
    floors = [(dtype, ZERO_BELOW[dtype]) for dtype in FLOORS if low < ZERO_BELOW[dtype] < high]
    line = {"color": look.alarm, "width": 1.5, "dash": "dot"}
    return {
        "xaxis": look.axis(title={"text": x_title}),
        "yaxis": look.axis(
            tickprefix="10<sup>", ticksuffix="</sup>", tickformat=".3~f", range=[low, high], autorange=False
        ),
        "shapes": [
            {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": y, "y1": y, "line": line}
            for _, y in floors
        ],
        "annotations": [
            {"xref": "x domain", "x": 0.99, "xanchor": "right", "yref": "y", "y": y, "yanchor": side,
             "showarrow": False, "text": text("figure.floor", dtype=dtype), "font": {"size": 13, "color": look.alarm}}
            for (dtype, y), side in zip(floors, sides_of_floors(floors, (low, high)), strict=True)
        ],
    }  # fmt: skip
