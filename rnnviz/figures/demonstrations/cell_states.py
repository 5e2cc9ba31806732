"""One unit of an opened cell over time: what it remembers, what it shows, and its gates."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, InsideCell
from rnnviz.demonstrations.adders import STEPS, UNITS
from rnnviz.figures.demonstrations.cell_drawing import LETTERS, Now
from rnnviz.figures.demonstrations.diagram import three
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.figure import FigureDict, packed
from rnnviz.figures.look import Look
from rnnviz.text import Text

DASHES = {"f": "solid", "z": "solid", "i": "dash", "r": "dash", "o": "dot"}


class CellStates(DemonstrationFigure):
    """Above: the memory, and of an LSTM the hidden state that is shown of it. Below: the gates. Diamonds: marked numbers."""

    draws = InsideCell

    kind: Literal["cell_states"] = Field("cell_states", repr=False)
    cell_step: Annotated[int, Range(1, STEPS, symbol="t", unit="time steps")] = 4
    cell_unit: Annotated[int, Range(1, UNITS)] = 4

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        now, numbers = Now.of(shown, self.cell_step, self.cell_unit), self.data(shown)
        memory = ("c", look.colour("lstm")) if now.is_lstm else ("h", look.colour("gru"))
        traces = [self.line(numbers, "memory", text(f"figure.cell_states.{memory[0]}"), memory[1], "solid", "y", True)]
        if now.is_lstm:
            label = text("figure.cell_states.shown")
            traces.append(self.line(numbers, "hidden_state", label, look.colour("elman"), "dash", "y", True))
        else:
            label = text(f"figure.cell_states.other.{shown.demonstration.flat()['opened.reset']}")
            traces.append(self.line(numbers, "other_memory", label, look.muted, "dot", "y", True))
        for place, letter in enumerate(name for name in LETTERS[now.kind].values() if name in DASHES):
            label = f"<i>{letter}</i>" + (f" ({text('figure.cell_drawing.held')})" if letter in now.holds else "")
            traces.append(self.line(numbers, letter, label, look.of_several(place), DASHES[letter], "y2", True))
        traces += self.marks(shown, numbers, look, text)
        title = text("figure.cell_states.title", unit=now.unit)
        layout = look.layout(title, text("figure.cell_states.subtitle"), uirevision="cell_states") | {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y2", range=[-0.5, STEPS + 0.5]),
            "yaxis": look.axis(domain=[0.5, 1], zeroline=True, zerolinecolor=look.lines),
            "yaxis2": look.axis(domain=[0, 0.4], range=[-0.05, 1.05], tickvals=[0, 0.5, 1]),
            "shapes": [cursor(now.time, look)],
            "margin": {"l": 52, "r": 20, "t": 84, "b": 110},
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "font": {"size": 14}},
        }  # fmt: skip
        return {"data": traces, "layout": layout}

    def line(
        self, numbers: pd.DataFrame, column: str, name: str, colour: str, dash: str, axis: str, legend: bool
    ) -> dict[str, Any]:
        return {
            "type": "scatter", "mode": "lines", "name": name, "x": packed(numbers["moment"].to_numpy()),
            "y": packed(numbers[column].to_numpy()), "yaxis": axis, "showlegend": legend,
            "line": {"color": colour, "width": 3, "dash": dash}, "hovertemplate": "t = %{x}: %{y:.3f}<extra></extra>",
        }  # fmt: skip

    def marks(self, shown: Demonstrated, numbers: pd.DataFrame, look: Look, text: Text) -> list[dict[str, Any]]:
        """Where a number was marked, on the line of the memory; the cell by hand has no marks."""
        inputs = shown.data["input"].values
        if inputs.shape[1] < 2:
            return []
        at = np.flatnonzero(inputs[:, 1]) + 1
        return [{
            "type": "scatter", "mode": "markers", "name": text("figure.cell_states.marked"), "x": packed(at),
            "y": packed(numbers["memory"].to_numpy()[at]), "hoverinfo": "skip",
            "marker": {"size": 12, "symbol": "diamond", "color": look.ink},
        }]  # fmt: skip

    def reading(self, shown: Demonstrated, text: Text) -> str:
        held, free, right = shown.data["answer"].values.tolist()
        answers = {"held": three(held), "free": three(free), "right": three(right)}
        if shown.data["input"].shape[1] < 2:
            return text("sentence.cell_states.by_hand", **answers)
        now = Now.of(shown, self.cell_step, self.cell_unit)
        return text("sentence.cell_states.held" if now.holds else "sentence.cell_states.free", **answers)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """Every other step."""
        kept = self.data(shown).iloc[::2]
        return kept.map(said)

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each moment, 0 before the first step."""
        data, kind = shown.data, str(shown.demonstration.flat()["opened"])
        of_unit = data.isel(unit=min(self.cell_unit, data.sizes["unit"]) - 1)
        gates = {
            letter: np.concatenate([[np.nan], of_unit["gate"].sel(gate_name=gate).values])
            for gate, letter in LETTERS[kind].items()
        }
        names = [name for name in ("memory", "hidden_state", "other_memory") if name in data]
        states = {name: of_unit[name].values for name in names}
        return pd.DataFrame({"moment": data["moment"].values.astype(int), **states, **gates})


def said(value: float) -> str:
    """A moment as it is; before the first step there are no gates."""
    if not isinstance(value, float):
        return str(value)
    return "—" if np.isnan(value) else three(value)


def cursor(time: int, look: Look) -> dict[str, Any]:
    """Where the drawing stands."""
    return {"type": "line", "x0": time, "x1": time, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": look.muted, "width": 1.5, "dash": "dot"}}  # fmt: skip
