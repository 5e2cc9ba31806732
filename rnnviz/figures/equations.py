"""The equations of one step of a cell, in letters and in the numbers of one unit: LaTeX, and so no picture.

Three notations: PyTorch's names with two biases; U and W with one bias, transposed as in lecture notes; and the notes'
concatenation [h, x]. The last two write the GRU as Cho et al. (2014) do, h_t = (1 − z) h_{t−1} + z h̃: their z lets the
new in, where PyTorch's keeps the old, so that it is 1 − z with weights of the opposite sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnviz.cells import GRU
from rnnviz.cells.cell import Cell
from rnnviz.diagnostics.step_numbers import entries_of
from rnnviz.figures.expression import Applied, Complement, Equation, Expression, Leaf, Product, Sum
from rnnviz.figures.figure import Result
from rnnviz.figures.units import last_step, layer_index

NotationName = Literal["pytorch", "separate", "concatenated"]
NEEDS = ("step_numbers", "step_biases")


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


# On plain numbers: a page runs no torch operation.
FUNCTIONS: dict[str, tuple[str, Callable[[float], float]]] = {
    "sigmoid": (r"\sigma", sigmoid),
    "tanh": (r"\tanh", math.tanh),
    "relu": (r"\mathrm{ReLU}", lambda a: max(a, 0.0)),
    "identity": (r"\mathrm{id}", lambda a: a),
}


@dataclass(frozen=True)
class Step:
    """The numbers of one unit at one time step, and the notation in which they are written."""

    cell: Cell
    layer: int  # from 0
    notation: NotationName
    now: dict[str, float]
    before: dict[str, float]  # at t − 1; the state before the first step is 0
    biases: dict[tuple[str, str], float]  # (bias, gate)

    @property
    def pytorch(self) -> bool:
        return self.notation == "pytorch"

    @property
    def times(self) -> str:
        return r"\odot" if self.pytorch else "*"

    @property
    def x(self) -> str:
        """A higher layer reads the hidden state of the one below."""
        return f"h_t^{{({self.layer})}}" if self.layer else "x_t"

    def leaf(self, letters: str, entry: str) -> Leaf:
        return Leaf(letters, self.now[entry])

    def product(self, *factors: Expression) -> Product:
        return Product(self.times, factors)

    def phi(self, argument: Expression) -> Applied:
        return Applied(*FUNCTIONS[self.cell.activation], argument)

    def sum(self, gate: str, letter: str, *, sign: float = 1.0, state: str = "h_{t-1}") -> Sum:
        """What goes into a gate: W_ih x + b_ih + W_hh h + b_hh, as the notation has it. `letter` is that of the gate."""
        x, hidden = sign * self.now[f"input.{gate}"], sign * self.now[f"hidden.{gate}"]
        b_ih, b_hh = (sign * self.biases[bias, gate] for bias in ("bias_ih", "bias_hh"))
        index, of = (f"_{letter}" if letter else ""), self.x
        match self.notation:
            case "pytorch":
                inside = f"({state})" if "odot" in state else state
                return Sum((
                    Leaf(f"W_{{i{letter}}} {of}", x), Leaf(f"b_{{i{letter}}}", b_ih),
                    Leaf(f"W_{{h{letter}}} {inside}", hidden), Leaf(f"b_{{h{letter}}}", b_hh),
                ))  # fmt: skip
            case "separate":
                inside = f"({state})" if "*" in state else state
                w, u = (rf"{name}{index}^{{\top}}" for name in "WU")
                return Sum((Leaf(f"{w} {inside}", hidden), Leaf(f"{u} {of}", x), Leaf(f"b{index}", b_ih + b_hh)))
            case "concatenated":
                return Sum((Leaf(f"W{index} [{state}, {of}]", hidden + x), Leaf(f"b{index}", b_ih + b_hh)))

    def gate(self, gate: str, letter: str) -> Equation:
        right = Applied(*FUNCTIONS["sigmoid"], self.sum(gate, letter))
        return Equation(f"option.variable.{gate}.label", f"{letter}_t", right, self.now[gate])


@dataclass(frozen=True)
class StepEquations:
    """What is written about one unit at one time step. `gradient` is empty where no gradient exists."""

    unit: int  # from 1; the nearest of those that are kept
    time: int
    forward: tuple[Equation, ...]
    gradient: tuple[Equation, ...]

    @property
    def latex(self) -> list[str]:
        return [equation.latex(self.time, self.unit) for equation in (*self.forward, *self.gradient)]


def step_equations(result: Result, layer: int, unit: int, time: int, notation: NotationName) -> StepEquations | None:
    """The equations of a layer and a unit, counted from 1, at a time step; None if the run has no time step at all.

    A layer, unit or step beyond the last means the last.
    """
    numbers, cell, last = result.data["step_numbers"], result.experiment.cell, last_step(result)
    if not numbers.size:
        return None
    units = numbers["written_unit"].values.astype(int)
    place, time, layer = int(np.abs(units - unit).argmin()), min(time, last), layer_index(cell, layer)
    entries = entries_of(cell)
    columns = numbers.values[:, layer, place].astype(float)
    now = dict(zip(entries, columns[:, time - 1].tolist(), strict=True))
    before = dict(zip(entries, columns[:, time - 2].tolist(), strict=True)) if time > 1 else dict.fromkeys(entries, 0.0)
    biases = result.data["step_biases"].values[:, :, layer, place].tolist()
    named = {
        (bias, gate): value
        for bias, of_gates in zip(("bias_ih", "bias_hh"), biases, strict=True)
        for gate, value in zip(cell.gate_names, of_gates, strict=True)
    }
    step = Step(cell, layer, notation, now, before, named)
    forward, gradient = EQUATIONS[cell.kind](step)
    return StepEquations(int(units[place]), time, forward, () if math.isnan(now["hidden_state_grad"]) else gradient)


Written = tuple[tuple[Equation, ...], tuple[Equation, ...]]


def elman(step: Step) -> Written:
    """h_t = φ(a_t);  ∂ℓ/∂a_t = ∂ℓ/∂h_t ∘ φ'(a_t)."""
    h = step.leaf("h_t", "hidden_state")
    a = step.sum("candidate", "h" if step.pytorch else "")
    forward = (Equation("option.variable.hidden_state.label", "h_t", step.phi(a), h.value),)
    return forward, (of_hidden_state(step), slope(step, "a_t", h), through(step, "a_t", hidden_gradient(step)))


