"""The vanilla network drawn once for each time step, with every number of its forward pass."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, ForwardPass
from rnnviz.demonstrations.forward_pass import STEPS
from rnnviz.figures.demonstrations.arrows import Path, arrows
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import minus

MATRICES = ("xh", "hh", "hy")  # in the order of the curves
NAMES = {name: f"<i>W</i><sub>{name}</sub>" for name in MATRICES}
X, H, Y = 0.0, 1.0, 2.0  # heights of the three rows


class UnrolledNetwork(DemonstrationFigure):
    """Above, x_t, h_t and y_t of every step up to `at` and the three matrices between; below, step `at` in numbers.

    All arrows of one matrix are one curve: in a browser they light up together under the pointer.
    """

    draws = ForwardPass

    kind: Literal["unrolled_network"] = Field("unrolled_network", repr=False)
    at: Annotated[int, Range(1, STEPS, symbol="t", unit="time steps")] = 1

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        inks = colours(look)
        traces = [
            arrows(ends(matrix), NAMES[matrix], inks[matrix],
                   text("figure.unrolled_network.hover", matrix=NAMES[matrix], values=said_matrix(shown, matrix)))
            for matrix in MATRICES
        ]  # fmt: skip
        hidden = {"visible": False, "fixedrange": True}
        layout = look.layout(
            text("figure.unrolled_network.title"), about(shown.demonstration, text), uirevision="unrolled"
        ) | {
            "xaxis": {**hidden, "range": [-0.45, STEPS + 0.45]},
            "yaxis": {**hidden, "range": [-0.4, 2.4], "domain": [0.43, 1]},
            "margin": {"l": 12, "r": 12, "t": 84, "b": 56},
            "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 15}},
            "annotations": [*self.nodes(shown, look), *self.calculation(shown, text, look)],
            "meta": {"alike": list(range(len(MATRICES)))},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def nodes(self, shown: Demonstrated, look: Look) -> list[dict[str, Any]]:
        """A box for every vector, with its numbers once they have been computed."""
        data = shown.data
        boxes = [self.box(0, H, "h", data["hidden_state"].values[0], look)]
        for t in range(1, STEPS + 1):
            boxes.append(self.box(t, X, "x", data["x"].values[t - 1 : t], look))
            boxes.append(self.box(t, H, "h", data["hidden_state"].values[t], look))
            boxes.append(self.box(t, Y, "y", data["output"].values[t - 1 : t], look))
        return boxes

    def box(self, t: int, height: float, letter: str, values: np.ndarray, look: Look) -> dict[str, Any]:
        known = t <= self.at
        name = f"<i>{letter}</i><sub>{t}</sub>"
        lines = [f"<b>{name}</b>" if t == self.at else name, *(map(brief, values) if known else "·" * len(values))]
        return {
            "x": t, "y": height, "text": "<br>".join(lines), "showarrow": False, "align": "center", "borderpad": 3,
            "bgcolor": look.paper, "bordercolor": look.ink if t == self.at else look.lines, "borderwidth": 1.5,
            "font": {"size": 12, "color": look.ink if known else look.muted},
        }  # fmt: skip

    def calculation(self, shown: Demonstrated, text: Text, look: Look) -> list[dict[str, Any]]:
        return [
            {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 0.37, "yanchor": "top", "align": "left",
             "showarrow": False, "text": "<br>".join(self.lines(shown, text, look)), "font": {"size": 13}}
        ]  # fmt: skip

    def lines(self, shown: Demonstrated, text: Text, look: Look) -> list[str]:
        """Step `at`, unit by unit: what is summed, what φ makes of it, and the answer."""
        data, t, inks = shown.data, self.at, colours(look)

        def of(matrix: str, words: str) -> str:
            return f'<span style="color:{inks[matrix]}">{words}</span>'

        before, now, x = data["hidden_state"].values[t - 1], data["hidden_state"].values[t], data["x"].values[t - 1]
        phi = text(f"option.activation.{shown.demonstration.flat()['activation']}.label")
        told = []
        for j in range(len(now)):
            hidden = of("hh", products(data["weight_hh"].values[j], before))
            read = of("xh", products(data["weight_xh"].values[j : j + 1], np.array([x])))
            told.append(f"<i>a</i><sub>{j + 1}</sub> = {hidden} + {read} + {factor(data['bias'].values[j])}")
            a, h = data["preactivation"].values[t - 1, j], now[j]
            told.append(f"    ≈ {brief(a)},  <i>h</i><sub>{j + 1}</sub> = {phi}({brief(a)}) ≈ <b>{brief(h)}</b>")
        answer = of("hy", products(data["weight_hy"].values, now))
        return [*told, f"<i>y</i> = {answer} ≈ <b>{brief(data['output'].values[t - 1])}</b>"]

    def reading(self, shown: Demonstrated, text: Text) -> str:
        before, now = shown.data["hidden_state"].values[self.at - 1 : self.at + 1]
        told = {"time": self.at, "before": self.at - 1, "was": said_vector(before), "now": said_vector(now)}
        return text("sentence.unrolled_network", **told, output=brief(shown.data["output"].values[self.at - 1]))

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """A row for each step, its vectors in words."""
        data = shown.data
        return pd.DataFrame(
            {
                "t": range(1, STEPS + 1),
                "x_t": map(brief, data["x"].values),
                "h_{t−1}": map(said_vector, data["hidden_state"].values[:-1]),
                "a_t": map(said_vector, data["preactivation"].values),
                "h_t": map(said_vector, data["hidden_state"].values[1:]),
                "y_t": map(brief, data["output"].values),
            }
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each step and unit."""
        data = shown.data
        t, unit = (index.ravel() for index in np.indices(data["preactivation"].shape))
        return pd.DataFrame(
            {
                "time": t + 1, "unit": unit + 1, "x": data["x"].values[t], "h_before": data["hidden_state"].values[t, unit],
                "a": data["preactivation"].values[t, unit], "h": data["hidden_state"].values[t + 1, unit],
                "y": data["output"].values[t],
            }
        )  # fmt: skip


