"""The equations of a step: every line is read as it is written and worked out, and the numbers are those of torch."""

from __future__ import annotations

import math
import re
from functools import cache
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import torch

from rnnviz.cells import CELLS, GRU, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast, LossAtStep
from rnnviz.figures import Result
from rnnviz.figures.equations import EQUATIONS, FUNCTIONS, NEEDS, NotationName, sigmoid, step_equations
from rnnviz.figures.expression import Complement, Equation, Leaf, Product, Sum, in_latex, shown
from rnnviz.initializers import Gain, Gaussian, PyTorchDefault
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text
from tests.oracles import batch_of, graph, mean_loss

T, EXAMPLE = 12, 1
NOTATIONS = get_args(NotationName)
SIZES = {"hidden_size": 4, "layers": 2}
CELLS_HERE = {
    "elman": Elman(**SIZES), "elman-relu": Elman(activation="relu", **SIZES),
    "elman-sigmoid": Elman(activation="sigmoid", **SIZES), "lstm": LSTM(forget_bias=1.0, **SIZES),
    "lstm-relu": LSTM(activation="relu", **SIZES), "gru": GRU(update_bias=1.0, **SIZES),
    "gru-before": GRU(reset="before", **SIZES), "gru-sigmoid": GRU(activation="sigmoid", **SIZES),
    "elman-identity": Elman(activation="identity", **SIZES),
}  # fmt: skip
every_cell = pytest.mark.parametrize("name", CELLS_HERE)
every_notation = pytest.mark.parametrize("notation", NOTATIONS)


def experiment(cell, **rest) -> Experiment:
    options = {"batch_size": 3, "dtype": "float64", "initializer": PyTorchDefault(), "loss": LossAtEvery()} | rest
    return Experiment(cell=cell, **{"task": Noise(sequence_length=T, features=3)} | options)


def result_of(made: Experiment) -> Result:
    return Result(made, diagnose(made, [DIAGNOSTICS[name] for name in NEEDS], example=EXAMPLE))


@cache
def made(name: str, dtype: str = "float64") -> Result:
    return result_of(experiment(CELLS_HERE[name], dtype=dtype))


def rows(latex: str) -> list[str]:
    """The right sides of a block, a folded row put together again."""
    inside = re.fullmatch(r"\\begin\{aligned\} (.*) \\end\{aligned\}", latex)
    assert inside
    return [row.split("&", 1)[1] for row in inside[1].replace(r" \\ &\qquad", "").split(r" \\ ")]


def worked_out(written: str) -> float:
    """What a calculator says of a row of numbers."""
    code = re.sub(r" \\times 10\^\{(-?\d+)\}", r"e\1", written).replace(r"\cdot", "*")
    for command, function in (
        ("\\tanh", "tanh"),
        ("\\sigma", "sigmoid"),
        (r"\mathrm{ReLU}", "relu"),
        (r"\mathrm{id}", "id_"),
    ):
        code = code.replace(command, function)
    assert "\\" not in code, code
    names = {"tanh": math.tanh, "sigmoid": lambda a: 1 / (1 + math.exp(-a)), "relu": lambda a: max(a, 0), "id_": float}
    return float(eval(code, {"__builtins__": {}}, names))


def digits_of(number: str) -> int:
    mantissa = re.sub(r" \\times.*", "", number).lstrip("-")
    return max(len(mantissa.replace(".", "").lstrip("0")), 1)


