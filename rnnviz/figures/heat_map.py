"""Many runs at once: what came out over two of the parameters that vary, in the median over everything else."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures import many_runs
from rnnviz.figures.figure import FigureDict, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.many_runs import Axis, Measure
from rnnviz.text import Text

WRITTEN = 80  # cells that have room for their number
NAMED = 6  # runs of one cell that are named under the pointer


class Grid(NamedTuple):
    """values: (down, across), the median of the runs of a cell.   runs: their places.   down: None for a single row."""

    across: Axis
    down: Axis | None
    values: np.ndarray
    runs: list[list[list[int]]]


class HeatMap(Choice):
    """`across` and `down` count the parameters that vary, from 1, in the order in which an experiment names them."""

    kind: Literal["heat_map"] = Field("heat_map", repr=False)
    measure: Measure = "gradient_kept"
    across: Annotated[int, Range(1, 20)] = 1
    down: Annotated[int, Range(1, 20)] = 2

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.measure,)

    def paths(self, results: Results) -> tuple[str, str]:
        """Which two; "" where there is none. A number beyond the last means the last; down is never the same as across."""
        found = many_runs.varying(results)
        if not found:
            return "", ""
        across = found[min(self.across, len(found)) - 1]
        rest = [path for path in found if path != across]
        down = found[min(self.down, len(found)) - 1]
        return across, down if down != across else rest[0] if rest else ""

    def grid(self, results: Results, text: Text) -> Grid | None:
        across_path, down_path = self.paths(results)
        if not across_path:
            return None
        across = many_runs.axis_of(across_path, results, text)
        down = many_runs.axis_of(down_path, results, text) if down_path else None
        rows = list(down.values) if down else [""]
        values = many_runs.measures(results, self.measure)
        runs: list[list[list[int]]] = [[[] for _ in across.values] for _ in rows]
        for k, column in enumerate(across.said):
            row = down.said[k] if down else ""
            if column in across.values and row in rows:  # a run without the parameter has no cell
                runs[rows.index(row)][list(across.values).index(column)].append(k)
        medians = np.array([[middle(values[cell]) for cell in row] for row in runs])
        return Grid(across, down, medians, runs)

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        grid = self.grid(results, text)
        measure = text(f"option.measure.{self.measure}.label")
        title = text("figure.heat_map.title", measure=measure)
        layout = look.layout(
            title, text("figure.many_runs.subtitle", runs=len(results)), uirevision="heat", showlegend=False
        )
        if grid is None:
            return {"data": [], "layout": layout}
        traces = [self.map(grid, results, text, look)]
        if grid.values.size <= WRITTEN:
            traces.append(self.numbers(grid, look))
        return {"data": traces, "layout": layout | self.axes(grid, look)}

    def map(self, grid: Grid, results: Results, text: Text, look: Look) -> dict[str, Any]:
        finite = np.where(np.isfinite(grid.values), grid.values, np.nan)
        low, high, ticks = many_runs.scale_of(grid.values, self.measure)
        rows, columns = grid.values.shape
        bar = {"thickness": 12, "outlinewidth": 0, "tickmode": "array", "tickvals": [place for place, _ in ticks],
               "ticktext": [name for _, name in ticks]}  # fmt: skip
        return {
            "type": "heatmap", "x": packed(np.arange(float(columns))), "y": packed(np.arange(float(rows))),
            "z": packed(finite), "zmin": low, "zmax": high, "colorscale": look.sequential, "colorbar": bar,
            "xgap": 2, "ygap": 2, "hoverongaps": True, "hoverinfo": "text", "hovertext": self.hovers(grid, results, text),
        }  # fmt: skip

    def hovers(self, grid: Grid, results: Results, text: Text) -> list[list[str]]:
        named, values = many_runs.names(results), many_runs.measures(results, self.measure)

        def cell(row: int, column: int) -> str:
            where = [f"{grid.across.title}: {escape(grid.across.values[column])}"]
            where += [f"{grid.down.title}: {escape(grid.down.values[row])}"] if grid.down else []
            runs = grid.runs[row][column]
            said = [
                f"<b>{escape(named[k])}</b>: {many_runs.number(values[k], self.measure, html=True)}"
                for k in runs[:NAMED]
            ]
            more = [text("figure.heat_map.more", runs=len(runs) - NAMED)] if len(runs) > NAMED else []
            return "<br>".join([*where, *said, *more])

        rows, columns = grid.values.shape
        return [[cell(row, column) for column in range(columns)] for row in range(rows)]

    def numbers(self, grid: Grid, look: Look) -> dict[str, Any]:
        """The value in every cell, dark on the light half of the colours and light on the dark half."""
        low, high, _ = many_runs.scale_of(grid.values, self.measure)
        rows, columns = np.indices(grid.values.shape)
        flat = grid.values.ravel()
        bright = np.nan_to_num((flat - low) / (high - low), nan=0.0, posinf=0.0, neginf=0.0) > 0.5
        ink = [
            look.ink if not np.isfinite(v) else "#1b1f24" if b else "#ffffff" for v, b in zip(flat, bright, strict=True)
        ]
        said = [
            many_runs.number(v, self.measure, html=True) if runs else ""
            for v, runs in zip(flat, self.cells(grid), strict=True)
        ]
        return {
            "type": "scatter", "mode": "text", "x": packed(columns.ravel().astype(float)),
            "y": packed(rows.ravel().astype(float)), "text": said, "hoverinfo": "skip",
            "textfont": {"color": ink, "size": 14},
        }  # fmt: skip

    def cells(self, grid: Grid) -> list[list[int]]:
        return [cell for row in grid.runs for cell in row]

    def axes(self, grid: Grid, look: Look) -> dict[str, Any]:
        rows, columns = grid.values.shape
        down = list(grid.down.values) if grid.down else [""]
        return {
            "xaxis": look.axis(title={"text": grid.across.title}, tickmode="array", tickvals=list(range(columns)),
                               ticktext=[escape(name) for name in grid.across.values], showgrid=False),
            "yaxis": look.axis(title={"text": grid.down.title if grid.down else ""}, tickmode="array",
                               tickvals=list(range(rows)), ticktext=[escape(name) for name in down], showgrid=False),
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        return many_runs.reading(results, self.measure, text)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        return many_runs.table(results, self.measure, text)

    def data(self, results: Results) -> pd.DataFrame:
        return many_runs.data(results, self.measure)


def middle(values: np.ndarray) -> float:
    """The lower median: one of the values, so that an exact zero, −∞, stays one; NaN where there is none."""
    there = np.sort(values[~np.isnan(values)])
    return float(there[(len(there) - 1) // 2]) if len(there) else np.nan
