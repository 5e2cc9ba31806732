"""A network that learns to spell: its loss, its gradient and the word that it types, over all updates."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.demonstrations import Demonstrated, Spelling
from rnnviz.demonstrations.spelling import MEMORY, UPDATES
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.demonstrations.spelling_steps import memory_of, typed_at
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.figures.training.panels import decades_ticks
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

NAMES = {
    "weight_ih_l0": "<i>W</i><sub>xh</sub>",
    "weight_hh_l0": "<i>W</i><sub>hh</sub>",
    "weight_hy": "<i>W</i><sub>hy</sub>",
}
TABLED = (0, 1, 2, 5, 10, 20, 30, 50, 70, UPDATES)


class SpellingCourse(DemonstrationFigure):
    """Above, the loss with and without W_hh, and the least that the present letter alone allows. In the middle, the norms
    of the gradient's parts. Below, which letters of the word are right when the network types it by itself.
    """

    draws = Spelling

    kind: Literal["spelling_course"] = Field("spelling_course", repr=False)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        layout = look.layout(
            text("figure.spelling_course.title"), about(shown.demonstration, text), uirevision="spelling_course"
        )
        inside = {
            "x": 1,
            "xanchor": "right",
            "yanchor": "top",
            "bgcolor": look.faint(look.paper, 0.8),
            "font": {"size": 13},
        }
        layout |= self.axes(shown, text, look) | {
            "legend": {**inside, "y": 1.0},
            "legend2": {**inside, "orientation": "h", "y": 0.575, "yanchor": "bottom"},
            "margin": {"l": 70, "r": 20, "t": 84, "b": 60},
        }
        return {"data": [*losses(shown, text, look), *gradients(shown, look), spelled(shown, look)], "layout": layout}

    def axes(self, shown: Demonstrated, text: Text, look: Look) -> dict[str, Any]:
        word = shown.data["letter"].values[shown.data["at_place"].values]
        norms = log_norms(shown)
        low, high = np.nanmin(norms) - 0.2, np.nanmax(norms) + 0.2
        places = {
            "tickvals": list(range(len(word))),
            "ticktext": list(word),
            "autorange": "reversed",
            "showgrid": False,
        }
        return {
            "xaxis": look.axis(range=[0, UPDATES], anchor="y3", title={"text": text("figure.spelling_course.x")}),
            "yaxis": look.axis(domain=[0.64, 1], rangemode="tozero", title={"text": text("figure.spelling_course.loss")}),
            "yaxis2": look.axis(domain=[0.27, 0.58], range=[low, high], autorange=False, **decades_ticks(low, high),
                                title={"text": text("figure.spelling_course.gradient")}),
            "yaxis3": look.axis(domain=[0, 0.21], title={"text": text("figure.spelling_course.typed")}, **places),
        }  # fmt: skip

    def reading(self, shown: Demonstrated, text: Text) -> str:
        end = shown.data["loss"].sel(update=UPDATES)
        said = {memory: numeral(float(end.sel(of_memory=memory))) for memory in MEMORY}
        return text("sentence.spelling_course", updates=UPDATES, least=numeral(float(shown.data["least_loss"])), **said)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """Some updates: both losses, the gradient, and the word typed."""
        rows, here = shown.data.sel(update=list(TABLED)), memory_of(shown)
        return pd.DataFrame(
            {
                text("figure.spelling_course.x"): TABLED,
                **{
                    text(f"option.memory.{memory}.label"): [
                        numeral(v) for v in rows["loss"].sel(of_memory=memory).values
                    ]
                    for memory in MEMORY
                },
                text("table.gradient_length"): [numeral(v) for v in rows["gradient_norm"].sel(of_memory=here).values],
                text("table.word_typed"): ["".join(typed_at(shown, update)[0]) for update in TABLED],
            }
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each update and memory."""
        return shown.data[["loss", "gradient_norm", "right"]].to_dataframe().reset_index()


def losses(shown: Demonstrated, text: Text, look: Look) -> list[dict[str, Any]]:
    colours = {"kept": look.colour("lstm"), "cut": look.colour("elman")}
    line = {"type": "scatter", "mode": "lines", "xaxis": "x", "yaxis": "y"}
    curves = [
        {**line, "x": packed(np.arange(UPDATES + 1.0)), "y": packed(shown.data["loss"].sel(of_memory=memory).values),
         "name": text(f"option.memory.{memory}.label"), "line": {"color": colours[memory], "width": 3},
         "hovertemplate": "u = %{x}: %{y:.3f}<extra></extra>"}
        for memory in MEMORY
    ]  # fmt: skip
    least = {
        **line, "x": [0, UPDATES], "y": [float(shown.data["least_loss"])] * 2, "hoverinfo": "skip",
        "name": text("figure.spelling_course.least"), "line": {"color": look.muted, "dash": "dash", "width": 2},
    }  # fmt: skip
    return [*curves, least]


def log_norms(shown: Demonstrated) -> np.ndarray:
    """log₁₀ ‖∂L/∂W‖, (update, matrix); NaN where a matrix gets none."""
    norms = shown.data["parameter_gradient"].values
    return np.log10(norms, out=np.full_like(norms, np.nan), where=norms > 0)


def gradients(shown: Demonstrated, look: Look) -> list[dict[str, Any]]:
    return [
        {"type": "scatter", "mode": "lines", "xaxis": "x", "yaxis": "y2", "legend": "legend2", "name": NAMES[str(matrix)],
         "x": packed(np.arange(UPDATES + 1.0)), "y": packed(norms), "line": {"color": look.of_several(place), "width": 2},
         "hovertemplate": "u = %{x}: 10<sup>%{y:.2f}</sup><extra></extra>"}
        for place, (matrix, norms) in enumerate(zip(shown.data["matrix"].values, log_norms(shown).T, strict=True))
        if np.isfinite(norms).any()
    ]  # fmt: skip


def spelled(shown: Demonstrated, look: Look) -> dict[str, Any]:
    """1 where the letter typed at a place is right, (place, update)."""
    right = (shown.data["typed"] == shown.data["at_place"]).transpose("place", "update").values
    return {
        "type": "heatmap", "xaxis": "x", "yaxis": "y3", "x": packed(np.arange(UPDATES + 1.0)), "z": packed(right), "ygap": 2,
        "zmin": 0, "zmax": 1, "colorscale": [[0, look.faint(look.alarm, 0.75)], [1, look.faint(look.colour("gru"), 0.75)]],
        "showscale": False, "hovertemplate": "u = %{x}<extra></extra>",
    }  # fmt: skip