@every_cell
@every_notation
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_line_is_true_as_it_is_written(name, notation, dtype):
    """What stands on the left, worked out, gives what stands on the right to all digits shown."""
    lines = approximate = 0
    for layer, unit, time in [(1, 1, 1), (1, 2, T), (2, 3, 7), (2, 4, 2)]:
        for latex in step_equations(made(name, dtype), layer, unit, time, notation).latex:
            _, *filled = rows(latex) if len(rows(latex)) > 1 else ["", *rows(latex)]
            parts = [part.strip() for part in re.split(r"(?:^|\s)(?:=|\\approx) ", " ".join(filled)) if part.strip()]
            approximate += latex.count(r"\approx")
            if r"\approx" in latex:
                continue
            for left, right in pairwise(parts):
                # The inner sum comes before its function: compare inside the bracket, or the whole.
                if right.endswith(")") and left.startswith("\\"):
                    left, right = left.split("(", 1)[1][:-1], right.split("(", 1)[1][:-1]
                expected, digits = worked_out(right), digits_of(right)
                assert float(f"{worked_out(left):.{digits - 1}e}") == pytest.approx(expected, rel=1e-12), latex
                lines += 1
    assert lines >= 12
    assert approximate == 0 if dtype == "float64" else approximate <= 2


@every_cell
@every_notation
def test_every_result_is_that_of_the_cells_own_equation(name, notation):
    """Worked out with all digits, each right side is what float64 torch recorded; whatever the letters are."""
    result = made(name)
    for time in (1, 6, T):
        step = step_equations(result, 2, 3, time, notation)
        for equation in (*step.forward, *step.gradient):
            assert equation.right.at(17) == pytest.approx(equation.value, rel=1e-12, abs=1e-14)


@every_cell
def test_the_gradient_before_the_activation_is_that_of_autograd(name):
    """Its sum over time is ∂ℓ/∂b of the candidate's row: b is added to the same sum at every step."""
    result = made(name)
    oracle = graph(result.experiment, draw_parameters(result.experiment), *batch_of(result.experiment))
    bias = oracle.parameters["bias_ih_l1"]
    (expected,) = torch.autograd.grad(mean_loss(result.experiment, oracle)[EXAMPLE], bias)
    cell = result.experiment.cell
    row = cell.gate_names.index("candidate") * cell.hidden_size + 2
    steps = [step_equations(result, 2, 3, t, "pytorch").gradient[-1].value for t in range(1, T + 1)]
    assert sum(steps) == pytest.approx(float(expected[row]), rel=1e-9)


@every_notation
def test_the_letters_of_each_notation(notation):
    letters = {
        name: [e.right.letters for e in step_equations(made(name), 1, 1, 5, notation).forward] for name in CELLS_HERE
    }
    expected = {
        "pytorch": {
            "elman": r"\tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})",
            "lstm": r"f_t \odot c_{t-1} + i_t \odot g_t",
            "gru": r"(1 - z_t) \odot n_t + z_t \odot h_{t-1}",
            "gru-before": r"\tanh(W_{in} x_t + b_{in} + W_{hn} (r_t \odot h_{t-1}) + b_{hn})",
        },
        "separate": {
            "elman": r"\tanh(W^{\top} h_{t-1} + U^{\top} x_t + b)",
            "lstm": r"f_t * C_{t-1} + i_t * \tilde{C}_t",
            "gru": r"(1 - z_t) * h_{t-1} + z_t * \tilde{h}_t",
            "gru-before": r"\tanh(W^{\top} (r_t * h_{t-1}) + U^{\top} x_t + b)",
        },
        "concatenated": {
            "elman": r"\tanh(W [h_{t-1}, x_t] + b)",
            "lstm": r"\sigma(W_f [h_{t-1}, x_t] + b_f)",
            "gru": r"(1 - z_t) * h_{t-1} + z_t * \tilde{h}_t",
            "gru-before": r"\tanh(W [r_t * h_{t-1}, x_t] + b)",
        },
    }[notation]
    for name, equation in expected.items():
        assert equation in letters[name]


def test_the_notes_z_is_one_minus_pytorchs():
    ours, notes = (
        step_equations(made("gru"), 1, 2, 5, notation).forward[1].value for notation in ("pytorch", "separate")
    )
    assert ours + notes == 1.0


