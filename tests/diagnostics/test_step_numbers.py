"""The numbers of one step against the cell's own equation in float64, and against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import step_biases, step_numbers
from rnnviz.diagnostics.step_numbers import MOST_NUMBERS, entries_of
from rnnviz.engine import run
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.initializers import PyTorchDefault
from rnnviz.tasks import Noise
from tests.oracles import batch_of, graph, own, total_state_gradient

LENGTH, EXAMPLE = 9, 1
ROUNDING = 1e-13  # sums of H + I = 8 products of numbers near 1, each rounded at 2⁻⁵³
every_cell = pytest.mark.parametrize(
    "cell",
    [Elman(hidden_size=5, layers=2), LSTM(hidden_size=5, layers=2), GRU(hidden_size=5, layers=2),
     GRU(hidden_size=5, layers=2, reset="before"), Elman(hidden_size=5, activation="relu", layers=3)],
    ids=["elman", "lstm", "gru", "gru-before", "elman-relu"],
)  # fmt: skip


def experiment(cell, **rest) -> Experiment:
    # PyTorch's own start, for its biases are not zero.
    options = {"batch_size": 3, "dtype": "float64", "initializer": PyTorchDefault(), "loss": LossAtEvery()} | rest
    return Experiment(cell=cell, **{"task": Noise(sequence_length=LENGTH, features=3)} | options)


def numbers(trace):
    """entry -> (layer, unit, time), and bias -> (gate, layer, unit)."""
    entries, biases = step_numbers(trace), step_biases(trace)
    return (
        {str(name): entries.sel(entry=name).values for name in entries["entry"].values},
        {str(name): biases.sel(bias=name).values for name in biases["bias"].values},
    )


def sums_by_torch(cell, p, x, h):
    """W_ih x and W_hh h of every gate in float64, straight from the parameters; the GRU's reset as its `step` has it."""
    from_input = (x @ p["weight_ih"].T).chunk(len(cell.gate_names))
    from_state = list((h @ p["weight_hh"].T).chunk(len(cell.gate_names)))
    if isinstance(cell, GRU) and cell.reset == "before":
        size = cell.hidden_size
        r = (from_input[0] + p["bias_ih"][:size] + from_state[0] + p["bias_hh"][:size]).sigmoid()
        from_state[2] = (r * h) @ p["weight_hh"][2 * size :].T
    return from_input, from_state


@every_cell
def test_every_partial_sum_and_every_state_is_that_of_the_equation(cell):
    made = experiment(cell)
    found, bias = numbers(run(made, example=EXAMPLE))
    parameters, (inputs, _) = draw_parameters(made), batch_of(made)
    states = [cell.initial_state(1, torch.float64) for _ in range(cell.layers)]
    for t in range(LENGTH):
        x = inputs[t, EXAMPLE]
        for layer in range(cell.layers):
            p, h = own(parameters, layer), states[layer].hidden_state[0]
            from_input, from_state = sums_by_torch(cell, p, x, h)
            states[layer], gates = cell.step(p, x[None], states[layer])
            for k, gate in enumerate(cell.gate_names):
                assert found[f"input.{gate}"][layer, :, t] == pytest.approx(from_input[k].numpy(), abs=ROUNDING)
                assert found[f"hidden.{gate}"][layer, :, t] == pytest.approx(from_state[k].numpy(), abs=ROUNDING)
                assert found[gate][layer, :, t] == pytest.approx(gates[k, 0].numpy(), abs=ROUNDING)
                for name in ("bias_ih", "bias_hh"):
                    row = p[name].chunk(len(cell.gate_names))[k].numpy()
                    assert np.array_equal(bias[name][k, layer], row)
            x = states[layer].hidden_state[0]
            assert found["hidden_state"][layer, :, t] == pytest.approx(x.numpy(), abs=ROUNDING)
            if cell.has_cell_state:
                assert found["cell_state"][layer, :, t] == pytest.approx(
                    states[layer].cell_state[0].numpy(), abs=ROUNDING
                )


@every_cell
def test_the_sums_put_through_the_gate_are_the_gate(cell):
    """σ or φ of the four terms is what the run recorded: nothing is missing from the sum."""
    found, bias = numbers(run(experiment(cell), example=EXAMPLE))
    for k, gate in enumerate(cell.gate_names):
        from_input = found[f"input.{gate}"] + bias["bias_ih"][k][..., None]
        from_state = found[f"hidden.{gate}"] + bias["bias_hh"][k][..., None]
        if isinstance(cell, GRU) and cell.reset == "after" and gate == "candidate":
            from_state = found["reset_gate"] * from_state
        squash = cell.phi.function if gate == "candidate" else torch.sigmoid
        assert found[gate] == pytest.approx(squash(torch.from_numpy(from_input + from_state)).numpy(), abs=ROUNDING)


@every_cell
def test_the_gradients_are_those_of_autograd(cell):
    made = experiment(cell)
    found, _ = numbers(run(made, example=EXAMPLE))
    oracle = graph(made, draw_parameters(made), *batch_of(made))
    for t in range(1, LENGTH + 1):
        for layer in range(cell.layers):
            gradient = total_state_gradient(made, oracle, t, layer)[EXAMPLE, : cell.hidden_size].numpy()
            assert found["hidden_state_grad"][layer, :, t - 1] == pytest.approx(gradient, rel=1e-10, abs=1e-14)


def test_given_parameters_are_the_ones_that_are_put_in():
    """A state_dict of PyTorch's replaces what was drawn; one without biases adds zeros."""
    made = experiment(LSTM(hidden_size=5))
    torch.manual_seed(0)
    module = torch.nn.LSTM(3, 5, bias=False).double()
    found, bias = numbers(run(made, parameters=module.state_dict(), example=EXAMPLE))
    assert not bias["bias_ih"].any() and not bias["bias_hh"].any()
    expected = batch_of(made)[0][:, EXAMPLE] @ module.weight_ih_l0.detach().T
    assert found["input.candidate"][0] == pytest.approx(expected[:, 10:15].T.numpy(), abs=ROUNDING)


def test_the_default_page_is_whole_and_a_large_network_keeps_every_step_and_some_units():
    small = step_numbers(run(Experiment(cell=LSTM())))
    assert small.sizes["written_unit"] == 32 and small.nbytes < 300_000
    large = Experiment(cell=LSTM(hidden_size=256), task=Noise(sequence_length=1_000), batch_size=1)
    given = step_numbers(run(large))
    assert given.size <= MOST_NUMBERS and given.sizes["written_time"] == 1_000
    assert given["written_unit"].values[[0, -1]].tolist() == [1, 256]
    assert step_biases(run(large)).sizes["written_unit"] == given.sizes["written_unit"]


def test_a_run_that_overflowed_before_its_loss_has_states_and_no_gradient():
    made = Experiment(
        cell=Elman(hidden_size=16, activation="relu"), task=Noise(sequence_length=400), batch_size=2,
    ).changed({"initializer.scale.gain": 4.0})  # fmt: skip
    trace = run(made)
    assert trace.outcome.state == "diverged"
    found, _ = numbers(trace)
    assert np.isnan(found["hidden_state_grad"]).all() and np.isfinite(found["hidden_state"]).all()
    assert entries_of(made.cell) == tuple(found)
