"""The chain rule as a graph: into every value an arrow from every value before it; one factor is picked out."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, ModelPerLength
from rnnviz.demonstrations.model_per_length import LONGEST
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text

POINTS = 24  # of each arc


class ChainRuleGraph(DemonstrationFigure):
    """P(x_1, …, x_T) = Π_t P(x_t | x_{t−1}, …, x_1): arcs into x_t are its condition, and AR(τ) keeps some."""

    draws = ModelPerLength

    kind: Literal["chain_rule_graph"] = Field("chain_rule_graph", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows, t = self.data(shown), chosen(shown)
        into = rows[rows["later"] == t]
        groups = (
            (rows[rows["later"] != t], "others", look.faint(look.muted, 0.25), 1.0),
            (into[~into["shared"]], "naive", look.colour("lstm"), 2.0),
            (into[into["shared"]], "shared", look.colour("elman"), 3.5),
        )
        traces = [
            arcs(some, text(f"figure.chain_rule_graph.{name}", tau=tau(shown), t=t), colour, width)
            for some, name, colour, width in groups if len(some)
        ]  # fmt: skip
        layout = look.layout(
            text("figure.chain_rule_graph.title"), about(shown.demonstration, text), uirevision="chain_rule_graph"
        ) | {
            "xaxis": {"visible": False, "range": [0.3, LONGEST + 0.7], "fixedrange": True},
            "yaxis": {"visible": False, "range": [-0.17, 1.05], "fixedrange": True},
            "margin": {"l": 20, "r": 20, "t": 84, "b": 90},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.03, "yanchor": "top", "font": {"size": 14}},
            "annotations": [named_factor(t, look), *(label(k, t, look) for k in (1, 5, 10, 15, LONGEST) if abs(k - t) > 1)],
        }  # fmt: skip
        return {"data": [*traces, nodes(t, look)], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        t = chosen(shown)
        kept = min(t - 1, tau(shown))
        return text(
            "sentence.chain_rule_graph", t=t, arrows=t - 1, kept=kept, tau=tau(shown), all=LONGEST * (LONGEST - 1) // 2
        )

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The factors about the chosen one."""
        t, columns = (
            chosen(shown),
            ("t", text("figure.chain_rule_graph.factor"), text("figure.chain_rule_graph.values")),
        )
        steps = range(max(1, t - 5), min(LONGEST, t + 5) + 1)
        return pd.DataFrame([(k, factor(k), k - 1) for k in steps], columns=columns)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each arrow."""
        pairs = [(early, late) for late in range(1, LONGEST + 1) for early in range(1, late)]
        rows = pd.DataFrame(pairs, columns=["earlier", "later"])
        return rows.assign(shared=rows["later"] - rows["earlier"] <= tau(shown))


def chosen(shown: Demonstrated) -> int:
    return int(str(shown.demonstration.flat()["chosen_length"]))


def tau(shown: Demonstrated) -> int:
    return int(str(shown.demonstration.flat()["tau"]))


def factor(t: int) -> str:
    """P(x₃ | x₂, x₁), in plain letters."""
    before = {1: "", 2: " | x_1", 3: " | x_2, x_1"}.get(t, f" | x_{t - 1}, …, x_1")
    return f"P(x_{t}{before})"


def named_factor(t: int, look: Look) -> dict[str, Any]:
    """The factor under its value, pushed inside at either end."""
    side = "left" if t < LONGEST / 3 else "right" if t > 2 * LONGEST / 3 else "center"
    said = factor(t).replace("P", "<i>P</i>", 1)
    for k in sorted({1, 2, t - 1, t}, reverse=True):
        said = said.replace(f"x_{k}", f"<i>x</i><sub>{k}</sub>")
    return {"x": t, "y": -0.07, "text": said, "showarrow": False, "yanchor": "top", "xanchor": side,
            "font": {"size": 17, "color": look.colour("lstm")}}  # fmt: skip


def label(k: int, t: int, look: Look) -> dict[str, Any]:
    """The name of a value, above the row of nodes where the factor of t leaves no room below."""
    near = abs(k - t) < LONGEST / 3
    return {"x": k, "y": 0.0 if near else -0.04, "text": "" if near else f"<i>x</i><sub>{k}</sub>", "showarrow": False,
            "yanchor": "top", "font": {"size": 13, "color": look.muted}}  # fmt: skip


def nodes(t: int, look: Look) -> dict[str, Any]:
    steps = np.arange(1, LONGEST + 1)
    colours = [look.colour("lstm") if k == t else look.ink if k < t else look.muted for k in steps]
    return {
        "type": "scatter", "mode": "markers", "x": packed(steps), "y": packed(np.zeros(LONGEST)), "showlegend": False,
        "marker": {"size": [15 if k == t else 9 for k in steps], "color": colours},
        "hovertemplate": "<i>x</i><sub>%{x}</sub><extra></extra>",
    }  # fmt: skip


def arcs(rows: pd.DataFrame, name: str, colour: str, width: float) -> dict[str, Any]:
    """Half ellipses from each earlier value to the later one, as high as they are far; NaN between them."""
    angle = np.append(np.linspace(np.pi, 0, POINTS), np.nan)
    early, late = (rows[column].to_numpy()[:, None] for column in ("earlier", "later"))
    x = (early + late) / 2 + (late - early) / 2 * np.cos(angle)
    y = (late - early) / (LONGEST - 1) * np.sin(angle)
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": packed(x.ravel()), "y": packed(y.ravel()),
        "line": {"color": colour, "width": width}, "hoverinfo": "skip",
    }  # fmt: skip
