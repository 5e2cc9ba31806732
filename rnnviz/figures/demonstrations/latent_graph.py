"""The latent autoregressive model as a graph: one summary, handed from step to step, and the values beside it."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, LatentModels
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text

COLUMNS = 6  # time steps that are drawn
HEIGHT = {"x": 0.0, "h": 1.0, "y": 2.0}  # of the rows: values, hidden states, forecasts
NAMES = {"x": "<i>x</i><sub>{}</sub>", "h": "<i>h</i><sub>{}</sub>", "y": "<i>x̂</i><sub>{}</sub>"}


class LatentGraph(DemonstrationFigure):
    """x_{t−1} and h_{t−1} make h_t, and h_t makes x̂_t. Thin: what the hybrid sees besides, shown for the last step."""

    draws = LatentModels

    kind: Literal["latent_graph"] = Field("latent_graph", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        rows = self.data(shown)
        colours = {"input": look.ink, "recurrence": look.colour("lstm"), "readout": look.colour("gru"),
                   "window": look.colour("elman")}  # fmt: skip
        legend = [
            {"type": "scatter", "mode": "lines", "x": packed(pd.Series([float("nan")]).to_numpy()),
             "y": packed(pd.Series([float("nan")]).to_numpy()),
             "name": text(f"figure.latent_graph.{kind}", tau=shown.demonstration.flat()["tau"]),
             "line": {"color": colour, "width": 3}, "hoverinfo": "skip"}
            for kind, colour in colours.items()
        ]  # fmt: skip
        layout = look.layout(
            text("figure.latent_graph.title"), about(shown.demonstration, text), uirevision="latent_graph"
        ) | {
            "xaxis": {"visible": False, "range": [0.4, COLUMNS + 0.6], "fixedrange": True},
            "yaxis": {"visible": False, "range": [-0.4, 2.4], "fixedrange": True},
            "margin": {"l": 20, "r": 20, "t": 84, "b": 100},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.02, "yanchor": "top", "font": {"size": 14}},
            "annotations": [arrow(row, colours[str(row.kind)]) for row in rows.itertuples()],
        }  # fmt: skip
        return {"data": [*legend, *nodes(look)], "layout": layout}

    def reading(self, shown: Demonstrated, text: Text) -> str:
        words = shown.demonstration.flat()
        return text("sentence.latent_graph", units=words["hidden_size"], tau=words["tau"])

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """The arrows of the last step."""
        rows = self.data(shown)
        rows = rows[rows["to_step"] == COLUMNS].head(12)
        kinds = rows["kind"].map(
            lambda kind: text(f"figure.latent_graph.{kind}", tau=shown.demonstration.flat()["tau"])
        )
        letters = {"x": "x", "h": "h", "y": "x̂"}
        ends = {
            text(f"figure.latent_graph.{end}"): rows[end].map(letters) + "_" + rows[f"{end}_step"].astype(str)
            for end in ("from", "to")
        }
        return pd.DataFrame({**ends, text("figure.latent_graph.kind"): kinds})

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each arrow; step 0 is where h begins, at 0."""
        kept = min(int(str(shown.demonstration.flat()["tau"])), COLUMNS - 1)
        steps = range(1, COLUMNS + 1)
        rows = [
            *(("input", "x", t - 1, "h", t) for t in steps[1:]),
            *(("recurrence", "h", t - 1, "h", t) for t in steps[1:]),
            *(("readout", "h", t, "y", t) for t in steps),
            *(("window", "x", COLUMNS - k, "y", COLUMNS) for k in range(1, kept + 1)),
        ]
        return pd.DataFrame(rows, columns=["kind", "from", "from_step", "to", "to_step"])


def arrow(row: Any, colour: str) -> dict[str, Any]:
    """From node to node, with room at both ends for their discs; `from` is a word of Python's, so by its place."""
    _, kind, start, begin, end, finish = row
    thin = kind == "window"
    return {
        "x": finish, "y": HEIGHT[end], "ax": begin, "ay": HEIGHT[start], "xref": "x", "yref": "y", "axref": "x",
        "ayref": "y", "showarrow": True, "arrowhead": 3, "arrowsize": 1.1, "arrowwidth": 1.6 if thin else 2.4,
        "arrowcolor": colour, "standoff": 16, "startstandoff": 16, "text": "", "opacity": 0.75 if thin else 1,
    }  # fmt: skip


def nodes(look: Look) -> list[dict[str, Any]]:
    colours = {"x": look.ink, "h": look.colour("lstm"), "y": look.colour("gru")}
    steps = pd.Series(range(1, COLUMNS + 1))
    return [
        {
            "type": "scatter", "mode": "markers+text", "x": packed(steps.to_numpy()), "showlegend": False,
            "y": packed((0 * steps + HEIGHT[row]).to_numpy()), "text": [NAMES[row].format(t) for t in steps],
            "marker": {"size": 30, "color": look.paper, "line": {"color": colour, "width": 2}},
            "textfont": {"size": 13, "color": colour}, "hoverinfo": "skip",
        }
        for row, colour in colours.items()
    ]  # fmt: skip
