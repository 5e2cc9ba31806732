"""Through which gate and at which time step the weights are taught."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures import shares, units
from rnnviz.figures.figure import FigureDict, Result, Results, packed
from rnnviz.figures.gradient_flow import MOST_POINTS
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

SYMBOLS = {"input_gate": "i", "forget_gate": "f", "output_gate": "o", "reset_gate": "r", "update_gate": "z",
           "candidate": "φ"}  # fmt: skip
FAINTEST = -8.0  # decades below ‖G‖: less than float32 keeps of a sum


class WeightBlocks(Choice):
    """log₁₀ ‖S_t of the gate's rows‖ / ‖G‖ of the whole matrix, gate × time, for W_hh above and W_ih below."""

    kind: Literal["weight_blocks"] = Field("weight_blocks", repr=False)
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("weight_gradient",)

    def rows(self, result: Result, matrix: str) -> dict[str, np.ndarray]:
        """Each gate's log₁₀ size over time, as a part of ‖G‖; nothing where there is no gradient."""
        cell, whole = result.experiment.cell, shares.shares(result, matrix, "all", self.layer)
        if not shares.drawable(whole):
            return {}
        sizes = {gate: shares.of_block(result, matrix, gate, self.layer)["size"] for gate in cell.gate_names}
        return {gate: size - shares.norm_of(whole) for gate, size in sizes.items()}

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        _, result = units.first(results)
        time = shares.time_of(result)
        kept = np.unique(np.linspace(0, len(time) - 1, min(len(time), MOST_POINTS)).round().astype(int))
        maps = []
        for matrix, axis in (("weight_hh", "y"), ("weight_ih", "y2")):
            rows = self.rows(result, matrix)
            if rows:
                z = np.stack([shares.finite(row)[kept] for row in rows.values()])[::-1]  # the first gate above
                maps.append(self.map(matrix, axis, time[kept], z, [SYMBOLS[gate] for gate in rows][::-1]))
        title = text("figure.weight_blocks.title", curve=name_of(result, text))
        layout = look.layout(title, units.subtitle(result, self.layer, text), uirevision="blocks")
        return {"data": maps, "layout": layout | self.axes(result, text, look)}

    def map(self, matrix: str, axis: str, time: np.ndarray, z: np.ndarray, gates: list[str]) -> dict[str, Any]:
        where = shares.IN_FIGURES[matrix]
        return {
            "type": "heatmap", "x": packed(time), "y": gates, "z": packed(z), "yaxis": axis, "coloraxis": "coloraxis",
            "zsmooth": False, "hovertemplate": f"{where}, %{{y}}<br>t = %{{x}}: 10<sup>%{{z:.2f}}</sup><extra></extra>",
        }  # fmt: skip

    def axes(self, result: Result, text: Text, look: Look) -> dict[str, Any]:
        cell, ticks = result.experiment.cell, [0, -2, -4, -6, -8]
        gates = cell.gate_names[::-1]
        named = {"type": "category", "showgrid": False, "tickvals": [*range(len(gates))],
                 "ticktext": [units.gate_in_words(cell, "block", gate, text) for gate in gates]}  # fmt: skip
        names = [
            {"xref": "x domain", "x": 0, "xanchor": "left", "yref": f"{axis} domain", "y": 1, "yanchor": "bottom",
             "showarrow": False, "text": where, "font": {"size": 15}}
            for axis, where in (("y", shares.IN_FIGURES["weight_hh"]), ("y2", shares.IN_FIGURES["weight_ih"]))
        ]  # fmt: skip
        return {
            "xaxis": look.axis(title={"text": text("figure.units.time")}, anchor="y2", showgrid=False),
            "yaxis": look.axis(domain=[0.57, 1], **named),
            "yaxis2": look.axis(domain=[0, 0.43], **named),
            "coloraxis": {
                "colorscale": look.sequential, "cmin": FAINTEST, "cmax": 0,
                "colorbar": {"thickness": 14, "outlinewidth": 0, "len": 1, "tickvals": ticks,
                             "ticktext": ["1", *(f"10<sup>−{-tick}</sup>" for tick in ticks[1:])]},
            },
            "annotations": names,
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        _, result = units.first(results)
        cell = result.experiment.cell
        said = []
        for matrix in shares.IN_SENTENCES:
            whole = shares.shares(result, matrix, "all", self.layer)
            if not shares.drawable(whole):
                return shares.without_gradient(result, whole, shares.IN_SENTENCES[matrix], text)
            parts = self.parts(result, matrix)
            gate = max(parts, key=lambda name: parts[name])
            said.append((text(f"option.block.{gate}.label"), units.percent(parts[gate])))
        if len(cell.gate_names) == 1:
            return text("sentence.weight_gradient.one_block", curve=name_of(result, text))
        (hh, of_hh), (ih, of_ih) = said
        return text(
            "sentence.weight_gradient.blocks", curve=name_of(result, text), hh=hh, of_hh=of_hh, ih=ih, of_ih=of_ih
        )

    def parts(self, result: Result, matrix: str) -> dict[str, float]:
        """‖G of the gate's rows‖² / ‖G‖²: they sum to 1."""
        norm = shares.norm_of(shares.shares(result, matrix, "all", self.layer))
        gates = result.experiment.cell.gate_names
        norms = {gate: shares.norm_of(shares.of_block(result, matrix, gate, self.layer)) for gate in gates}
        return {gate: float(10 ** (2 * (of_gate - norm))) for gate, of_gate in norms.items()}

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per gate: its part of ‖∂L/∂W‖²."""
        _, result = units.first(results)
        rows = [
            {
                text("table.matrix"): shares.IN_SENTENCES[matrix],
                text("table.rows"): units.gate_in_words(result.experiment.cell, "block", gate, text),
                text("table.part"): f"{100 * part:.3g} %",
            }
            for matrix in shares.IN_SENTENCES
            if self.rows(result, matrix)
            for gate, part in self.parts(result, matrix).items()
        ]
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        name, result = units.first(results)
        time = shares.time_of(result)
        frames = [
            pd.DataFrame({"curve": name, "matrix": matrix, "block": gate, "time": time, "log10_size_of_gradient": size})
            for matrix in shares.IN_SENTENCES
            for gate, size in self.rows(result, matrix).items()
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