def colours(look: Look) -> dict[str, str]:
    return {"xh": look.colour("gru"), "hh": look.colour("elman"), "hy": look.colour("lstm")}


def ends(matrix: str) -> list[Path]:
    """From where to where its arrows go: x_t → h_t, h_{t−1} → h_t, h_t → y_t."""
    match matrix:
        case "xh":
            return [((t, X + 0.2), (t, H - 0.33)) for t in range(1, STEPS + 1)]
        case "hh":
            return [((t - 0.75, H), (t - 0.32, H)) for t in range(1, STEPS + 1)]
    return [((t, H + 0.3), (t, Y - 0.24)) for t in range(1, STEPS + 1)]


def brief(value: float) -> str:
    """To three decimals, as few as it takes."""
    said = f"{value:.3f}".rstrip("0").rstrip(".")
    return minus("0" if said == "-0" else said)


def factor(value: float) -> str:
    """A number inside a product or a sum: in brackets if it is negative."""
    said = brief(value)
    return f"({said})" if said.startswith("−") else said


def products(weights: np.ndarray, values: np.ndarray) -> str:
    return " + ".join(f"{factor(w)}·{factor(v)}" for w, v in zip(weights, values, strict=True))


def said_vector(values: np.ndarray) -> str:
    return f"({', '.join(map(brief, values))})"


def said_matrix(shown: Demonstrated, matrix: str) -> str:
    """Row by row, as its arrows say it."""
    rows = np.atleast_2d(shown.data[f"weight_{matrix}"].values)
    rows = rows.T if matrix == "xh" else rows
    return "<br>".join("[" + "  ".join(map(brief, row)) + "]" for row in rows)
