"""Arrows of a drawing of a network: all that mean the same are one curve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rnnviz.figures.figure import packed

Path = tuple[tuple[float, float], tuple[float, float]]  # from where to where, (x, y) each
ALONG = 12  # points on an arrow, so that a pointer finds it wherever it touches


def arrows(paths: Iterable[Path], name: str, colour: str, hover: str) -> dict[str, Any]:
    x, y, sizes = [], [], []
    for start, end in paths:
        x += [*np.linspace(start[0], end[0], ALONG), np.nan]
        y += [*np.linspace(start[1], end[1], ALONG), np.nan]
        sizes += [*[0] * (ALONG - 1), 13, 0]
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": packed(np.array(x)), "y": packed(np.array(y)),
        "line": {"color": colour, "width": 3.5},
        "marker": {"symbol": "arrow", "angleref": "previous", "size": sizes, "color": colour, "opacity": 1,
                   "line": {"width": 0}},
        "hovertemplate": f"{hover}<extra></extra>",
    }  # fmt: skip