def lstm(step: Step) -> Written:
    """i, f, g, o, c, h;  ∂ℓ/∂a_t of the candidate = ∂ℓ/∂c_t ∘ i_t ∘ φ'(a_t)."""
    g, c, index = ("g", "c", "g") if step.pytorch else (r"\tilde{C}", "C", "C")
    i, f, o = (
        step.leaf(f"{letter}_t", f"{name}_gate")
        for letter, name in zip("ifo", ("input", "forget", "output"), strict=True)
    )
    candidate, cell_state = step.leaf(f"{g}_t", "candidate"), step.leaf(f"{c}_t", "cell_state")
    kept = Leaf(f"{c}_{{t-1}}", step.before["cell_state"])
    forward = (
        step.gate("input_gate", "i"),
        step.gate("forget_gate", "f"),
        Equation("option.variable.candidate.label", f"{g}_t", step.phi(step.sum("candidate", index)), candidate.value),
        step.gate("output_gate", "o"),
        Equation("option.variable.cell_state.label", f"{c}_t",
                 Sum((step.product(f, kept), step.product(i, candidate))), cell_state.value),
        Equation("option.variable.hidden_state.label", "h_t",
                 step.product(o, step.phi(cell_state)), step.now["hidden_state"]),
    )  # fmt: skip
    of_cell = Leaf(partial(f"{c}_t"), step.now["cell_state_grad"])
    gradient = (
        of_hidden_state(step),
        Equation("page.equations.gradient_c", of_cell.letters, of_cell, of_cell.value),
        slope(step, f"a^{index}_t", candidate),
        through(step, f"a^{index}_t", of_cell, i),
    )
    return forward, gradient


