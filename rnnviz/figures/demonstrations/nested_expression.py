"""h_4 = φ(… φ(…)): the state as one nested expression, opened level by level."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, ForwardPass
from rnnviz.demonstrations.forward_pass import STEPS
from rnnviz.figures.demonstrations.figure import DemonstrationFigure, about
from rnnviz.figures.demonstrations.unrolled_network import NAMES, brief, colours, said_vector
from rnnviz.figures.figure import FigureDict
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

INSET = 0.035  # of the width, from one level to the next
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class NestedExpression(DemonstrationFigure):
    """A box for each φ(W_hh · … + W_xh x_t + b) that was opened, inside the one whose h it is; the last holds a value."""

    draws = ForwardPass

    kind: Literal["nested_expression"] = Field("nested_expression", repr=False)
    depth: Annotated[int, Range(1, STEPS, unit="levels")] = 1

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        hidden = {"visible": False, "fixedrange": True}
        layout = look.layout(
            text("figure.nested_expression.title"), about(shown.demonstration, text), uirevision="nested"
        ) | {
            "xaxis": {**hidden, "range": [0, 1]},
            "yaxis": {**hidden, "range": [self.depth + 5, self.depth - 4]},
            "margin": {"l": 12, "r": 12, "t": 84, "b": 12},
            "shapes": [self.frame(level, look) for level in range(self.depth)],
            "annotations": [note for level in range(self.depth) for note in self.level(level, shown, text, look)]
            + [self.core(shown, look)],
        }  # fmt: skip
        # A scatter without points, since a figure without any curve has no axes to lay boxes on.
        return {"data": [{"type": "scatter", "x": [None], "y": [None], "showlegend": False}], "layout": layout}

    def frame(self, level: int, look: Look) -> dict[str, Any]:
        return {
            "type": "rect", "x0": level * INSET, "x1": 1 - level * INSET, "y0": level + 0.04,
            "y1": 2 * self.depth + 1 - level - 0.04, "line": {"color": colours(look)["hh"], "width": 1.5},
            "fillcolor": look.faint(colours(look)["hh"], 0.05), "layer": "below",
        }  # fmt: skip

    def level(self, level: int, shown: Demonstrated, text: Text, look: Look) -> list[dict[str, Any]]:
        """The first and the last line of a box, and on its right the value of what it is."""
        t, inks = STEPS - level, colours(look)
        phi = text(f"option.activation.{shown.demonstration.flat()['activation']}.label")
        x = brief(shown.data["x"].values[t - 1])
        first = f'{phi}( <span style="color:{inks["hh"]}">{NAMES["hh"]}</span> ·'
        last = f'+ <span style="color:{inks["xh"]}">{NAMES["xh"]}</span> <i>x</i><sub>{t}</sub> + <i>b</i> )'
        value = f"<i>h</i><sub>{t}</sub> = {said_vector(shown.data['hidden_state'].values[t])}"
        return [
            line(level * INSET + 0.015, level + 0.5, first, "left", 15),
            line(1 - level * INSET - 0.015, level + 0.5, value, "right", 13, look.muted),
            line(level * INSET + 0.015, 2 * self.depth - level + 0.5, last, "left", 15),
            line(1 - level * INSET - 0.015, 2 * self.depth - level + 0.5, f"<i>x</i><sub>{t}</sub> = {x}", "right",
                 13, look.muted),
        ]  # fmt: skip

    def core(self, shown: Demonstrated, look: Look) -> dict[str, Any]:
        k = STEPS - self.depth
        value = f"<b><i>h</i><sub>{k}</sub></b> = {said_vector(shown.data['hidden_state'].values[k])}"
        return line(self.depth * INSET + 0.015, self.depth + 0.5, value, "left", 15)

    def reading(self, shown: Demonstrated, text: Text) -> str:
        k = STEPS - self.depth
        kept = float(shown.data["jacobian_norm"].sel(moment=k))
        told = {"last": state_name(STEPS), "depth": self.depth, "state": state_name(k), "kept": numeral(kept)}
        return text("sentence.nested_expression", **told)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """A row for each state, from the last inwards."""
        rows = self.data(shown)
        return pd.DataFrame(
            {
                text("table.nested_levels"): rows["levels"],
                "h_k": [
                    f"{state_name(k)} = {said_vector(np.array(h))}"
                    for k, h in zip(rows["state"], states(rows), strict=True)
                ],
                f"‖∂h_{STEPS}/∂h_k‖₂": rows["jacobian_norm"].map(numeral),
            }
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each state h_4 … h_0."""
        back = np.arange(STEPS, -1, -1)
        values = shown.data["hidden_state"].values[back]
        units = {f"h_{j + 1}": values[:, j] for j in range(values.shape[1])}
        kept = shown.data["jacobian_norm"].values[back]
        return pd.DataFrame({"levels": STEPS - back, "state": back, **units, "jacobian_norm": kept})


def state_name(k: int) -> str:
    return "h" + str(k).translate(SUBSCRIPTS)


def states(rows: pd.DataFrame) -> np.ndarray:
    return rows.filter(regex=r"^h_\d$").to_numpy()


def line(x: float, y: float, words: str, anchor: str, size: int, colour: str | None = None) -> dict[str, Any]:
    font = {"size": size} | ({"color": colour} if colour else {})
    return {"x": x, "y": y, "text": words, "xanchor": anchor, "yanchor": "middle", "showarrow": False, "font": font}
