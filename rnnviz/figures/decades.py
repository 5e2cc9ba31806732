"""What figures share that draw logarithms: lines with gaps where a value is zero, an axis of powers of ten, its floors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rnnviz.figures.figure import ZERO_BELOW, packed
from rnnviz.figures.gradient_flow import FLOORS, sides_of_floors, thinned
from rnnviz.figures.look import Look
from rnnviz.text import Text

LEAST = -1e5  # decades; an exact zero is drawn as a gap


def line(x: np.ndarray, y: np.ndarray, **rest: Any) -> dict[str, Any]:
    """A curve of log₁₀ values."""
    x, y = thinned(x, y)
    y = np.where(y > LEAST, y, np.nan)
    return {"type": "scatter", "mode": "lines", "x": packed(x), "y": packed(y), **rest}


def decade_axes(curves: Iterable[np.ndarray], x_title: str, text: Text, look: Look) -> dict[str, Any]:
    """A y axis of powers of ten that holds all curves and 10⁰, with the floors of the dtypes that come into sight.

    Never so narrow that noise fills the screen.
    """
    finite = np.concatenate(
        [np.empty(0), *(np.ravel(y)[np.isfinite(np.ravel(y)) & (np.ravel(y) > LEAST)] for y in curves)]
    )
    low, high = min(finite.min(initial=0.0), -1.0), max(finite.max(initial=0.0), 1.0)
    room = 0.06 * (high - low)
    low, high = float(low - room), float(high + room)
    floors = [(dtype, ZERO_BELOW[dtype]) for dtype in FLOORS if low < ZERO_BELOW[dtype] < high]
    stroke = {"color": look.alarm, "width": 1.5, "dash": "dot"}
    return {
        "xaxis": look.axis(title={"text": x_title}),
        "yaxis": look.axis(
            tickprefix="10<sup>", ticksuffix="</sup>", tickformat=".3~f", range=[low, high], autorange=False
        ),
        "shapes": [
            {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": y, "y1": y, "line": stroke}
            for _, y in floors
        ],
        "annotations": [
            {"xref": "x domain", "x": 0.99, "xanchor": "right", "yref": "y", "y": y, "yanchor": side,
             "showarrow": False, "text": text("figure.floor", dtype=dtype), "font": {"size": 13, "color": look.alarm}}
            for (dtype, y), side in zip(floors, sides_of_floors(floors, (low, high)), strict=True)
        ],
    }  # fmt: skip


def legend(look: Look) -> dict[str, Any]:
    """In the lower left corner, which curves over the lag leave free."""
    return {"x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "font": {"size": 14},
            "bgcolor": look.faint(look.paper, 0.8)}  # fmt: skip
