"""Lesson 11, the LSTM gate by gate: a drawing with live numbers, gates held open or shut, and the gradient's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, InsideCell
from rnnviz.demonstrations.adders import STEPS, UNITS
from rnnviz.figures.demonstrations import CellDrawing, CellGradient, CellStates
from rnnviz.figures.demonstrations.cell_drawing import Now, six
from rnnviz.figures.demonstrations.diagram import three
from rnnviz.text.numbers import numeral
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Onward, Part
from rnnviz.ui.numbers import Decades

GATES = {"f": "forget_gate", "i": "input_gate", "o": "output_gate"}


class LstmLesson(Lesson):
    """A small trained LSTM; one unit of it at one step, and the whole run with gates held."""

    number = 11
    choices = (*GATES.values(), "none")
    onward = (
        Onward("gates", {"experiment.cell": "lstm", "experiment.cell.forget_bias": 2.0}),
        Onward("equations", {"experiment.cell": "lstm", "experiment.cell.forget_bias": 2.0}),
    )

    kind: Literal["lstm"] = Field("lstm", repr=False)
    inside: InsideCell = InsideCell()
    cell_step: Annotated[int, Range(1, STEPS, symbol="t", unit="time steps")] = 4
    cell_unit: Annotated[int, Range(1, UNITS)] = 4

    def parts(self) -> tuple[Part, ...]:
        drawing = CellDrawing(cell_step=self.cell_step, cell_unit=self.cell_unit)
        states = CellStates(cell_step=self.cell_step, cell_unit=self.cell_unit)
        holds = tuple(f"inside.opened.held_{letter}{part}" for letter in GATES for part in ("", ".held_at"))
        return (
            Part(self.inside, (drawing,), ("inside.opened.network", "cell_step", "cell_unit"), height=520),
            Part(self.inside, (states, CellGradient(cell_step=self.cell_step)), holds, height=520),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """One unit at one step; what reaches the start of the memory; and what can be computed by hand."""
        shown = found[0]
        assert isinstance(shown, Demonstrated)
        data, now = shown.data, Now.of(shown, self.cell_step, self.cell_unit)
        shut = data["held_grad"].sel(held_at=0.0)
        by_hand = data["by_hand"]
        return {
            "time": now.time,
            "unit": now.unit,
            "steps": STEPS,
            **{name: three(value) for name, value in now.numbers.items()},
            "kept": three(now["f"] * now["m_before"]),
            "written": three(now["i"] * now["g"]),
            "squashed": three(float(np.tanh(now["m_after"]))),
            "passed_on": three(now["f"] * now["grad_after"]),
            **reaching(shown),
            **{f"shut_{letter}": float(shut.sel(held_gate=gate)) for letter, gate in GATES.items()},
            **{f"hand_{name}": six(float(by_hand.sel(gate_or_state=name))) for name in by_hand["gate_or_state"].values},
            **{f"gate_{bias:.0f}": f"{1 / (1 + np.exp(-bias)):.6g}" for bias in data["bias"].values},
            **{f"kept_{bias:.0f}": numeral(kept, 5) for bias, kept in data["kept_by_bias"].to_series().items()},
        }

    def right(self, numbers: Numbers) -> str:
        """The one gate that can be shut without cutting c_0 off from the answer."""
        through = [gate for letter, gate in GATES.items() if float(numbers[f"shut_{letter}"]) > 0]
        return through[0] if len(through) == 1 else "none"


def reaching(shown: Demonstrated) -> Numbers:
    """‖∂y/∂m_0‖ over all paths and over the direct one, and with no gate held; and the answers."""
    first = CellGradient().data(shown).iloc[0]
    answers = dict(zip(("held", "free", "right"), shown.data["answer"].values.tolist(), strict=True))
    return {
        **{f"{curve}_grad": Decades(first[curve]) for curve in ("all", "direct", "free")},
        **{f"answer_{of}": three(answer) for of, answer in answers.items()},
    }
