"""The diagnostics of units: rows 6 and 7 of the numbers this project must reproduce, and what any network must obey."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import gate_product, jacobian_norm, keeping_gate, unit_activity, unit_spread
from rnnviz.diagnostics.unit_activity import variables_of
from rnnviz.engine import run
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.tasks import Noise

LENGTH = 20
EXACT = 1e-10  # what NUMBERS.md allows its exact rows in float64
every_cell = pytest.mark.parametrize(
    "cell", [Elman(hidden_size=5), LSTM(hidden_size=5), GRU(hidden_size=5), GRU(hidden_size=5, reset="before")],
    ids=["elman", "lstm", "gru", "gru-before"],
)  # fmt: skip


def experiment(cell, **rest) -> Experiment:
    options = {"task": Noise(sequence_length=LENGTH), "batch_size": 3, "dtype": "float64"} | rest
    return Experiment(cell=cell, **options)


def held(cell) -> Experiment:
    """No recurrent weights and no input: every gate stays at what its bias makes of it."""
    quiet = Noise(sequence_length=LENGTH, variance=0.0)
    return experiment(cell, task=quiet, initializer=Orthogonal(scale=Gain(gain=0.0)))


@pytest.mark.parametrize(
    ("bias", "gate", "after_20"),
    [(0.0, 0.5, 9.537e-7), (1.0, 0.731059, 1.9013e-3), (3.0, 0.952574, 0.378421), (5.0, 0.993307, 0.874322)],
)
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_direct_path_is_the_product_of_held_gates(kind, bias, gate, after_20):
    """Row 6 for the LSTM: f = σ(b_f), f^20; row 7: PyTorch's z does the same in the GRU."""
    cell = LSTM(hidden_size=2, forget_bias=bias) if kind == "lstm" else GRU(hidden_size=2, update_bias=bias)
    trace = run(held(cell))
    mean = keeping_gate(trace)
    assert mean.sel(mean="mean").values == pytest.approx(np.full((1, 2), gate), abs=5e-7)
    half_life = math.log(0.5) / mean.sel(mean="mean_log").values
    assert half_life == pytest.approx(np.full((1, 2), math.log(2) / math.log1p(math.exp(-bias))), rel=EXACT)
    product = gate_product(trace).values[:, 0]
    assert 10 ** product[:, -1] == pytest.approx(np.full(4, after_20), rel=1e-4)
    assert product[1] == pytest.approx(-np.arange(LENGTH + 1) * math.log10(1 + math.exp(-bias)), abs=EXACT)


def test_forget_bias_3_halves_in_14_steps():
    mean = keeping_gate(run(held(LSTM(hidden_size=4, forget_bias=3.0))))
    assert float(mean.sel(mean="mean").mean()) == pytest.approx(0.9526, abs=5e-5)
    assert math.log(0.5) / float(mean.sel(mean="mean_log").mean()) == pytest.approx(14.27, abs=5e-3)


def test_the_gru_without_other_paths_is_its_direct_path():
    """No recurrent weights: ∂h_T/∂h_t = diag(∏ z) exactly, whose norm is the slowest unit's product (row 7)."""
    made = experiment(GRU(hidden_size=5, update_bias=1.0), initializer=Orthogonal(scale=Gain(gain=0.0)))
    trace = run(made, example=2)
    largest = gate_product(trace).sel(of_units="largest").values[0]
    assert largest == pytest.approx(jacobian_norm(trace).values, abs=1e-9)


def test_a_product_of_hundreds_of_closed_gates_does_not_underflow():
    made = experiment(LSTM(hidden_size=2, forget_bias=-6.0), task=Noise(sequence_length=400))
    assert -2000 < gate_product(run(made)).sel(of_units="median").values[0, -1] < -600  # float64 ends at 10^−323


@every_cell
def test_every_variable_is_what_the_run_recorded_for_the_example_that_was_asked_for(cell):
    trace = run(experiment(cell), example=1)
    given = unit_activity(trace)
    assert given["variable"].values.tolist() == list(variables_of(cell)) and given.dtype == np.float32
    for name in variables_of(cell):
        kept = trace.data[name] if name in trace.data else trace.data["gate"].sel(gate_name=name)
        expected = kept.isel(example=1).transpose("layer", "unit", "time").values
        assert given.sel(variable=name).values == pytest.approx(expected, rel=1e-6)


@every_cell
def test_the_spread_is_that_of_the_units(cell):
    trace = run(experiment(cell), example=2)
    activity, spread = unit_activity(trace), unit_spread(trace)
    for name in variables_of(cell):
        values, over = activity.sel(variable=name).values[0], spread.sel(variable=name).values[:, 0]
        assert over[1] == pytest.approx(values.mean(0), abs=1e-6)
        assert over[[0, 2]] == pytest.approx(np.quantile(values, [0.1, 0.9], axis=0), abs=1e-6)
        beyond = (values < 0.1) | (values > 0.9) if name.endswith("_gate") else np.abs(values) > 0.9
        assert over[3] == pytest.approx(beyond.mean(0), abs=1e-6)


def test_what_is_too_large_for_a_screen_is_thinned_with_its_ends_kept():
    given = unit_activity(run(experiment(Elman(hidden_size=200), task=Noise(sequence_length=1500), dtype="float32")))
    assert dict(given.sizes) == {"variable": 1, "layer": 1, "kept_unit": 128, "kept_time": 1000}
    assert given["kept_unit"].values[[0, -1]].tolist() == [1, 200]
    assert given["kept_time"].values[[0, -1]].tolist() == [1, 1500]
    assert given.nbytes == 512_000


def test_a_cell_without_a_keeping_gate_has_no_product_and_no_time_constant():
    trace = run(experiment(Elman(hidden_size=3)))
    assert keeping_gate(trace).size == gate_product(trace).size == 0
    assert gate_product(trace).sizes["lag"] == jacobian_norm(trace).sizes["lag"]
