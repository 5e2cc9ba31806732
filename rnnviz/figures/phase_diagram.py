"""The phase diagram: where gradients vanish and where they explode, over two parameters, with the line of theory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Flat
from rnnviz.experiment import Experiment, Study
from rnnviz.figures.figure import FigureDict, Results, packed, power_of_ten
from rnnviz.figures.look import Look
from rnnviz.figures.phase_frame import axis, edges, line, said, strokes
from rnnviz.figures.phase_map import ColourName, Map, Point, State, critical_line, horizon
from rnnviz.figures.survival import GROWN, KEPT_WELL
from rnnviz.planes import BASE, PLANES, Plane, PlaneName, ResolutionName
from rnnviz.precision import PRECISIONS
from rnnviz.text import Text
from rnnviz.text.numbers import minus, numeral

REACH: Mapping[ColourName, float] = {"exponent": 0.5, "kept": 12.0}  # where the colours end, nepers per step or decades
PATTERNS: Mapping[State, str] = {"below": "-", "zero": ".", "diverged": "x", "failed": "+", "waiting": "/"}


class PhaseDiagram(Choice):
    """Every network of a plane as a cell, coloured by λ₁ in nepers per step or by log₁₀ of the gradient that is left after
    the whole sequence. The measured border and, where mean field holds, the critical line lie over it.
    """

    kind: Literal["phase_diagram"] = Field("phase_diagram", repr=False)
    plane: PlaneName = "variance"
    colour: ColourName = "exponent"

    @property
    def needs(self) -> tuple[str, ...]:
        """Both, so that another colour computes nothing again."""
        return ("gradient_kept", "gradient_rate")

    @property
    def parameters(self) -> Plane:
        return PLANES[self.plane]

    def study(self, changes: Flat, resolution: ResolutionName = "medium") -> Study:
        """All networks of this map; `changes` are words of the experiment that they share, beside those of `BASE`."""
        base = {"cell": "lstm"} if self.plane == "forget_bias" else {}
        return self.parameters.study(BASE.changed(base | changes), resolution)

    def map(self, results: Results) -> Map:
        return Map(results, self.parameters, self.colour)

    # — the figure —

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        found = self.map(results)
        title, subtitle = text(f"figure.phase_diagram.title.{self.colour}"), self.subtitle(results, text)
        frame = look.layout(title, subtitle, uirevision=f"phase-{self.plane}")
        if not found.points:
            return {"data": [], "layout": frame}
        traces = [self.cells(found, text, look), *self.states(found, text, look), *self.lines(found, text, look)]
        axes = {
            "xaxis": axis(self.parameters.across, found.x, text, look),
            "yaxis": axis(self.parameters.up, found.y, text, look),
            "margin": {"l": 70, "r": 20, "t": 104, "b": 100},
            "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 14}},
            "bargap": 0, "barmode": "overlay",
        }  # fmt: skip
        return {"data": traces, "layout": frame | axes}

    def subtitle(self, results: Results, text: Text) -> str:
        """What the networks share: all but the two parameters of the plane."""
        experiment = next(iter(results.values())).experiment
        varied = {self.parameters.across.name, self.parameters.up.name}
        parts = [words for name, words in shared(experiment, text).items() if name not in varied]
        return escape(" · ".join(parts)).replace("b_f", "b<sub>f</sub>")

    def cells(self, found: Map, text: Text, look: Look) -> dict[str, Any]:
        reach = REACH[self.colour]
        ticks = np.linspace(-reach, reach, 5)
        numbers = [
            minus(f"{tick:g}") if self.colour == "exponent" else f"10<sup>{minus(f'{tick:g}')}</sup>" for tick in ticks
        ]
        numbers[0], numbers[-1] = f"≤ {numbers[0]}", f"≥ {numbers[-1]}"
        hover = np.full(found.values.shape, "", dtype=object)
        for point in found:
            hover[found.index[point.across, point.up]] = self.hover(point, text)
        return {
            "type": "heatmap", "x": packed(found.x), "y": packed(found.y), "z": packed(found.values),
            "zmin": -reach, "zmax": reach, "colorscale": look.diverging, "zsmooth": False, "hoverinfo": "text",
            "hovertext": hover.tolist(),
            "colorbar": {"thickness": 14, "outlinewidth": 0, "tickvals": ticks.tolist(), "ticktext": numbers,
                         "title": {"text": text(f"figure.phase_diagram.bar.{self.colour}"), "side": "right"}},
        }  # fmt: skip

    def hover(self, point: Point, text: Text) -> str:
        plane = self.parameters
        where = ", ".join(
            f"{one.symbol} = {said(one, value, text)}"
            for one, value in ((plane.across, point.across), (plane.up, point.up))
        )
        return f"{where}<br>{'<br>'.join(self.told(point, text))}"

    def told(self, point: Point, text: Text) -> Iterator[str]:
        attributes, dtype = point.result.data.attrs, point.result.experiment.dtype
        if point.state in ("waiting", "failed"):
            yield text(f"figure.phase_diagram.{point.state}")
        elif point.state == "diverged":
            yield text("outcome.diverged", time=attributes["overflow_time"], dtype=dtype)
        else:
            spread = f" ± {numeral(point.deviation, 2)}" if math.isfinite(point.exponent) else ""
            yield f"λ<sub>1</sub> = {numeral(point.exponent)}{spread}"
            yield text("figure.phase_diagram.left", kept=power_of_ten(point.kept, html=True))
            if point.kept < PRECISIONS[dtype].least:
                yield text("figure.phase_diagram.zero" if point.kept == -math.inf else "figure.below", dtype=dtype)

    def states(self, found: Map, text: Text, look: Look) -> Iterator[dict[str, Any]]:
        """What is no number, or none that training would see, is hatched, each in its own way."""
        x, y = edges(found.x), edges(found.y)
        for state, pattern in PATTERNS.items():
            cells = np.array([found.index[point.across, point.up] for point in found.of_state(state)])
            if not len(cells):
                continue
            row, column = cells.T
            colour = {"diverged": look.alarm, "waiting": look.lines, "below": look.ink}.get(state, look.muted)
            paper = look.faint(look.paper, 0.0) if state == "below" else look.paper
            yield {
                "type": "bar", "x": packed((x[column] + x[column + 1]) / 2), "width": packed(x[column + 1] - x[column]),
                "base": packed(y[row]), "y": packed(y[row + 1] - y[row]),
                "name": text("figure.below", dtype=found.points[0].result.experiment.dtype)
                if state == "below"
                else text(f"figure.phase_diagram.{state}"),
                "showlegend": True, "hoverinfo": "skip",  # the map below says it, and takes the click
                "marker": {"line": {"width": 0}, "color": paper,
                           "pattern": {"shape": pattern, "fgcolor": colour, "bgcolor": paper, "size": 7, "solidity": 0.25}},
            }  # fmt: skip

    def lines(self, found: Map, text: Text, look: Look) -> Iterator[dict[str, Any]]:
        """The measured border, and that of theory where it holds."""
        words = self.parameters.up.spread == "words"
        for (x, y), name, dash in (
            ((found.borders(), found.y), text("figure.phase_diagram.border"), "solid"),
            (self.critical(found), text("figure.phase_diagram.theory"), "dash"),
        ):
            x = np.where((x >= found.x[0]) & (x <= found.x[-1]), x, np.nan)
            if np.isfinite(x).any():
                yield line(*(strokes(x, y) if words else (x, y)), name, dash, look)
        if self.plane == "size" and self.colour == "kept":
            length = horizon(found.points[0].result.experiment)
            height = math.log10(length) if math.isfinite(length) else math.nan
            if found.y[0] <= height <= found.y[-1]:
                name = text("figure.phase_diagram.horizon", length=round(length))
                yield line(found.x[[0, -1]], np.repeat(height, 2), name, "dash", look)

    def critical(self, found: Map) -> tuple[np.ndarray, np.ndarray]:
        """χ = 1 as a curve over the input variance, or as one gain per row."""
        of_rows = found.theory()
        if (
            self.plane != "variance" or not np.isfinite(of_rows[1:]).any()
        ):  # without input more of them lie within theory
            return of_rows, found.y
        gains, drives = critical_line(found.points[0].result.experiment.cell.activation)
        seen = drives <= found.y[-1]
        return gains[seen], drives[seen]

    # — in words and numbers —

    def reading(self, results: Results, text: Text) -> str:
        found = self.map(results)
        if not found.points:
            return text("sentence.phase_diagram.elsewhere")
        computed, waiting = found.of_state("value", "below", "zero", "diverged"), len(found.of_state("waiting"))
        if not computed:
            return text("sentence.phase_diagram.nothing", of=len(found.points))
        told = [self.counted(computed, text)]
        diverged = sum(point.state == "diverged" for point in computed)
        if diverged:
            told.append(text("sentence.phase_diagram.diverged", count=diverged))
        if waiting:
            told.append(text("sentence.phase_diagram.waiting", count=waiting))
        return " ".join([*told, *self.bordered(found, text)])

    def counted(self, points: list[Point], text: Text) -> str:
        if self.colour == "kept":
            low = sum(point.kept < KEPT_WELL for point in points)
            high = sum(point.kept > GROWN for point in points)
        else:
            low = sum(point.exponent < -point.sure for point in points)
            high = sum(point.exponent > point.sure for point in points)
        rest = sum(math.isfinite(point.value(self.colour)) for point in points) - low - high
        rest += sum(point.state == "zero" for point in points)
        return text(f"sentence.phase_diagram.{self.colour}", of=len(points), low=low, high=high, rest=max(rest, 0))

    def bordered(self, found: Map, text: Text) -> Iterator[str]:
        """Where the border lies in one row, the middle one of those that have it, and what theory says of that row."""
        borders, theory = found.borders(), found.theory()
        rows = np.flatnonzero(np.isfinite(borders))
        if self.parameters.across.name != "gain":
            return
        if not len(rows):
            if not found.of_state("waiting"):  # a row that is not full may cross it yet
                yield text("sentence.phase_diagram.no_border")
            return
        both = rows[np.isfinite(theory[rows])]
        chosen = both if len(both) else rows
        row = int(chosen[len(chosen) // 2])
        up = self.parameters.up
        yield text(
            "sentence.phase_diagram.border",
            row=f"{plain(up.symbol)} = {said(up, found.rows[row], text)}",
            gain=place(borders[row]),
        )
        yield (
            text("sentence.phase_diagram.theory", gain=place(theory[row]))
            if len(both)
            else text("sentence.phase_diagram.no_theory")
        )

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row of the map a row, from above."""
        found = self.map(results)
        borders, theory, up = found.borders(), found.theory(), self.parameters.up
        rows = []
        for k in range(len(found.rows) - 1, -1, -1):
            values = found.values[k][np.isfinite(found.values[k])]
            ends = [self.number(value) for value in (values.min(), values.max())] if len(values) else ["—", "—"]
            rows.append(
                {
                    text(f"parameter.{up.name}.label"): said(up, found.rows[k], text),
                    text("figure.phase_diagram.border"): place(borders[k]),
                    text("figure.phase_diagram.theory_short"): place(theory[k]),
                    text("table.smallest"): ends[0],
                    text("table.largest"): ends[1],
                }
            )
        return pd.DataFrame(rows)

    def number(self, value: float) -> str:
        return numeral(value) if self.colour == "exponent" else power_of_ten(value)

    def data(self, results: Results) -> pd.DataFrame:
        """A row per network."""
        across, up = self.parameters.across.name, self.parameters.up.name
        places = {id(result): name for name, result in results.items()}
        rows = [
            {"curve": places[id(point.result)], across: point.across, up: point.up, "exponent": point.exponent,
             "deviation": point.deviation, "log10_kept": point.kept, "outcome": point.result.data.attrs["outcome"]}
            for point in self.map(results)
        ]  # fmt: skip
        return pd.DataFrame(rows)


