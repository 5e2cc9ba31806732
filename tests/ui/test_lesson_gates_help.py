"""Lesson 12: its numbers against the gates themselves, autograd and closed forms; its claims, where its links lead."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rnnviz.cells import State
from rnnviz.engine.data import draw_batch
from rnnviz.engine.network import draw_parameters, layer_parameters
from rnnviz.figures import GatesAgainstWeights
from rnnviz.figures.figure import Results
from rnnviz.ui.lessons.gates_help import GatesHelpLesson
from tests.ui.test_lessons import found_of, numbers

START = GatesHelpLesson.start()
SHORT = START.changed({"sequence_length": 12})


def results(record: GatesHelpLesson) -> Results:
    found = found_of(record.parts()[0])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("gated", ["lstm", "gru"])
def test_the_figure_draws_the_gates_and_the_whole_jacobian(gated: str) -> None:
    """The mean gate, the direct path ∏ gate and ‖∂s_T/∂s_0‖₂, against the equation and autograd's Jacobian of the loop."""
    record = SHORT.changed({"gated": gated, "gain": 1.3, "opening": 1.0})
    result, figure = results(record)[f"{gated}-tanh"], GatesAgainstWeights()
    cell, weights = result.experiment.cell, layer_parameters(draw_parameters(result.experiment), 0)
    inputs, gates = draw_batch(result.experiment).inputs[:, 0].double(), []

    def last(flat: torch.Tensor) -> torch.Tensor:
        state: State = cell.state(flat)
        gates.clear()
        for x in inputs:
            state, values = cell.step(weights, x, state)
            gates.append(values[cell.gate_names.index(str(cell.keeping_gate))].detach())
        return state.flat()

    whole = torch.autograd.functional.jacobian(last, torch.zeros(cell.state_size, dtype=torch.float64))
    kept = torch.stack(gates)
    expected = math.log10(float(torch.linalg.matrix_norm(whole, 2)))
    assert figure.products(result)["all"][-1] == pytest.approx(expected, abs=1e-10)
    assert figure.products(result)["direct"][-1] == pytest.approx(float(kept.prod(0).max().log10()), abs=1e-10)
    assert figure.factors(result)["mean"] == pytest.approx(kept.mean(1).numpy(), abs=1e-6)  # kept in float32


def test_the_weight_is_the_gain_and_the_same_at_every_step():
    """An orthogonal W_hh of gain g has all singular values g, so √H · rms = g."""
    result = results(SHORT.changed({"gain": 1.3}))["elman-tanh"]
    factors = GatesAgainstWeights().factors(result)
    assert factors["weight"] == pytest.approx(np.full(12, 1.3), abs=1e-12)
    assert (factors["with_slope"] < factors["weight"]).all() and len(set(factors["with_slope"])) == 12


def test_row_6_without_recurrent_weights_the_direct_path_is_all_there_is():
    """Row 6 (E): with the gates held ∂c_T/∂c_0 = ∏ f; at gain 0 nothing else leads from c to c."""
    found = numbers(START.changed({"gain": 0.0}))
    assert float(found["vanilla"]) == float(found["detour"]) == -math.inf
    assert 0 <= float(found["all"]) - float(found["direct"]) < math.log10(2)  # c_T → h_T adds at most |o tanh'| ≤ 1


def test_the_verdict_follows_the_gate():
    verdicts = {
        bias: START.right(numbers(START.changed({"opening": bias, "gated": gated})))
        for bias, gated in ((0.0, "lstm"), (1.0, "lstm"), (3.0, "lstm"))
    }
    assert verdicts == {0.0: "no_better", 1.0: "slower", 3.0: "keeps"}
    assert START.right(numbers(START.changed({"opening": 0.0, "gated": "gru"}))) == "no_better"


def test_gates_are_no_protection_from_growth():
    """What the link to much larger weights shows: the detours grow, the direct path cannot, for a gate is below 1."""
    large = numbers(START.changed({"gain": 3.0}))
    assert float(large["all"]) > 1 and float(large["detour"]) > 1 and float(large["direct"]) < 0
