"""What figures share that draw logarithms: lines with gaps where a value is zero, an axis of powers of ten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rnnviz.figures import lens, ticks
from rnnviz.figures.figure import packed
from rnnviz.figures.gradient_flow import thinned
from rnnviz.figures.look import Look
from rnnviz.text import Text

LEGEND = 0.35  # of the axis: the height of the legend in its corner
LEAST = -1e5  # decades; an exact zero is drawn as a gap


def line(x: np.ndarray, y: np.ndarray, **rest: Any) -> dict[str, Any]:
    """A curve of log₁₀ values."""
    x, y = thinned(x, y)
    y = np.where(y > LEAST, y, np.nan)
    return {"type": "scatter", "mode": "lines", "x": packed(x), "y": packed(y), **rest}


def decade_axes(
    curves: Iterable[np.ndarray],
    x_title: str,
    text: Text,
    look: Look,
    precisions: str = "none",
    along: int = -1,
) -> dict[str, Any]:
    """A y axis of powers of ten that holds all curves and 10⁰, with the marks of the precision lens that come into sight.

    Never so narrow that noise fills the screen. `along` is the axis of an array of several curves that runs along x.
    """
    curves = list(curves)
    each = [one for y in curves if y.size for one in np.moveaxis(y, along, -1).reshape(-1, y.shape[along])]
    finite = np.concatenate(
        [np.empty(0), *(np.ravel(y)[np.isfinite(np.ravel(y)) & (np.ravel(y) > LEAST)] for y in curves)]
    )
    low, high = min(finite.min(initial=0.0), -1.0), max(finite.max(initial=0.0), 1.0)
    room = 0.06 * (high - low)
    low, high = float(low - room), float(high + room)
    return {
        "xaxis": look.axis(title={"text": x_title}),
        "yaxis": look.axis(range=[low, high], autorange=False, **ticks.axis(low, high)),
        "shapes": lens.bands(precisions, (low, high), "x domain", "y", look),
        "annotations": lens.names(precisions, (low, high), "x domain", "y", text, look, curves=each, corner=LEGEND),
    }


def legend(look: Look) -> dict[str, Any]:
    """In the lower left corner, which curves over the lag leave free."""
    return {"x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "font": {"size": 14},
            "bgcolor": look.faint(look.paper, 0.8)}  # fmt: skip