# — parts —


def shared(experiment: Experiment, text: Text) -> dict[str, str]:
    """What a map is of, by the parameter that says it."""
    e = experiment
    drive = {"noise": f"s² = {getattr(e.task, 'variance', 0):.3g}"}.get(
        e.task.kind, text(f"option.task.{e.task.kind}.label")
    )
    gain = getattr(e.initializer.scale, "gain", None)
    bias = getattr(getattr(e.cell, "forget_bias", None), "value", None)
    said = {
        "cell": text(f"option.cell.{e.cell.kind}.short"),
        "activation": text(f"option.activation.{e.cell.activation}.label"),
        "initializer": text(f"option.initializer.{e.initializer.kind}.label"),
        "gain": "" if gain is None else f"g = {gain:.3g}",
        "forget_bias": "" if bias is None else f"b_f = {bias:.3g}",
        "variance": drive,
        "hidden_size": f"H = {e.cell.hidden_size}",
        "sequence_length": f"T = {e.task.sequence_length}",
        "examples": f"N = {e.batch_size}",
        "seed": f"{text('parameter.seed.label')} {e.seed}",
        "dtype": e.dtype,
    }
    return {name: words for name, words in said.items() if words}


def place(gain: float) -> str:
    return "—" if math.isnan(gain) else f"{gain:.2f}"


def plain(symbol: str) -> str:
    """A symbol outside a figure."""
    return symbol.replace("<sub>", "_").replace("</sub>", "")