def gru(step: Step) -> Written:
    """r, z, n, h;  ∂ℓ/∂a_t of the candidate = ∂ℓ/∂h_t ∘ (what the new is multiplied by) ∘ φ'(a_t)."""
    n = step.leaf("n_t" if step.pytorch else r"\tilde{h}_t", "candidate")
    kept, r = Leaf("h_{t-1}", step.before["hidden_state"]), step.leaf("r_t", "reset_gate")
    z = Leaf("z_t", step.now["update_gate"] if step.pytorch else 1 - step.now["update_gate"])
    open_, closed = (Complement(z), z) if step.pytorch else (z, Complement(z))  # for the new, for the old
    parts = (step.product(open_, n), step.product(closed, kept))
    update = Applied(*FUNCTIONS["sigmoid"], step.sum("update_gate", "z", sign=1 if step.pytorch else -1))
    forward = (
        step.gate("reset_gate", "r"),
        Equation("option.variable.update_gate.label", "z_t", update, z.value),
        Equation("option.variable.candidate.label", n.letters, step.phi(gru_candidate(step, r)), n.value),
        Equation("option.variable.hidden_state.label", "h_t",
                 Sum(parts if step.pytorch else parts[::-1]), step.now["hidden_state"]),
    )  # fmt: skip
    a = "a^n_t" if step.pytorch else r"\tilde{a}_t"
    return forward, (of_hidden_state(step), slope(step, a, n), through(step, a, hidden_gradient(step), open_))


def gru_candidate(step: Step, r: Leaf) -> Sum:
    """W_in x + b_in + r ∘ (W_hn h + b_hn), or W_in x + b_in + W_hn (r ∘ h) + b_hn.

    With the reset after the product the two biases cannot be one, nor h and x be concatenated.
    """
    assert isinstance(step.cell, GRU)
    if step.cell.reset == "before":
        return step.sum("candidate", "n" if step.pytorch else "", state=f"{r.letters} {step.times} h_{{t-1}}")
    w, u, b, b_hidden = ("W_{hn}", "W_{in}", "b_{in}", "b_{hn}") if step.pytorch else (
        r"W^{\top}", r"U^{\top}", "b", "b'")  # fmt: skip
    reset = Sum((
        step.leaf(f"{w} h_{{t-1}}", "hidden.candidate"), Leaf(b_hidden, step.biases["bias_hh", "candidate"]),
    ))  # fmt: skip
    from_input = step.leaf(f"{u} {step.x}", "input.candidate"), Leaf(b, step.biases["bias_ih", "candidate"])
    return Sum((*from_input, step.product(r, reset)))


EQUATIONS: dict[str, Callable[[Step], Written]] = {"elman": elman, "lstm": lstm, "gru": gru}


# — the gradient of the candidate's path —


def partial(letter: str) -> str:
    return rf"\frac{{\partial \ell}}{{\partial {letter}}}"


def hidden_gradient(step: Step) -> Leaf:
    return Leaf(partial("h_t"), step.now["hidden_state_grad"])


def of_hidden_state(step: Step) -> Equation:
    gradient = hidden_gradient(step)
    return Equation("page.equations.gradient_h", gradient.letters, gradient, gradient.value)


def slope(step: Step, a: str, y: Leaf) -> Equation:
    """φ'(a) from y = φ(a)."""
    value = step.now["activation_slope"]
    right: Expression = {
        "tanh": Complement(step.product(y, y)),
        "sigmoid": step.product(y, Complement(y)),
    }.get(step.cell.activation, Leaf("", value))
    return Equation("page.equations.slope", rf"\varphi'({a})", right, value)


def through(step: Step, a: str, *factors: Expression) -> Equation:
    """∂ℓ/∂a = the gradient that arrives ∘ what the candidate is multiplied by ∘ φ'(a)."""
    right = step.product(*factors, step.leaf(rf"\varphi'({a})", "activation_slope"))
    return Equation("page.equations.gradient_a", partial(a), right, right.at(17))
