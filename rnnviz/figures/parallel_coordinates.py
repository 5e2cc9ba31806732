"""Many runs at once: a line a run through one axis for each parameter that varies, to what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.figures import many_runs
from rnnviz.figures.figure import FigureDict, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.many_runs import Axis, Measure
from rnnviz.text import Text

MISSING = -0.14  # below all axes: where a run passes that has no such parameter, or no such number
LOWEST, HIGHEST = -0.06, 1.06
LETTER = 9  # pixels; Hangul is wider, and has fewer of them
SPREAD = 0.07  # of an axis: runs of one value stand so far apart at most, or the last one drawn would hide the others


class ParallelCoordinates(Choice):
    """A line a run, in the colour of what came out; plotly's own such trace can name no line under the pointer."""

    kind: Literal["parallel_coordinates"] = Field("parallel_coordinates", repr=False)
    measure: Measure = "gradient_kept"

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.measure,)

    def axes_of(self, results: Results, text: Text) -> list[Axis]:
        found = [many_runs.axis_of(path, results, text) for path in many_runs.varying(results)]
        out = many_runs.measure_axis(results, self.measure, text)
        return [*(spread(axis, out.places) for axis in found), out] if found else []

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        axes = self.axes_of(results, text)
        measure = text(f"option.measure.{self.measure}.label")
        title = text("figure.parallel_coordinates.title", measure=measure)
        layout = look.layout(
            title, text("figure.many_runs.subtitle", runs=len(results)), uirevision="parallel", showlegend=False
        )
        traces = [self.line(k, name, axes, look) for k, name in enumerate(many_runs.names(results))] if axes else []
        return {"data": traces, "layout": layout | self.frame(axes, look)}

    def line(self, k: int, name: str, axes: Sequence[Axis], look: Look) -> dict[str, Any]:
        places = np.array([axis.places[k] for axis in axes])
        there = np.isfinite(places)
        colour = look.graded(float(places[-1])) if there[-1] else look.muted
        return {
            "type": "scatter", "mode": "lines+markers", "name": name, "x": packed(np.arange(float(len(axes)))),
            "y": packed(np.where(there, places, MISSING)), "opacity": 0.75,
            "line": {"color": colour, "width": 2, "dash": "solid" if there[-1] else "dot"},
            "marker": {"color": colour, "size": 7}, "hoverinfo": "text", "hovertext": many_runs.hover(k, name, axes),
        }  # fmt: skip

    def frame(self, axes: Sequence[Axis], look: Look) -> dict[str, Any]:
        """The axes themselves, with their names above and their ticks to the left."""
        hidden = {"visible": False, "autorange": False, "fixedrange": True}
        upright = {"type": "line", "xref": "x", "yref": "y", "y0": 0, "y1": 1, "layer": "below",
                   "line": {"color": look.muted, "width": 1.5}}  # fmt: skip
        last = len(axes) - 1
        return {
            "xaxis": {**hidden, "range": [-0.05, max(last, 0) + 0.25]},
            "yaxis": {**hidden, "range": [LOWEST + (MISSING if any(map(lacking, axes)) else 0), HIGHEST]},
            "shapes": [{**upright, "x0": k, "x1": k} for k in range(len(axes))],
            "annotations": [note for k, axis in enumerate(axes) for note in self.words(k, axis, k == last, look)],
            "margin": {"l": self.room(axes), "r": 60, "t": 150, "b": 20},
        }

    def room(self, axes: Sequence[Axis]) -> int:
        """Pixels for the names at the first axis, which has no neighbour to its left; for half of its own name at least."""
        longest = max((len(name) for _, name in axes[0].ticks), default=0) if axes else 0
        return 60 + LETTER * max(longest - 4, 0)

    def words(self, k: int, axis: Axis, last: bool, look: Look) -> list[dict[str, Any]]:
        title = many_runs.in_lines(axis.title)
        shared = {"xref": "x", "yref": "y", "x": k, "showarrow": False}
        missing = [(MISSING, "–")] if lacking(axis) else []
        side = {"xanchor": "left", "xshift": 9} if last else {"xanchor": "right", "xshift": -9}  # the lines end here
        return [
            {**shared, "y": 1, "yanchor": "bottom", "yshift": 12, "text": f"<b>{title}</b>" if last else title,
             "font": {"size": 14}},
            *(
                {**shared, **side, "y": place, "text": name, "font": {"size": 13},
                 "bgcolor": look.faint(look.paper, 0.8)}
                for place, name in (*axis.ticks, *missing)
            ),
        ]  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        return many_runs.reading(results, self.measure, text)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        return many_runs.table(results, self.measure, text)

    def data(self, results: Results) -> pd.DataFrame:
        return many_runs.data(results, self.measure)


def lacking(axis: Axis) -> bool:
    return not np.isfinite(axis.places).all()


def spread(axis: Axis, out: np.ndarray) -> Axis:
    """Runs of one value beside each other, in the order of what came out."""
    distinct = np.unique(axis.places[np.isfinite(axis.places)])
    width = min([SPREAD, *(np.diff(distinct) / 2)])
    places = axis.places.copy()
    for place in distinct:
        here = np.flatnonzero(axis.places == place)
        ranks = np.argsort(np.argsort(np.nan_to_num(out[here], nan=-1.0), kind="stable"))
        places[here] += width * (ranks / (len(here) - 1) - 0.5) if len(here) > 1 else 0.0
    return axis._replace(places=places)
