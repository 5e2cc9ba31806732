"""What training does to the recurrent weights: spectral radius and largest singular value of W_hh."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.figures.figure import Result, Results
from rnnviz.figures.training.over_updates import OverUpdates
from rnnviz.figures.training.panels import Line, Panel, Reference
from rnnviz.figures.training.runs import Arm, Curve, arms, over_snapshots
from rnnviz.figures.units import gate_in_words, layer_index
from rnnviz.text import Text
from rnnviz.text.numbers import minus

GateName = Literal["input_gate", "forget_gate", "candidate", "output_gate", "reset_gate", "update_gate"]


class RecurrentSpectrum(OverUpdates):
    """ρ and σ₁ of one gate's block of W_hh. An arm whose cell lacks the gate shows its candidate, which all cells have.

    Neither decides alone: σ₁ bounds one step, ρ is the rate of many, and both are multiplied by the slopes of φ and,
    where there are gates, by the gates. So 1 is drawn as a level, not as a verdict.
    """

    kind: Literal["recurrent_spectrum"] = Field("recurrent_spectrum", repr=False)
    gate: GateName = "candidate"
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("spectral_radius", "singular_value")

    def panels(self, found: list[Arm], text: Text) -> list[Panel]:
        def panel(name: str, legend: bool) -> Panel:
            lines = [
                Line(
                    arm, known(over_snapshots(arm, lambda run: self.curve(run, name))), name, arm.name if legend else ""
                )
                for arm in found
            ]
            return Panel(text(f"figure.recurrent_spectrum.{name}"), lines, [Reference(1.0, "")])

        return [panel("spectral_radius", True), panel("singular_value", False)]

    def curve(self, run: Result, name: str) -> np.ndarray | None:
        """(snapshot,), NaN where it was not computed; None where it never is, as ρ of a large matrix."""
        if name not in run.data:
            return None
        gate = gate_for(run, self.gate)
        return run.data[name].sel(gate_name=gate).values[:, layer_index(run.experiment.cell, self.layer)]

    def title(self, found: list[Arm], text: Text) -> str:
        blocks = dict.fromkeys(self.block(arm.runs[0], text) for arm in found)
        return text("figure.recurrent_spectrum.title", blocks=", ".join(blocks))

    def block(self, run: Result, text: Text) -> str:
        """The name of the rows of W_hh that are shown."""
        return gate_in_words(run.experiment.cell, "gate", gate_for(run, self.gate), text)

    def ends(self, run: Result, name: str) -> tuple[float, float]:
        """The first value that is known and the last."""
        curve = self.curve(run, name)
        values = curve[np.isfinite(curve)] if curve is not None else np.empty(0)
        return (float(values[0]), float(values[-1])) if len(values) else (np.nan, np.nan)

    def reading(self, results: Results, text: Text) -> str:
        said = []
        for arm in arms(results, text):
            radius, norm = (
                np.array([self.ends(run, name) for run in arm.runs]) for name in ("spectral_radius", "singular_value")
            )
            if not np.isnan(norm).all():
                facts = dict(zip(("from_norm", "to_norm"), map(short, np.nanmedian(norm, axis=0)), strict=True))
                if np.isnan(radius).all():
                    said.append(text("sentence.recurrent_spectrum.norm", curve=arm.name, **facts))
                    continue
                facts |= dict(zip(("from_radius", "to_radius"), map(short, np.nanmedian(radius, axis=0)), strict=True))
                said.append(text("sentence.recurrent_spectrum.both", curve=arm.name, **facts))
        return " ".join(said) or text("sentence.training.not_yet")

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per run."""
        rows = []
        for arm in arms(results, text):
            for run in arm.runs:
                radius, norm = self.ends(run, "spectral_radius"), self.ends(run, "singular_value")
                rows.append(
                    {
                        text("table.curve"): arm.name,
                        text("parameter.seed.label"): str(run.experiment.seed),
                        text("parameter.gate.label"): self.block(run, text),
                        f"ρ, {text('table.first')}": short(radius[0]),
                        f"ρ, {text('table.last')}": short(radius[1]),
                        f"σ₁, {text('table.first')}": short(norm[0]),
                        f"σ₁, {text('table.last')}": short(norm[1]),
                    }
                )
        return pd.DataFrame(rows)


def known(curve: Curve) -> Curve:
    """Without the snapshots that no run has a value of: the line goes on to the next."""
    return Curve(*(part[np.isfinite(curve.median)] for part in curve))


def gate_for(run: Result, asked: str) -> str:
    """The gate that was asked for if the cell has it."""
    return asked if asked in run.experiment.cell.gate_names else "candidate"


def short(value: float) -> str:
    return "—" if np.isnan(value) else minus(f"{value:.3g}")