def test_the_second_layer_reads_the_first_and_the_first_step_has_no_past():
    step = step_equations(made("lstm"), 2, 1, 1, "pytorch")
    assert "h_t^{(1)}" in step.forward[0].latex(1, 1) and "x_t" not in step.forward[0].latex(1, 1)
    assert all(e.right.argument.terms[2].value == 0 for e in step.forward[:4])  # W_hh h_0
    assert r"\cdot 0 +" in rows(step.forward[4].latex(1, 1))[1]  # f ∘ c_0


def test_what_lies_beyond_the_end_means_the_last():
    assert step_equations(made("gru"), 4, 99, 10_000, "pytorch") == step_equations(made("gru"), 2, 4, T, "pytorch")


def test_after_the_loss_the_gradient_is_zero():
    result = result_of(experiment(LSTM(hidden_size=3), loss=LossAtStep(step=5)))
    assert all(e.value == 0 for e in step_equations(result, 1, 1, 9, "pytorch").gradient if "slope" not in e.name)
    assert step_equations(result, 1, 1, 5, "pytorch").gradient[0].value != 0


def test_a_run_that_overflowed_has_equations_up_to_its_last_step_and_no_gradient():
    wild = experiment(
        Elman(hidden_size=64, activation="identity"), dtype="float32", task=Noise(sequence_length=400),
        initializer=Gaussian(scale=Gain(gain=4.0)), loss=LossAtLast(),
    )  # fmt: skip
    result = result_of(wild)
    assert result.data.attrs["outcome"] == "diverged"
    step = step_equations(result, 1, 1, 400, "pytorch")
    assert step.time == result.data.attrs["overflow_time"] - 1 and step.forward and not step.gradient
    assert "NaN" not in "".join(step.latex)


def test_every_cell_has_equations_and_every_activation_its_function():
    assert set(EQUATIONS) == {cell.model_fields["kind"].default for cell in CELLS}
    for name, (_, function) in FUNCTIONS.items():
        torchs = Elman(activation=name).phi.function
        for a in (-800.0, -1.5, 0.0, 0.3, 800.0):
            assert function(a) == pytest.approx(float(torchs(torch.tensor(a, dtype=torch.float64))), rel=1e-14)
    assert sigmoid(-800.0) >= 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_equation_has_a_name(language):
    for name in CELLS_HERE:
        step = step_equations(made(name), 1, 1, 3, "pytorch")
        assert all(e.name in Text(language) for e in (*step.forward, *step.gradient))


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0"), (0.5, "0.5000"), (-12.3456, "-12.35"), (123456.7, "123500"), (1.5e-7, r"1.500 \times 10^{-7}"),
     (math.inf, r"\infty"), (-math.inf, r"-\infty"), (math.nan, r"\mathrm{NaN}"), (0.00099996, "0.001000")],
)  # fmt: skip
def test_a_number_is_written_with_four_digits(value, written):
    assert in_latex(value, 4) == written


def test_digits_grow_until_the_line_is_true():
    """0.33333 + 0.33333 = 0.66666: with four digits each, 0.3333 + 0.3333 would be 0.6666 and not 0.6667."""
    third = Leaf("a", 0.33333)
    digits, result = shown(Sum((third, third)), 0.66666)
    assert (digits, result) == (5, 4) and Sum((third, third)).numbers(5) == "0.33333 + 0.33333"
    assert shown(Leaf("a", 1.0), 2.0) == (4, 0)
    assert r"\approx" in Equation("", "a_t", Sum((third,)), 0.4).latex(1, 1)


def test_negative_numbers_and_sums_stand_in_brackets():
    a, b = Leaf("a", -2.0), Leaf("b", 3.0)
    assert Product("*", (a, Complement(b))).numbers(4) == r"(-2.000) \cdot (1 - 3.000)"
    assert Sum((b, a)).numbers(4) == "3.000 - 2.000" and Complement(a).numbers(4) == "1 - (-2.000)"
    assert np.isclose(Product("*", (a, Sum((a, b)))).at(4), -2.0)
