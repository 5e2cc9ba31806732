"""The drawing of an LSTM or a GRU with the numbers of one unit at one time step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Annotated, Literal

import pandas as pd
import xarray as xr
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, InsideCell
from rnnviz.demonstrations.adders import STEPS, UNITS
from rnnviz.figures.demonstrations.diagram import BOX, TANK, Diagram, three
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.figure import FigureDict
from rnnviz.figures.look import Look
from rnnviz.text import Text
from rnnviz.text.numbers import minus

Equation = tuple[str, str, float]  # letters, the same in numbers, what comes out


class CellDrawing(DemonstrationFigure):
    """Gates as tanks that are filled as far as they are open; on the wires what flows, and ∂y/∂ of the memory.

    A unit beyond the last means the last.
    """

    draws = InsideCell

    kind: Literal["cell_drawing"] = Field("cell_drawing", repr=False)
    cell_step: Annotated[int, Range(1, STEPS, symbol="t", unit="time steps")] = 4
    cell_unit: Annotated[int, Range(1, UNITS)] = 4

    def now(self, shown: Demonstrated) -> Now:
        return Now.of(shown, self.cell_step, self.cell_unit)

    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict:
        now, diagram = self.now(shown), Diagram(look)
        (lstm if now.is_lstm else gru)(diagram, now, text)
        subtitle = text("figure.cell_drawing.subtitle", time=now.time, unit=now.unit, reads=now.reads)
        return diagram.figure(text(f"figure.cell_drawing.{now.kind}"), escape(subtitle))

    def reading(self, shown: Demonstrated, text: Text) -> str:
        now = self.now(shown)
        numbers = {name: three(value) for name, value in now.numbers.items()}
        return text(f"sentence.cell_drawing.{now.kind}", time=now.time, unit=now.unit, **numbers)

    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """Each number that the step makes, to six digits."""
        rows = self.now(shown).equations()
        names = ("table.quantity", "table.with_numbers", "table.value")
        return pd.DataFrame(
            [dict(zip(map(text, names), (left, right, six(value)), strict=True)) for left, right, value in rows]
        )

    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """A row for each time step, of the unit that is drawn."""
        steps = (Now.of(shown, time, self.cell_unit) for time in range(1, STEPS + 1))
        return pd.DataFrame([{"time": now.time, "unit": now.unit, **now.numbers} for now in steps])


@dataclass(frozen=True)
class Now:
    """The numbers of one unit at one time step, by the letters of the equations."""

    kind: str
    time: int
    unit: int
    reads: str
    holds: frozenset[str]  # the gates that are held
    numbers: dict[str, float]

    @classmethod
    def of(cls, shown: Demonstrated, time: int, unit: int) -> Now:
        opened, data = shown.demonstration.flat()["opened"], shown.data
        unit = min(unit, data.sizes["unit"])
        of_unit = data.isel(unit=unit - 1)
        letters = LETTERS[str(opened)]
        held = frozenset(
            letter
            for gate, letter in letters.items()
            if shown.demonstration.flat().get(f"opened.held_{letter}") == "held"
        )
        gates = {letter: float(of_unit["gate"].sel(gate_name=gate, time=time)) for gate, letter in letters.items()}
        reads = ", ".join(f"{x:.3g}".replace("-", "−") for x in data["input"].sel(time=time).values)
        return cls(str(opened), time, unit, f"({reads})", held, gates | states(of_unit, time))

    @property
    def is_lstm(self) -> bool:
        return self.kind == "lstm"

    def __getitem__(self, letter: str) -> float:
        return self.numbers[letter]

    def held(self, letter: str, text: Text) -> str:
        return text("figure.cell_drawing.held") if letter in self.holds else ""

    def equations(self) -> list[Equation]:
        return lstm_equations(self.numbers) if self.is_lstm else gru_equations(self.numbers)


LETTERS = {
    "lstm": {"forget_gate": "f", "input_gate": "i", "candidate": "g", "output_gate": "o"},
    "gru": {"update_gate": "z", "reset_gate": "r", "candidate": "n"},
}


def states(of_unit: xr.Dataset, time: int) -> dict[str, float]:
    """The memory m and the hidden state h before and after the step, and the gradients of the memory."""
    at = {"before": time - 1, "after": time}
    columns = {"m": "memory", "h": "hidden_state", "grad": "memory_grad"}
    return {
        f"{letter}_{when}": float(of_unit[name][moment])
        for letter, name in columns.items()
        for when, moment in at.items()
    }


def six(value: float) -> str:
    return minus(f"{value + 0.0:.6f}")


def squashed(n: dict[str, float]) -> float:
    """tanh c_t."""
    return math.tanh(n["m_after"])


def lstm_equations(n: dict[str, float]) -> list[Equation]:
    f, i, g, o, before, after = (n[letter] for letter in ("f", "i", "g", "o", "m_before", "m_after"))
    return [
        ("f", "σ(…)", f), ("i", "σ(…)", i), ("g", "tanh(…)", g), ("o", "σ(…)", o),
        ("f · c(t−1)", f"{six(f)} · {six(before)}", f * before),
        ("i · g", f"{six(i)} · {six(g)}", i * g),
        ("c(t)", f"{six(f * before)} + {six(i * g)}", after),
        ("tanh c(t)", f"tanh {six(after)}", squashed(n)),
        ("h(t)", f"{six(o)} · {six(squashed(n))}", n["h_after"]),
        ("∂y/∂c(t)", "autograd", n["grad_after"]), ("∂y/∂c(t−1)", "autograd", n["grad_before"]),
    ]  # fmt: skip


def gru_equations(n: dict[str, float]) -> list[Equation]:
    z, r, new, before = (n[letter] for letter in ("z", "r", "n", "h_before"))
    return [
        ("r", "σ(…)", r), ("z", "σ(…)", z), ("n", "tanh(…)", new), ("1 − z", f"1 − {six(z)}", 1 - z),
        ("z · h(t−1)", f"{six(z)} · {six(before)}", z * before),
        ("(1 − z) · n", f"{six(1 - z)} · {six(new)}", (1 - z) * new),
        ("h(t)", f"{six(z * before)} + {six((1 - z) * new)}", n["h_after"]),
        ("∂y/∂h(t)", "autograd", n["grad_after"]), ("∂y/∂h(t−1)", "autograd", n["grad_before"]),
    ]  # fmt: skip


# — the two drawings, in the coordinates of `diagram` —

TOP, GATES, BOTTOM = 7.9, 4.3, 1.9  # the memory's line, the middle of the gates, the line that feeds them


def lstm(d: Diagram, now: Now, text: Text) -> None:
    """c runs along the top, h and x feed the gates from below, and h_t is c_t seen through tanh and o."""
    memory, hidden = d.look.colour("lstm"), d.look.colour("elman")
    says = {
        letter: text(f"figure.cell_drawing.says.{letter}")
        for letter in ("f", "i", "g", "o", "c", "h", "fc", "ig", "tanh")
    }
    feed(d, now, text, {1.3: TANK, 2.3: TANK, 3.3: BOX, 4.3: TANK}, hidden)
    d.wire((0, TOP), (6, TOP), colour=memory, width=4)
    d.wire((1.3, GATES + TANK), (1.3, TOP - 0.35))
    d.wire((2.3, GATES + TANK), (2.3, 6.3), (2.62, 6.3))
    d.wire((3.3, GATES + BOX), (3.3, 6.3), (2.98, 6.3))
    d.wire((2.8, 6.65), (2.8, TOP - 0.35))
    d.wire((5.3, TOP), (5.3, 6.2 + BOX), colour=memory, arrow=False)
    d.wire((5.3, 6.2 - BOX), (5.3, GATES + 0.35), colour=memory)
    d.wire((4.73, GATES), (5.12, GATES))
    d.wire((5.3, GATES - 0.35), (5.3, BOTTOM), (6, BOTTOM), colour=hidden, width=3)
    for x, letter in ((1.3, "f"), (2.3, "i"), (4.3, "o")):
        d.tank(
            (x, GATES), f"<i>{letter}</i>", now[letter], says[letter], d.look.of_several(2), held=now.held(letter, text)
        )
    d.box((3.3, GATES), "<i>g</i>", now["g"], says["g"], d.look.of_several(1))
    d.box((5.3, 6.2), "tanh <i>c</i>", squashed(now.numbers), says["tanh"], memory)
    for at, sign in (((1.3, TOP), "×"), ((2.8, TOP), "+"), ((2.8, 6.3), "×"), ((5.3, GATES), "×")):
        d.node(at, sign)
    d.value((2.05, TOP + 0.75), "<i>f c</i><sub>t−1</sub>", now["f"] * now["m_before"], says["fc"])
    d.value((3.32, 7.2), "<i>i g</i>", now["i"] * now["g"], says["ig"])
    ends(d, now, "c", says["c"], memory)
    d.value((5.68, BOTTOM - 0.8), "<i>h</i><sub>t</sub>", now["h_after"], says["h"], colour=hidden)


def gru(d: Diagram, now: Now, text: Text) -> None:
    """h runs along the top: z keeps it, 1 − z lets the candidate in, r says how much of it the candidate sees."""
    memory = d.look.colour("gru")
    says = {
        letter: text(f"figure.cell_drawing.says.{letter}") for letter in ("z", "r", "n", "zh", "open", "new", "state")
    }
    feed(d, now, text, {1.3: TANK, 3.3: TANK, 4.8: BOX}, memory)
    d.wire((0, TOP), (6, TOP), colour=memory, width=4)
    d.wire((1.3, GATES + TANK), (1.3, TOP - 0.35))
    d.wire((1.73, GATES), (2.4, GATES), (2.4, 5.45))
    d.wire((2.83, 6.2), (4.6, 6.2))
    d.wire((3.73, GATES), (4.35, GATES))
    d.wire((4.8, GATES + BOX), (4.8, 5.85))
    d.wire((4.8, 6.55), (4.8, TOP - 0.35))
    for x, letter in ((1.3, "z"), (3.3, "r")):
        d.tank(
            (x, GATES), f"<i>{letter}</i>", now[letter], says[letter], d.look.of_several(2), held=now.held(letter, text)
        )
    d.box((2.4, 6.2), "1 − <i>z</i>", 1 - now["z"], says["open"], d.look.of_several(2))
    d.box((4.8, GATES), "<i>n</i>", now["n"], says["n"], d.look.of_several(1))
    for at, sign in (((1.3, TOP), "×"), ((4.8, TOP), "+"), ((4.8, 6.2), "×")):
        d.node(at, sign)
    d.value((3.0, TOP + 0.75), "<i>z h</i><sub>t−1</sub>", now["z"] * now["h_before"], says["zh"])
    d.value((5.45, 6.9), "(1−<i>z</i>)<i>n</i>", (1 - now["z"]) * now["n"], says["new"])
    ends(d, now, "h", says["state"], memory)


def feed(d: Diagram, now: Now, text: Text, columns: dict[float, float], colour: str) -> None:
    """h_{t−1} from the left and x_t from below, to every gate and the candidate: x of each, and half its height."""
    d.wire((0, BOTTOM), (max(columns), BOTTOM), colour=colour, width=3, arrow=False)
    d.wire((0.75, 0.95), (0.75, BOTTOM), colour=d.look.ink, arrow=False)
    for x, half in columns.items():
        d.wire((x, BOTTOM), (x, GATES - half))
    d.value((0.4, BOTTOM + 0.8), "<i>h</i><sub>t−1</sub>", now["h_before"], text("figure.cell_drawing.says.before"),
            colour=colour)  # fmt: skip
    d.label((0.75, 0.5), f"<i>x</i><sub>t</sub> = {now.reads}", xanchor="left", xshift=-20)


def ends(d: Diagram, now: Now, letter: str, says: str, colour: str) -> None:
    """The memory before and after the step, above its line, and how the answer hangs on either."""
    for x, when, index in ((0.45, "before", "t−1"), (5.55, "after", "t")):
        symbol = f"<i>{letter}</i><sub>{index}</sub>"
        d.value((x, TOP + 0.75), symbol, now[f"m_{when}"], says, colour=colour)
        gradient = f"∂ <b>{three(now[f'grad_{when}'])}</b>"
        d.label((x, TOP + 1.55), gradient, colour=d.look.of_several(0), size=13)
