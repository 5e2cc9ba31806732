"""One quantity of several trainings against the update: overlaid, or one of them on the axes of all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from rnnviz.figures.figure import FigureDict, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.text import Text

LINES = ("loss", "accuracy", "gradient_norm", "clipped_gradient_norm", "direction_change", "learning_rate")
IN_DECADES = ("loss", "gradient_norm", "clipped_gradient_norm", "learning_rate")
DASHES = ("solid", "dash", "dot", "dashdot")
WINDOW = 50  # the median runs over so many parts of a log: what is left of the noise is seen faintly behind it
MOST = 1000  # points of a line; more than there are pixels


class Log(NamedTuple):
    """What a training wrote down, and of which kind its cell is: a cell has the same colour everywhere."""

    cell: str
    data: xr.Dataset


Logs = Mapping[str, Log]


def log_lines(logs: Logs, quantity: str, text: Text, look: Look, *, only: str = "") -> FigureDict:
    """`logs` by the name that the legend shows. `only` draws one of them, with the stroke and the axes it has among all.

    A run without this quantity, such as the accuracy of a regression, has no line.
    """
    values = {
        name: log.data[quantity] for name, log in logs.items() if quantity in log.data and log.data.sizes["update"]
    }
    drawn = [name for name in values if only in ("", name)]
    traces = [trace for name in drawn for trace in lines(name, values[name], stroke(name, logs, look), quantity)]
    title = text(f"log.quantity.{quantity}")
    subtitle = title if only else text("log.subtitle")
    layout = look.layout(escape(only) or title, subtitle, uirevision=f"log-{quantity}-{only}", showlegend=not only)
    curves = [shown(line, quantity) for line in values.values()]
    return {"data": traces, "layout": layout | axes(curves, quantity in IN_DECADES, text, look)}


def stroke(name: str, logs: Logs, look: Look) -> dict[str, Any]:
    """The colour of the cell; runs of one cell are told apart by their dashes."""
    of_this_cell = [other for other, log in logs.items() if log.cell == logs[name].cell]
    return {"color": look.colour(logs[name].cell), "dash": DASHES[of_this_cell.index(name) % len(DASHES)], "width": 2.5}


def lines(name: str, values: xr.DataArray, line: dict[str, Any], quantity: str) -> list[dict[str, Any]]:
    """Every update, faintly, and a running median."""
    y = shown(values, quantity)
    update = values["update"].values + 1  # counted as people do
    step = max(1, -(-len(y) // MOST))
    said = escape(name)  # a person's own words, and plotly reads HTML
    hover = f"{said}<br>%{{x}}: {'10<sup>%{y:.2f}</sup>' if quantity in IN_DECADES else '%{y:.4g}'}<extra></extra>"
    common = {"type": "scatter", "mode": "lines", "x": packed(update[::step]), "legendgroup": name}
    return [
        {**common, "y": packed(y[::step]), "line": {"color": line["color"], "width": 1}, "opacity": 0.3,
         "hoverinfo": "skip", "showlegend": False},
        {**common, "y": packed(running_median(y)[::step]), "name": said, "hovertemplate": hover, "showlegend": True,
         "line": line},
    ]  # fmt: skip


def shown(values: xr.DataArray, quantity: str) -> np.ndarray:
    """As it stands on the axis: log₁₀ where a quantity spans decades; what is not finite there is a gap."""
    y = values.values.astype(float)
    with np.errstate(all="ignore"):
        y = np.log10(y) if quantity in IN_DECADES else y
    return np.where(np.isfinite(y), y, np.nan)


def running_median(y: np.ndarray) -> np.ndarray:
    """Over the last updates, never over ones to come: a line must not know of a fall before it happens."""
    window = max(1, len(y) // WINDOW)
    padded = np.concatenate([np.full(window - 1, np.nan), y])
    parts = np.lib.stride_tricks.sliding_window_view(padded, window)
    finite = np.isfinite(parts).any(-1)
    found = np.full(len(y), np.nan)
    found[finite] = np.nanmedian(parts[finite], -1)
    return found


def axes(curves: list[np.ndarray], decades: bool, text: Text, look: Look) -> dict[str, Any]:
    finite = np.concatenate([np.empty(0), *(y[np.isfinite(y)] for y in curves)])
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = 0.05 * (high - low) or 0.5
    longest = max(map(len, curves), default=1)
    ticks = tick_labels(low - room, high + room) if decades else {}
    return {
        "xaxis": look.axis(title={"text": text("log.updates")}, range=[0, longest + 1], autorange=False),
        "yaxis": look.axis(range=[low - room, high + room], autorange=False, **ticks),
        "legend": {"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top"},
        "margin": {"l": 70, "r": 20, "t": 84, "b": 110},
    }  # fmt: skip


def tick_labels(low: float, high: float) -> dict[str, Any]:
    """0.1, 0.2, 0.5, 1, …: numbers as people read them, at their places in decades; powers of ten where there are many."""
    few = high - low > 2.5
    step = max(1, round((high - low) / 8)) if few else 1
    decades = [k for k in range(math.floor(low), math.ceil(high) + 1) if k % step == 0]
    places = [k + math.log10(digit) for k in decades for digit in ((1,) if few else (1, 2, 5))]
    inside = [place for place in places if low <= place <= high]
    return {"tickvals": inside, "ticktext": [power_of_ten(place, html=True) for place in inside]}
