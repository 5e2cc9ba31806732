"""The gradient's journey back through time: who survives?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice
from rnnviz.figures import lens, rounded, ticks
from rnnviz.figures.figure import FigureDict, Result, Results, computed_for, packed
from rnnviz.figures.lens import PrecisionsName
from rnnviz.figures.look import ACTIVATION_DASHES, Look
from rnnviz.figures.survival import flow_of, reading, table
from rnnviz.precision import PRECISIONS
from rnnviz.text import Text

MOST_POINTS = 1_500  # more than a screen has columns; longer curves are thinned, their ends kept
GAP = 0.024  # on each side between two panels: the numbers at their ends, "100" and "0", must not become one
BOUND_DASHES = {"step_norms": "dot", "pascanu": "dash", "spectral_radius": "dashdot"}


class GradientFlow(Choice):
    """log₁₀ ‖∂ℓ/∂s_t‖ against time, or log₁₀ ‖∂s_T/∂s_t‖ against lag: an overlay, or a grid of cells × activations.

    Three states are kept apart: a value (full line), below the dtype's smallest number (pale line: training would see
    0), exactly zero (a cross where the curve ends).
    """

    kind: Literal["gradient_flow"] = Field("gradient_flow", repr=False)
    arrangement: Literal["overlay", "grid"] = "overlay"
    quantity: Literal["gradient", "jacobian"] = "gradient"
    part: Literal["state", "hidden_state", "cell_state"] = "state"
    axis: Literal["log", "linear"] = "log"
    activations: Literal["all", "sigmoid", "tanh", "relu"] = "all"
    bounds: bool = True
    precisions: PrecisionsName = "common"
    backward: rounded.BackwardName = "exact"

    @property
    def needs(self) -> tuple[str, ...]:
        """The diagnostics that this figure draws."""
        if self.quantity == "jacobian":
            return ("jacobian_norm", "jacobian_bounds")
        return ("gradient_flow", "rounded_gradient") if self.is_rounded else ("gradient_flow",)

    @property
    def is_detailed(self) -> bool:
        """Bands and bounds are drawn where there is room for them: not around nine curves in one frame."""
        return self.arrangement == "grid" or self.activations != "all"

    @property
    def draws_bounds(self) -> bool:
        return self.is_detailed and self.quantity == "jacobian" and self.bounds

    @property
    def is_rounded(self) -> bool:
        """Whether a backward pass in a format of its own is drawn: there is one of the whole state."""
        return self.backward != "exact" and self.quantity == "gradient" and self.part == "state"

    def shown(self, results: Results) -> dict[str, Result]:
        wanted = self.activations
        return {name: r for name, r in results.items() if wanted in ("all", r.experiment.cell.activation)}

    def reading(self, results: Results, text: Text) -> str:
        shown = self.shown(results)
        said = [reading(shown, self.quantity, self.part, text)]
        if self.is_rounded:
            said.append(rounded.reading(shown, self.backward, text))
        if self.draws_bounds:
            said += [text(f"theory.{bound}.about") for bound in bounds_of(shown)]
        return " ".join(filter(None, said))

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        found = table(self.shown(results), self.quantity, self.part, text)
        if self.is_rounded:
            found[text("rounded.table", dtype=self.backward)] = [
                rounded.in_cell(result, self.backward, text) for result in self.shown(results).values()
            ]
        return found

    def __call__(self, results: Results, text: Text, look: Look, pinned: Results | None = None) -> FigureDict:
        return Drawing(self, self.shown(results), self.shown(pinned or {}), text, look).figure()

    def data(self, results: Results) -> pd.DataFrame:
        """Every number of the figure, one row per point: what the CSV holds."""
        rows = [self.rows(name, result) for name, result in self.shown(results).items()]
        return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()

    def rows(self, name: str, result: Result) -> pd.DataFrame:
        cell, data = result.experiment.cell, result.data
        head = {"curve": name, "cell": cell.kind, "activation": cell.activation}
        if self.quantity == "gradient":
            frame = data.gradient_flow.to_dataframe("log10_norm").reset_index()
            if self.is_rounded:
                frame = frame.merge(rounded.rows(result, self.backward), "left", on=["part", "band", "time"])
        else:
            bounds = (
                data.jacobian_bounds.to_dataframe("value").value.unstack("bound") if data.jacobian_bounds.size else None
            )
            frame = pd.DataFrame({"lag": np.arange(data.jacobian_norm.size), "log10_norm": data.jacobian_norm.values})
            frame = frame if bounds is None else frame.join(bounds.add_prefix("log10_"))
        return pd.DataFrame(head, index=frame.index).join(frame)


class Drawing:
    """One figure in the making."""

    def __init__(self, view: GradientFlow, results: Results, pinned: Results, text: Text, look: Look):
        self.view, self.results, self.pinned, self.text, self.look = view, results, pinned, text, look
        self.log = view.axis == "log"
        self.cells: list[str] = list(dict.fromkeys(r.experiment.cell.kind for r in results.values()))
        self.columns: list[str] = list(dict.fromkeys(r.experiment.cell.activation for r in results.values()))

    def figure(self) -> FigureDict:
        grid = self.view.arrangement == "grid"
        traces = [trace for name in self.results for trace in self.panel(name, grid)]
        layout = self.layout()
        layout |= self.grid_axes() if grid else self.overlay_axes()
        return {"data": traces, "layout": layout}

    # — curves —

    def panel(self, name: str, grid: bool) -> Iterator[dict[str, Any]]:
        result = self.results[name]
        cell = result.experiment.cell
        axes = self.axes_of(cell.kind, cell.activation) if grid else {}
        if name in self.pinned:
            yield from self.shadow(self.pinned[name], axes)
        if self.view.draws_bounds:
            yield from self.bound_lines(result, axes)
        if self.view.is_detailed and self.view.quantity == "gradient":
            yield from self.band(result, axes)
        if self.view.is_rounded:
            yield from self.really(result, axes, legend=not grid)
        else:
            yield from self.curve(result, axes, legend=not grid)

    def points(self, result: Result, which: str = "median") -> tuple[np.ndarray, np.ndarray]:
        """x and log₁₀ norm of one curve; empty where there is no such part."""
        if self.view.quantity == "jacobian":
            y = result.data.variables["jacobian_norm"].values
            return thinned(np.arange(len(y)), y)
        y = flow_of(result.data, self.view.part, which)
        y = y if len(y) else flow_of(result.data, "state", which)
        if not len(y):
            return np.full(1, np.nan), np.full(1, np.nan)  # one point that is nowhere: the legend still names the curve
        return thinned(np.arange(1, len(y) + 1), y)

    def curve(self, result: Result, axes: dict[str, Any], legend: bool) -> Iterator[dict[str, Any]]:
        cell, (x, y) = result.experiment.cell, self.points(result)
        floor = PRECISIONS[result.experiment.dtype].least
        name = self.curve_name(result)
        if not np.isfinite(y).any() and result.data.attrs["outcome"] == "diverged":
            name += " ✕ " + self.text("figure.overflow", time=result.data.attrs["overflow_time"])
        line = {"color": self.look.colour(cell.kind), "dash": ACTIVATION_DASHES[cell.activation], "width": 3}
        group = f"{cell.kind}-{cell.activation}"
        shared = {"legendgroup": group, "mode": "lines", "name": name, **axes, "hovertemplate": self.hover(name)}
        visible = np.where(np.isneginf(y), np.nan, y)
        yield self.line(x, np.where(visible >= floor, visible, np.nan), line=line, showlegend=legend, **shared)
        below = visible < floor
        if self.log and below.any():
            below = np.convolve(below, [1, 1, 1], "same") > 0  # one point more, where the full line ends
            pale = {"opacity": 0.4, "showlegend": False, "line": {**line, "width": 2}}
            hover = {
                "hovertemplate": self.hover(name + " — " + self.text("figure.below", dtype=result.experiment.dtype))
            }
            yield self.line(x, np.where(below, visible, np.nan), **(shared | pale | hover))
        if np.isneginf(y).any() and np.isfinite(y).any():
            yield self.zero_cross(x, y, name, self.look.colour(cell.kind), shared)

    def really(self, result: Result, axes: dict[str, Any], legend: bool) -> Iterator[dict[str, Any]]:
        """The curve that a backward pass in the chosen format has, in four states, and the exact one, thin."""
        name, cell = self.curve_name(result), result.experiment.cell
        stroke = {"color": self.look.colour(cell.kind), "dash": ACTIVATION_DASHES[cell.activation]}
        shared = {"legendgroup": f"{cell.kind}-{cell.activation}", **axes}
        x, y = self.points(result)
        exact = {"opacity": 0.55, "mode": "lines", "line": {**stroke, "width": 1}, "showlegend": False}
        hover = self.hover(self.text("rounded.exact", curve=name))
        yield self.line(x, np.where(np.isfinite(y), y, np.nan), hovertemplate=hover, **exact, **shared)
        for trace in rounded.traces(result, self.view.backward, name, stroke, self.text):
            time, log10_norm = trace.pop("points")
            at = trace.pop("state")
            trace["showlegend"] = legend and at == "value"
            hover = self.hover(f"{name}<br>{self.text(f'rounded.{at}', dtype=self.view.backward)}")
            yield self.line(time, log10_norm, hovertemplate=hover, **trace, **shared)

    def zero_cross(
        self, x: np.ndarray, y: np.ndarray, name: str, colour: str, shared: dict[str, Any]
    ) -> dict[str, Any]:
        """A cross at the last value before the curve is exactly zero, on the far side of the loss."""
        finite = np.flatnonzero(np.isfinite(y))
        at = finite[0] if self.view.quantity == "gradient" else finite[-1]
        marker = {"symbol": "x", "size": 11, "color": colour}
        hover = {"hovertemplate": f"{name}<br>{self.text('figure.zero')}<extra></extra>", "showlegend": False}
        return self.line(x[at : at + 1], y[at : at + 1], **(shared | {"mode": "markers", "marker": marker} | hover))

    def band(self, result: Result, axes: dict[str, Any]) -> Iterator[dict[str, Any]]:
        colour = self.look.colour(result.experiment.cell.kind)
        shared = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, **axes}
        shared |= {"legendgroup": f"{result.experiment.cell.kind}-{result.experiment.cell.activation}"}
        for which, fill in (("low", None), ("high", "tonexty")):
            x, y = self.points(result, which)
            y = np.where(np.isfinite(y), y, np.nan)
            yield self.line(x, y, fill=fill, fillcolor=self.look.faint(colour, 0.18), **shared)

    def bound_lines(self, result: Result, axes: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Those that hold for this network; each is named in the legend where it is drawn first."""
        bounds = result.data.variables["jacobian_bounds"].values
        for bound, y in zip(map(str, result.data.variables["bound"].values), bounds, strict=True):
            x, y = thinned(np.arange(len(y)), y)
            name = f"{self.text(f'theory.{bound}.name')}, {self.text(f'theory.{bound}.formula')}"
            first = result is next(r for r in self.results.values() if bound in r.data["bound"].values)
            colour = self.look.colour(result.experiment.cell.kind) if bound == "step_norms" else self.look.muted
            yield self.line(
                x, np.where(np.abs(y) < 1e200, y, np.nan), mode="lines", name=name, legendgroup=bound,
                line={"color": colour, "dash": BOUND_DASHES[bound], "width": 1.5},
                showlegend=first, hovertemplate=self.hover(f"{name}<br>{self.curve_name(result)}"), **axes,
            )  # fmt: skip

    def shadow(self, result: Result, axes: dict[str, Any]) -> Iterator[dict[str, Any]]:
        x, y = self.points(result)
        colour = self.look.faint(self.look.colour(result.experiment.cell.kind), 0.45)
        name = self.text("figure.pinned", curve=self.curve_name(result))
        line = {"color": colour, "dash": ACTIVATION_DASHES[result.experiment.cell.activation], "width": 1.5}
        y = np.where(np.isfinite(y), y, np.nan)
        yield self.line(
            x, y, mode="lines", line=line, name=name, showlegend=False, hovertemplate=self.hover(name), **axes
        )

    def line(self, x: np.ndarray, y: np.ndarray, **rest: Any) -> dict[str, Any]:
        if not self.log:
            with np.errstate(over="ignore", under="ignore"):
                y = np.where(y < PRECISIONS["float32"].largest, 10.0 ** np.minimum(y, 38.0), np.nan)
        return {"type": "scatter", "x": packed(x), "y": packed(y), **{k: v for k, v in rest.items() if v is not None}}

    # — words —

    def curve_name(self, result: Result) -> str:
        cell = result.experiment.cell
        return (
            f"{self.text(f'option.cell.{cell.kind}.short')} · {self.text(f'option.activation.{cell.activation}.label')}"
        )

    def hover(self, name: str) -> str:
        value = "10<sup>%{y:.2f}</sup>" if self.log else "%{y:.3g}"
        return f"{name}<br>{self.x_symbol} = %{{x}}: {value}<extra></extra>"

    @property
    def x_symbol(self) -> str:
        return "t" if self.view.quantity == "gradient" else "T − t"

    @property
    def y_title(self) -> str:
        if self.view.quantity == "jacobian":
            return "‖∂<i>s</i><sub>T</sub>/∂<i>s</i><sub>t</sub>‖₂"
        symbol = {"state": "s", "hidden_state": "h", "cell_state": "c"}[self.view.part]
        return f"‖∂ℓ/∂<i>{symbol}</i><sub>t</sub>‖"

    # — frame —

    def layout(self) -> dict[str, Any]:
        title = self.text(f"figure.gradient_flow.title.{self.view.quantity}")
        revision = f"{self.view.quantity}-{self.view.axis}-{self.view.arrangement}"
        subtitle = next((computed_for(result.experiment, self.text) for result in self.results.values()), "")
        return self.look.layout(title, subtitle, uirevision=revision)

    def overlay_axes(self) -> dict[str, Any]:
        return {
            "xaxis": self.look.axis(title={"text": self.x_title}),
            "yaxis": self.y_axis(),
            "shapes": self.marks("x domain", "y"),
            "annotations": [*self.mark_names("x domain", "y"), self.y_name()],
        }

    def y_name(self) -> dict[str, Any]:
        """The quantity above its axis, upright: formulas on their side are hard to read from the back row."""
        return {
            "xref": "paper", "x": 0, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 8,
            "showarrow": False, "text": self.y_title, "font": {"size": 17}, "xshift": 24,
        }  # fmt: skip

    @property
    def x_title(self) -> str:
        return self.text(f"figure.gradient_flow.x.{self.view.quantity}")

    def y_axis(self, **rest: Any) -> dict[str, Any]:
        low, high = self.y_range
        named = ticks.axis(low, high) if self.log else ticks.LINEAR
        return {**self.look.axis(**named), "range": [low, high], "autorange": False, **rest}

    @cached_property
    def y_range(self) -> tuple[float, float]:
        """All curves, with room at the ends; never so narrow that noise fills the screen, never without 10⁰."""
        which = ("low", "median", "high") if self.view.is_detailed and self.view.quantity == "gradient" else ("median",)
        results = [*self.results.values(), *self.pinned.values()]
        values = [self.points(result, edge)[1] for result in results for edge in which]
        if self.view.is_rounded:  # an overflow ends above what is exact
            values += [rounded.curve(result, self.view.backward) for result in self.results.values()]
        finite = np.concatenate([np.empty(0), *(y[np.isfinite(y)] for y in values)])
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (-1.0, 1.0)
        if not self.log:
            top = 10.0 ** min(high, 37.0)
            return -0.02 * top, 1.05 * top
        low, high = min(low, -1.0), max(high, 1.0)
        room = 0.06 * (high - low)
        return low - room, high + room

    def marks(self, x: str, y: str) -> list[dict[str, Any]]:
        return lens.bands(self.view.precisions, self.y_range, x, y, self.look) if self.log else []

    def mark_names(self, x: str, y: str) -> list[dict[str, Any]]:
        if not self.log:
            return []
        left = self.view.quantity == "jacobian"
        results, size = list(self.results.values()), lens.WORDS
        if self.view.arrangement == "grid":  # named in the first panel
            results, size = results[:1], lens.SMALL
        return lens.names(
            self.view.precisions, self.y_range, x, y, self.text, self.look, left=left, size=size,
            curves=[y for result in results for y in self.drawn(result)],
        )  # fmt: skip

    def drawn(self, result: Result) -> list[np.ndarray]:
        """The curves of one network, over the whole width of their panel."""
        bounds = result.data.variables["jacobian_bounds"].values if self.view.draws_bounds else ()
        return [self.points(result)[1], *bounds]

    # — the grid: rows are cells, columns activations, all panels on one scale —

    def axes_of(self, cell: str, activation: str) -> dict[str, str]:
        number = self.cells.index(cell) * len(self.columns) + self.columns.index(activation) + 1
        suffix = "" if number == 1 else str(number)
        return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}

    def grid_axes(self) -> dict[str, Any]:
        layout: dict[str, Any] = {"shapes": [], "annotations": [self.y_name()]}
        layout["margin"] = {"l": 84, "r": 16, "t": 104, "b": 90}
        # Measured from the picture's lower edge: the title of the x axis hangs from the panels, however high they are.
        layout["legend"] = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0,
                            "font": {"size": 15}}  # fmt: skip
        rows, columns = len(self.cells), len(self.columns)
        for r, cell in enumerate(self.cells):
            for c, activation in enumerate(self.columns):
                self.grid_panel(layout, (r, rows), (c, columns), cell, activation)
        return layout

    def grid_panel(
        self, layout: dict[str, Any], row: tuple[int, int], column: tuple[int, int], cell: str, activation: str
    ) -> None:
        (r, rows), (c, columns) = row, column
        axes = self.axes_of(cell, activation)
        x, y = axes["xaxis"], axes["yaxis"]
        left, right = c / columns + GAP * (c > 0), (c + 1) / columns - GAP * (c < columns - 1)
        top, bottom = 1 - r / rows - 0.02 * (r > 0), 1 - (r + 1) / rows + 0.02 * (r < rows - 1)
        layout[x.replace("x", "xaxis")] = self.look.axis(
            domain=[left, right], anchor=y, matches=None if (r, c) == (0, 0) else "x", showticklabels=r == rows - 1,
            title={"text": self.x_title if r == rows - 1 and c == columns // 2 else "", "standoff": 6},
        )  # fmt: skip
        layout[y.replace("y", "yaxis")] = self.y_axis(
            domain=[bottom, top], anchor=x, matches=None if (r, c) == (0, 0) else "y", showticklabels=c == 0,
            title={"text": f"<b>{self.text(f'option.cell.{cell}.short')}</b>" if c == 0 else ""},
        )  # fmt: skip
        layout["shapes"] += self.marks(f"{x} domain", y)
        if (r, c) == (0, 0):
            layout["annotations"] += self.mark_names(f"{x} domain", y)
        if r == 0:
            name = self.text(f"option.activation.{activation}.label")
            layout["annotations"].append(
                {"xref": f"{x} domain", "x": 0.5, "yref": "paper", "y": 1.0, "yanchor": "bottom", "showarrow": False,
                 "text": f"<b>{name}</b>", "font": {"size": 15}}
            )  # fmt: skip


def thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) <= MOST_POINTS:
        return np.asarray(x, float), np.asarray(y, float)
    kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return np.asarray(x, float)[kept], np.asarray(y, float)[kept]


def bounds_of(results: Results) -> list[str]:
    """The bounds that hold for one network or more, in order; of each theory.<name> says formula, source and domain."""
    found = [str(bound) for result in results.values() for bound in result.data.variables["bound"].values]
    return list(dict.fromkeys(found))
