"""Lesson 11 continued, the GRU: two gates and no cell state, z against 1 − z, the reset's place, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, GatedCosts, InsideCell
from rnnviz.demonstrations.adders import STEPS, UNITS
from rnnviz.demonstrations.inside_cell import OpenedGRU
from rnnviz.figures.demonstrations import CellCosts, CellDrawing, CellGradient, CellStates
from rnnviz.figures.demonstrations.cell_costs import COSTS
from rnnviz.figures.demonstrations.cell_drawing import Now
from rnnviz.figures.demonstrations.diagram import three
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Onward, Part
from rnnviz.ui.lessons.lstm import reaching

GATES = {"z": "update_gate", "r": "reset_gate"}


class GruLesson(Lesson):
    """A small trained GRU, opened as the LSTM was; and what the cells cost beside each other."""

    number = 14
    continues = 11
    choices = ("stays", "replaced", "grows")
    onward = (Onward("gates", {"experiment.cell": "gru", "experiment.cell.update_bias": 2.0}),)

    kind: Literal["gru"] = Field("gru", repr=False)
    inside: InsideCell = InsideCell(opened=OpenedGRU())
    costs: GatedCosts = GatedCosts()
    cell_step: Annotated[int, Range(1, STEPS, symbol="t", unit="time steps")] = 4
    cell_unit: Annotated[int, Range(1, UNITS)] = 5

    def parts(self) -> tuple[Part, ...]:
        drawing = CellDrawing(cell_step=self.cell_step, cell_unit=self.cell_unit)
        states = CellStates(cell_step=self.cell_step, cell_unit=self.cell_unit)
        holds = tuple(f"inside.opened.held_{letter}{part}" for letter in GATES for part in ("", ".held_at"))
        return (
            Part(self.inside, (drawing,), ("cell_step", "cell_unit"), height=520),
            Part(
                self.inside,
                (states, CellGradient(cell_step=self.cell_step)),
                ("inside.opened.reset", *holds),
                height=520,
            ),
            Part(self.costs, (CellCosts(),), ("costs.measured_units",)),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """One unit at one step; with z held; with the reset elsewhere; and each cost as a share of the LSTM's."""
        shown, costs = found[0], found[2]
        assert isinstance(shown, Demonstrated) and isinstance(costs, Demonstrated)
        now, change = (
            Now.of(shown, self.cell_step, self.cell_unit),
            shown.data["held_change"].sel(held_gate="update_gate"),
        )
        shares = CellCosts().shares(costs)
        of_unit = shown.data["gate"].sel(gate_name="update_gate").isel(unit=now.unit - 1)
        return {
            "time": now.time,
            "unit": now.unit,
            "steps": STEPS,
            **{name: three(value) for name, value in now.numbers.items()},
            "open": three(1 - now["z"]),
            "kept": three(now["z"] * now["h_before"]),
            "written": three((1 - now["z"]) * now["n"]),
            "product": float(of_unit.prod()),
            **reaching(shown),
            "other_answer": three(float(shown.data["other_answer"])),
            "changed_open": float(change.sel(held_at=1.0)),
            "changed_shut": float(change.sel(held_at=0.0)),
            **{f"gru_{cost}": float(shares[cost].sel(measured_cell="gru_after")) for cost in COSTS},
            "before_milliseconds": float(shares["milliseconds"].sel(measured_cell="gru_before")),
            "size": self.costs.measured_units,
        }

    def right(self, numbers: Numbers) -> str:
        """What z = 1 does to the hidden state."""
        changed, replaced = float(numbers["changed_open"]), float(numbers["changed_shut"])
        if changed < replaced:
            return "stays" if changed == 0 else "replaced"
        return "grows"
