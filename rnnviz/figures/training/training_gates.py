"""What the gates of one arm do while it is trained: how far open they are, and how many are stuck."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.figures.figure import Result, Results
from rnnviz.figures.training.over_updates import OverUpdates
from rnnviz.figures.training.panels import Line, Panel
from rnnviz.figures.training.recurrent_spectrum import short
from rnnviz.figures.training.runs import Arm, arm_at, arms, over_snapshots
from rnnviz.figures.units import gate_in_words, layer_index
from rnnviz.text import Text

DASHES = {"input_gate": "dash", "forget_gate": "solid", "output_gate": "dashdot", "candidate": "dot", "reset_gate": "dash",
          "update_gate": "solid"}  # fmt: skip


class TrainingGates(OverUpdates):
    """Mean of each gate, and the share of its values that are saturated, over time, units and examples."""

    kind: Literal["training_gates"] = Field("training_gates", repr=False)
    arm: Annotated[int, Range(1, 9)] = 1
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("gate_mean", "gate_saturation")

    def panels(self, found: list[Arm], text: Text) -> list[Panel]:
        if not found:
            return []
        arm = arm_at(found, self.arm)
        names = {
            gate: gate_in_words(arm.experiment.cell, "gate", gate, text) for gate in arm.experiment.cell.gate_names
        }

        def lines(name: str, legend: bool) -> list[Line]:
            return [
                self.line(arm, name, gate, said if legend else "", k) for k, (gate, said) in enumerate(names.items())
            ]

        return [
            Panel(text("figure.training_gates.mean"), lines("gate_mean", True)),
            Panel(text("figure.training_gates.saturated"), lines("gate_saturation", False), percent=True),
        ]

    def line(self, arm: Arm, name: str, gate: str, legend: str, place: int) -> Line:
        curve = over_snapshots(arm, lambda run: self.curve(run, name, gate))
        return Line(arm, curve, f"{name} {gate}", legend, DASHES[gate], place=place)

    def curve(self, run: Result, name: str, gate: str) -> np.ndarray | None:
        """(snapshot,)"""
        if name not in run.data:
            return None
        return run.data[name].sel(gate_name=gate).values[:, layer_index(run.experiment.cell, self.layer)]

    def title(self, found: list[Arm], text: Text) -> str:
        arm = arm_at(found, self.arm) if found else None
        title = "title" if arm is None or arm.experiment.cell.keeping_gate else "state_title"
        return text(f"figure.training_gates.{title}", curve=arm.name if arm else "")

    def ends(self, arm: Arm, name: str, gate: str) -> tuple[float, float]:
        """At the first snapshot and at the last: the median over the seeds."""
        curves = [curve for run in arm.runs if (curve := self.curve(run, name, gate)) is not None and len(curve)]
        if not curves:
            return np.nan, np.nan
        return float(np.median([curve[0] for curve in curves])), float(np.median([curve[-1] for curve in curves]))

    def reading(self, results: Results, text: Text) -> str:
        found = arms(results, text)
        if not found:
            return text("sentence.training.not_yet")
        arm = arm_at(found, self.arm)
        cell = arm.experiment.cell
        gate = cell.keeping_gate or "candidate"
        first, last = self.ends(arm, "gate_mean", gate)
        stuck = {each: self.ends(arm, "gate_saturation", each)[1] for each in cell.gate_names}
        worst = max(stuck, key=lambda each: -1.0 if np.isnan(stuck[each]) else stuck[each])
        if np.isnan(last):
            return text("sentence.training.not_yet")
        facts = {
            "curve": arm.name,
            "gate": gate_in_words(cell, "gate", gate, text),
            "first": short(first),
            "last": short(last),
        }
        saturated = {"worst": gate_in_words(cell, "gate", worst, text), "fraction": f"{100 * stuck[worst]:.3g}"}
        return (
            f"{text('sentence.training_gates.mean', **facts)} {text('sentence.training_gates.saturated', **saturated)}"
        )

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per gate."""
        found = arms(results, text)
        rows = []
        for gate in arm_at(found, self.arm).experiment.cell.gate_names if found else ():
            mean, stuck = (self.ends(arm_at(found, self.arm), name, gate) for name in ("gate_mean", "gate_saturation"))
            rows.append(
                {
                    text("parameter.gate.label"): gate_in_words(
                        arm_at(found, self.arm).experiment.cell, "gate", gate, text
                    ),
                    f"{text('table.mean')}, {text('table.first')}": short(mean[0]),
                    f"{text('table.mean')}, {text('table.last')}": short(mean[1]),
                    f"{text('table.saturated')}, {text('table.first')}": percent(stuck[0]),
                    f"{text('table.saturated')}, {text('table.last')}": percent(stuck[1]),
                }
            )
        return pd.DataFrame(rows)


def percent(fraction: float) -> str:
    return "—" if np.isnan(fraction) else f"{fraction:.1%}"
