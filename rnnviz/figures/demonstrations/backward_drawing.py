"""The unrolled network of one unit, step by step: forward to the loss, back again, and what each step adds to ∂L/∂w."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import BackwardPass, Demonstrated
from rnnviz.demonstrations.backward_pass import MOST_STEPS
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

THERE, INPUT, BACK, SHARE = 3.0, 2.2, 1.0, 0.0  # heights of the rows
WIDE, TALL = 0.36, 0.3  # half a node, in columns and in rows: so it never covers its neighbour, however narrow the page
LAST = 2 * MOST_STEPS + 1  # moments of the longest network: every step there, the loss, every step back


class BackwardDrawing(DemonstrationFigure):
    """Upper row: h_0 … h_T and L, computed from left to right. Lower row: ∂L/∂h_t, from right to left, with the factors.

    `moment` counts what has been computed: steps forward, the loss, steps back. What lies farther back than
    `truncation_length` steps is not gone to.
    """

    draws = BackwardPass

    kind: Literal["backward_drawing"] = Field("backward_drawing", repr=False)
    moment: Annotated[int, Range(0, LAST, unit="moments")] = LAST
    truncation_length: Annotated[int, Range(1, MOST_STEPS, symbol="τ", unit="time steps")] = MOST_STEPS

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        at = Moment(self, shown.data)
        ticks = {THERE: "<i>h</i><sub>t</sub>", INPUT: "<i>x</i><sub>t</sub>", BACK: "∂<i>L</i>/∂<i>h</i><sub>t</sub>",
                 SHARE: text("figure.backward_drawing.share")}  # fmt: skip
        names = [f"t = {t}" if t else "0" for t in range(at.steps + 1)] + ["<i>L</i>"]
        layout = look.layout(
            text("figure.backward_drawing.title"), about(shown.demonstration, text), uirevision="backward_drawing"
        ) | {
            "xaxis": look.axis(range=[-0.45, at.steps + 1.45], tickvals=list(range(at.steps + 2)), ticktext=names,
                               side="top", showgrid=False, fixedrange=True, ticks="", showline=False),
            "yaxis": look.axis(range=[-0.45, 3.6], tickvals=list(ticks), ticktext=list(ticks.values()), showgrid=False,
                               fixedrange=True, ticks="", showline=False),
            "margin": {"l": 70, "r": 10, "t": 120, "b": 104}, "showlegend": False,
            "meta": {"film": self.film(shown, text, look)}, **self.frame(at, text, look),
        }  # fmt: skip
        return {"data": [*self.numbers(at, text, look)], "layout": layout}

    def frame(self, at: Moment, text: Text, look: Look) -> dict[str, Any]:
        notes = [*self.arrows(at, look), *self.shares(at, look), *self.lines(at, text, look)]
        return {"annotations": notes, "shapes": self.rims(at, look)}

    def film(self, shown: Demonstrated, text: Text, look: Look) -> dict[str, Any]:
        """Every moment as a picture, for `export/play.js`."""
        moments = range(2 * shown.data.sizes["time"] + 2)
        pictures = []
        for moment in moments:
            at = Moment(self.model_copy(update={"moment": moment}), shown.data)
            rows = list(self.numbers(at, text, look))
            lines = {name: [row[name] for row in rows] for name in ("text", "hovertext")}
            pictures.append({"lines": lines, "frame": self.frame(at, text, look)})
        words = {name: text(f"figure.film.{name}") for name in ("play", "pause")}
        words["step"] = text("figure.backward_drawing.step")
        asked = [shown.demonstration.key, self.moment, self.truncation_length]
        return {"updates": list(moments), "pictures": pictures, "traces": [0, 1], "asked": str(asked), "words": words}

    def places(self, at: Moment) -> Iterator[Node]:
        """All nodes, those still ahead too."""
        for t in range(at.steps + 1):
            yield Node(t, THERE, float(at.state[t]), at.moment >= t, at.moment == t)
        yield Node(at.steps + 1, THERE, at.loss, at.judged, at.moment == at.steps + 1)
        for t in range(1, at.steps + 1):
            yield Node(t, BACK, float(at.adjoint[t - 1]), at.reached(t), at.back_at == t)

    def numbers(self, at: Moment, text: Text, look: Look) -> Iterator[dict[str, Any]]:
        """What stands in the nodes that are computed, a trace for each row."""
        for row, name in ((THERE, "there"), (BACK, "back")):
            nodes = [node for node in self.places(at) if node.row == row]
            yield {
                "type": "scatter", "mode": "text", "name": text(f"figure.backward_drawing.{name}"),
                "x": packed(np.array([node.column for node in nodes])), "y": packed(np.full(len(nodes), row)),
                "text": [short(node.value) if node.done else "" for node in nodes],
                "textfont": {"size": 13, "color": look.ink},
                "hovertext": [numeral(node.value, 6) if node.done else "" for node in nodes],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }  # fmt: skip

    def rims(self, at: Moment, look: Look) -> list[dict[str, Any]]:
        """Filled where computed, empty where still ahead, with a thick rim where the computation is."""
        colours = {THERE: look.colour("elman"), BACK: look.colour("lstm")}
        return [
            {
                "type": "circle" if node.row == THERE else "rect", "layer": "below",
                "x0": node.column - WIDE, "x1": node.column + WIDE, "y0": node.row - TALL, "y1": node.row + TALL,
                "fillcolor": look.faint(colours[node.row], 0.22 if node.done else 0.0),
                "line": {"color": colours[node.row] if node.done else look.lines, "width": 4 if node.now else 2},
            }
            for node in self.places(at)
        ]  # fmt: skip

    def arrows(self, at: Moment, look: Look) -> list[dict[str, Any]]:
        """Forward along h, up from x, down from L; and back along ∂L/∂h with the factor of each step, red unless it is 1."""
        notes = []
        for t in range(1, at.steps + 2):
            done = at.moment >= t
            notes.append(arrow((t - 1 + WIDE, THERE), (t - WIDE, THERE), look.ink if done else look.lines))
            if t <= at.steps:
                x = {
                    "x": t,
                    "y": INPUT,
                    "text": numeral(float(at.input[t - 1])),
                    "font": {"size": 13, "color": look.muted},
                }
                notes.append({**x, "showarrow": False})
                notes.append(arrow((t, INPUT + 0.17), (t, THERE - TALL), look.muted if done else look.lines))
        notes.append(
            arrow(
                (at.steps + 1, THERE - TALL), (at.steps + WIDE, BACK), look.ink if at.reached(at.steps) else look.lines
            )
        )
        for t in range(at.steps, 1, -1):
            tone, done = look.alarm if abs(at.factor[t - 1]) != 1 else look.ink, at.reached(t - 1)
            notes.append(arrow((t - WIDE, BACK), (t - 1 + WIDE, BACK), tone if done else look.lines))
            word = (
                "✂"
                if at.cut(t - 1) > at.cut(t) and at.judged
                else times(short(float(at.factor[t - 1])))
                if done
                else ""
            )
            notes.append({"x": t - 0.5, "y": BACK + 0.5, "text": f"<b>{word}</b>", "showarrow": False,
                          "font": {"size": 13, "color": tone if done else look.muted}})  # fmt: skip
        return notes

    def shares(self, at: Moment, look: Look) -> list[dict[str, Any]]:
        return [
            {"x": t, "y": SHARE, "text": short(float(at.share[t - 1])), "showarrow": False,
             "font": {"size": 14, "color": look.ink}}
            for t in at.gone
        ]  # fmt: skip

    def lines(self, at: Moment, text: Text, look: Look) -> list[dict[str, Any]]:
        """Below the drawing: the product of derivatives so far, and the sum of the shares so far."""
        if not at.gone:
            return []
        first = at.gone[-1]
        factors = [numeral(float(f)) for f in at.factor[first:][::-1]]
        derivative = f"∂<i>h</i><sub>{at.steps}</sub>/∂<i>h</i><sub>{first}</sub>"
        product = " · ".join(bracketed(factors)) + (f" = {numeral(at.product(first))}" if len(factors) > 1 else "")
        told = [f'{derivative} = <span style="color:{look.alarm}"><b>{product}</b></span>'] if factors else []
        terms = bracketed([numeral(float(at.share[t - 1])) for t in at.gone[::-1]])
        whole = f" = {numeral(at.sum)}" if len(terms) > 1 else ""
        sums = [" + ".join(terms[:2]), *(f"+ {term}" for term in terms[2:])]
        narrow = "<br>   " if len("".join(terms)) > 20 else " "  # a phone has room for two long terms
        told.append(f"{text('figure.backward_drawing.gradient')} = {sums[0]}{narrow}{' '.join(sums[1:])}{whole}")
        return [
            {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 0, "yanchor": "top", "yshift": -14 - 30 * k,
             "xshift": -44, "align": "left", "showarrow": False, "text": line, "font": {"size": 14}}
            for k, line in enumerate(told)
        ]  # fmt: skip

    def reading(self, shown: Demonstrated, text: Text) -> str:
        at = Moment(self, shown.data)
        if at.moment <= at.steps:
            value = numeral(float(at.state[at.moment]))
            return text("sentence.backward_drawing.there", time=at.moment, steps=at.steps, state=value)
        if not at.gone:
            return text("sentence.backward_drawing.loss", loss=numeral(at.loss), steps=at.steps)
        said = {"time": at.gone[-1], "sum": numeral(at.sum), "whole": numeral(float(at.share.sum())),
                "autograd": numeral(at.by_autograd), "truncation": len(at.gone)}  # fmt: skip
        if at.moment < 2 * at.steps + 1 and len(at.gone) < self.truncation_length:
            adjoint = numeral(float(at.adjoint[at.gone[-1] - 1]))
            return text("sentence.backward_drawing.back", adjoint=adjoint, **said)
        return text(f"sentence.backward_drawing.{'whole' if len(at.gone) == at.steps else 'cut'}", **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        rows = self.data(shown).drop(columns="input").set_index("time")
        names = {"state": "h_t", "slope": "φ′(a_t)", "factor": "∂h_t/∂h_{t−1}", "adjoint": "∂L/∂h_t",
                 "share": "[∂L/∂w]_t"}  # fmt: skip
        return rows.rename(columns=names).map(numeral).rename_axis("t").reset_index()

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each time step."""
        of_steps = shown.data[["input", "slope", "factor", "adjoint", "share"]].to_dataframe()
        of_steps.insert(1, "state", shown.data["state"].values[1:])
        return of_steps.reset_index()


