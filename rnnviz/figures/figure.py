"""What figures share: the results they draw, the way arrays travel, and how a number is said."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from rnnviz.experiment import Experiment
from rnnviz.text import Text
from rnnviz.text.numbers import minus, power

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

FigureDict = dict[
    str, Any
]  # {"data": […], "layout": {…}}: what Plotly.react takes, and plotly.graph_objects.Figure too


class Result(NamedTuple):
    """One experiment and the diagnostics that were computed of it."""

    experiment: Experiment
    data: xr.Dataset


Results = Mapping[str, Result]


def as_plotly(figure: FigureDict) -> PlotlyFigure:
    """The figure as an object of plotly's, for a notebook or an export; making one costs ten times the drawing itself.

    Its template is empty, as on a page: else plotly adds the default one, which Streamlit and notebooks replace.
    """
    import plotly.graph_objects as go

    return go.Figure({**figure, "layout": {**figure["layout"], "template": {}}})


def packed(values: np.ndarray) -> dict[str, str]:
    """A float32 array as plotly.js reads it, a tenth of the cost of a list of numbers."""
    shape = {"shape": ", ".join(map(str, values.shape))} if values.ndim > 1 else {}
    return {"dtype": "f4", "bdata": base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode(), **shape}


def power_of_ten(decades: float, *, html: bool = False) -> str:
    """10^decades for a reader: 0.31, 4.2, 10⁻⁶² — and in a figure 10<sup>−62</sup>."""
    if math.isnan(decades):
        return "—"
    if math.isinf(decades):
        return "0" if decades < 0 else "∞"
    if -2.5 < decades < 3.5:
        return f"{float(f'{10**decades:.3g}'):g}"  # three digits, and 2510 rather than 2.51e+03
    exponent = round(decades)
    return f"10<sup>{minus(str(exponent))}</sup>" if html else power(exponent)


def computed_for(experiment: Experiment, text: Text) -> str:
    """What the figure was computed for, in one line, so that a stale figure is seen to be stale."""
    e = experiment
    scale = e.initializer.scale
    size = {"gain": "g = {:.3g}", "spectral_radius": "ρ = {:.3g}"}.get(scale.kind, "")
    parts = [
        text(f"option.task.{e.task.kind}.label"),
        f"T = {e.task.sequence_length}",
        f"H = {e.cell.hidden_size}" + (f" × {e.cell.layers}" if e.cell.layers > 1 else ""),
        text(f"option.initializer.{e.initializer.kind}.label")
        + (" " + size.format(getattr(scale, scale.kind)) if size else ""),
        text(f"option.loss.{e.loss.kind}.label"),
        f"N = {e.batch_size}",
        f"{text('parameter.seed.label')} {e.seed}",
        e.dtype,
    ]
    return escape(" · ".join(parts))
