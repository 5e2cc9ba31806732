"""The drawing of an LSTM or a GRU with the numbers of one unit at one time step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Annotated, Literal, NamedTuple

import pandas as pd
import xarray as xr
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import Demonstrated, InsideCell
from rnnviz.demonstrations.adders import STEPS, UNITS
from rnnviz.figures.demonstrations.diagram import BOX, HALF, TANK, WIDTH, Diagram, three
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

TOP, MIDDLE, GATES, BOTTOM = (
    7.9,
    6.25,
    4.3,
    1.9,
)  # the memory's line; what joins it; the gates; the line that feeds them


def lstm(d: Diagram, now: Now, text: Text) -> None:
    """c runs along the top, h and x feed the gates from below, and h_t is c_t seen through tanh and o."""
    f, i, g, o, out = 1.3, 2.3, 3.3, 4.3, 5.3
    new = (i + g) / 2
    memory, hidden, says = d.look.colour("lstm"), d.look.colour("elman"), Says(text)
    d.nodes += [(f, TOP, "×"), (new, TOP, "+"), (new, MIDDLE, "×"), (out, GATES, "×")]
    feed(d, now, says, {f: TANK, i: TANK, g: BOX, o: TANK}, hidden)
    d.wire((0, TOP), (WIDTH, TOP), colour=memory, width=4)
    d.wire((f, GATES + TANK), (f, TOP))
    d.wire((i, GATES + TANK), (i, MIDDLE), (new, MIDDLE))
    d.wire((g, GATES + BOX), (g, MIDDLE), (new, MIDDLE))
    d.wire((new, MIDDLE), (new, TOP))
    d.wire((out, TOP), (out, MIDDLE + BOX), colour=memory, arrow=False)
    d.wire((out, MIDDLE - BOX), (out, GATES), colour=memory)
    d.wire((o + HALF, GATES), (out, GATES))
    d.wire((out, GATES), (out, BOTTOM), (WIDTH, BOTTOM), colour=hidden, width=3)
    tanks(d, now, text, {f: "f", i: "i", o: "o"})
    d.box((g, GATES), "<i>g</i>", now["g"], says("g"), d.look.of_several(1))
    d.box((out, MIDDLE), "tanh <i>c</i>", squashed(now.numbers), says("tanh"), memory)
    d.value(((f + new) / 2, TOP + 0.75), "<i>f c</i><sub>t−1</sub>", now["f"] * now["m_before"], says("fc"))
    d.value((new + 0.52, 7.2), "<i>i g</i>", now["i"] * now["g"], says("ig"))
    ends(d, now, "c", says("c"), memory)
    d.value((5.68, BOTTOM - 0.8), "<i>h</i><sub>t</sub>", now["h_after"], says("h"), colour=hidden)


def gru(d: Diagram, now: Now, text: Text) -> None:
    """h runs along the top: z keeps it, 1 − z lets the candidate in, r says how much of it the candidate sees."""
    z, opened, r, n = 1.3, 2.4, 3.3, 4.8
    memory, says = d.look.colour("gru"), Says(text)
    d.nodes += [(z, TOP, "×"), (n, TOP, "+"), (n, MIDDLE, "×")]
    feed(d, now, says, {z: TANK, r: TANK, n: BOX}, memory)
    d.wire((0, TOP), (WIDTH, TOP), colour=memory, width=4)
    d.wire((z, GATES + TANK), (z, TOP))
    d.wire((z + HALF, GATES), (opened, GATES), (opened, MIDDLE - BOX))
    d.wire((opened + HALF, MIDDLE), (n, MIDDLE))
    d.wire((r + HALF, GATES), (n - HALF, GATES))
    d.wire((n, GATES + BOX), (n, MIDDLE))
    d.wire((n, MIDDLE), (n, TOP))
    tanks(d, now, text, {z: "z", r: "r"})
    d.box((opened, MIDDLE), "1 − <i>z</i>", 1 - now["z"], says("open"), d.look.of_several(2))
    d.box((n, GATES), "<i>n</i>", now["n"], says("n"), d.look.of_several(1))
    d.value(((z + n) / 2, TOP + 0.75), "<i>z h</i><sub>t−1</sub>", now["z"] * now["h_before"], says("zh"))
    d.value((n + 0.65, 6.95), "(1−<i>z</i>)<i>n</i>", (1 - now["z"]) * now["n"], says("new"))
    ends(d, now, "h", says("state"), memory)


class Says(NamedTuple):
    """What a mark says to the pointer."""

    text: Text

    def __call__(self, mark: str) -> str:
        return self.text(f"figure.cell_drawing.says.{mark}")


def tanks(d: Diagram, now: Now, text: Text, gates: dict[float, str]) -> None:
    """The gates by their x."""
    for x, letter in gates.items():
        held = text("figure.cell_drawing.held") if letter in now.holds else ""
        d.tank((x, GATES), f"<i>{letter}</i>", now[letter], Says(text)(letter), d.look.of_several(2), held=held)


def feed(d: Diagram, now: Now, says: Says, columns: dict[float, float], colour: str) -> None:
    """h_{t−1} from the left and x_t from below, to every gate and the candidate: x of each, and half its height."""
    d.wire((0, BOTTOM), (max(columns), BOTTOM), colour=colour, width=3, arrow=False)
    d.wire((0.75, 0.95), (0.75, BOTTOM), colour=d.look.ink, arrow=False)
    for x, half in columns.items():
        d.wire((x, BOTTOM), (x, GATES - half))
    d.value((0.4, BOTTOM + 0.8), "<i>h</i><sub>t−1</sub>", now["h_before"], says("before"), colour=colour)
    d.label((0.75, 0.5), f"<i>x</i><sub>t</sub> = {now.reads}", xanchor="left", xshift=-20)


def ends(d: Diagram, now: Now, letter: str, says: str, colour: str) -> None:
    """The memory before and after the step, above its line, and how the answer hangs on either."""
    for x, when, index in ((0.45, "before", "t−1"), (5.55, "after", "t")):
        symbol = f"<i>{letter}</i><sub>{index}</sub>"
        d.value((x, TOP + 0.75), symbol, now[f"m_{when}"], says, colour=colour)
        gradient = f"∂ <b>{three(now[f'grad_{when}'])}</b>"
        d.label((x, TOP + 1.55), gradient, colour=d.look.of_several(0), size=13)