class Node(NamedTuple):
    """One number of the drawing, where it stands, and whether it has been computed: before, or just now."""

    column: int
    row: float
    value: float
    done: bool
    now: bool


class Moment:
    """What has been computed by a moment, and the numbers."""

    def __init__(self, figure: BackwardDrawing, data: xr.Dataset):
        self.steps, self.loss, self.by_autograd = data.sizes["time"], float(data["loss"]), float(data["by_autograd"])
        self.state, self.input, self.factor = (data[name].values for name in ("state", "input", "factor"))
        self.adjoint, self.share = data["adjoint"].values, data["share"].values
        self.moment = min(figure.moment, 2 * self.steps + 1)
        self.window = min(figure.truncation_length, self.steps)

    @property
    def judged(self) -> bool:
        return self.moment > self.steps

    @property
    def back_at(self) -> int:
        """The step that the way back has come to, T … 1; above T while it has not begun."""
        return 2 * self.steps + 2 - self.moment

    def went(self, t: int) -> bool:
        return t >= self.back_at

    def cut(self, t: int) -> bool:
        return t <= self.steps - self.window

    def reached(self, t: int) -> bool:
        return self.went(t) and not self.cut(t)

    @property
    def gone(self) -> list[int]:
        """The steps that the way back has passed, in its order."""
        return [t for t in range(self.steps, 0, -1) if self.reached(t)]

    @property
    def sum(self) -> float:
        """∂L/∂w as far as the way back has come."""
        return float(sum(self.share[t - 1] for t in self.gone))

    def product(self, first: int) -> float:
        """∂h_T/∂h_first."""
        return float(np.prod(self.factor[first:]))


def short(value: float) -> str:
    """With three decimals, as much as fits into a node on a phone; small values in one digit."""
    return numeral(round(value, 3)) if abs(value) >= 0.001 or value == 0 else numeral(value, 1)


def times(factor: str) -> str:
    """With its sign of multiplication, unless its own sign takes the room."""
    return factor if factor.startswith("−") else f"×{factor}"


def bracketed(numbers: list[str]) -> list[str]:
    """Negative numbers after the first in brackets, so that no two signs follow each other."""
    return [f"({number})" if k and number.startswith("−") else number for k, number in enumerate(numbers)]


def arrow(tail: tuple[float, float], head: tuple[float, float], colour: str) -> dict[str, Any]:
    return {"x": head[0], "y": head[1], "ax": tail[0], "ay": tail[1], "xref": "x", "yref": "y", "axref": "x",
            "ayref": "y", "showarrow": True, "arrowhead": 2, "arrowsize": 1.1, "arrowwidth": 1.8, "arrowcolor": colour,
            "text": ""}  # fmt: skip
