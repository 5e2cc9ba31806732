"""Where φ works and where it is flat: the equations, closed forms, and what the three diagnostics must agree on."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import activation_histogram, activation_slopes, activation_totals
from rnnviz.diagnostics.activation_totals import reach_of
from rnnviz.diagnostics.squashing import places_of
from rnnviz.engine import run
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gain, Identity, Orthogonal
from rnnviz.tasks import Adding, Noise
from tests.oracles import own

LENGTH = 12
CELLS = [
    Elman(hidden_size=5, layers=2), LSTM(hidden_size=5, layers=2), GRU(hidden_size=5, layers=2),
    GRU(hidden_size=5, reset="before"), LSTM(hidden_size=4, activation="relu"), Elman(hidden_size=4, activation="sigmoid"),
]  # fmt: skip
every_cell = pytest.mark.parametrize(
    "cell", CELLS, ids=lambda c: f"{c.kind}-{c.activation}-{c.flat().get('reset', '')}"
)


def experiment(cell, **rest) -> Experiment:
    options = {"task": Adding(sequence_length=LENGTH), "batch_size": 3, "dtype": "float64"} | rest
    return Experiment(cell=cell, **options)


def by_hand(cell, p: dict[str, torch.Tensor], x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    """The candidate's pre-activation as the papers write it: rows of PyTorch's matrices, no `step` of ours."""
    at, size = cell.gate_names.index("candidate"), cell.hidden_size
    rows = slice(at * size, (at + 1) * size)
    from_input, weight, bias = x @ p["weight_ih"][rows].T + p["bias_ih"][rows], p["weight_hh"][rows], p["bias_hh"][rows]
    if not isinstance(cell, GRU):
        return from_input + h @ weight.T + bias
    r = torch.sigmoid(
        x @ p["weight_ih"][:size].T + p["bias_ih"][:size] + h @ p["weight_hh"][:size].T + p["bias_hh"][:size]
    )
    return from_input + (r * (h @ weight.T + bias) if cell.reset == "after" else (r * h) @ weight.T + bias)


@every_cell
def test_the_pre_activation_is_that_of_the_equation_and_squashes_to_the_candidate(cell):
    made = experiment(cell)
    data, parameters = run(made).data, draw_parameters(made)
    below = torch.from_numpy(data.input.values.copy())
    for layer in range(cell.layers):
        hidden = torch.from_numpy(data.hidden_state.values[layer].copy())
        before = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
        found = data.pre_activation.values[layer]
        assert found == pytest.approx(by_hand(cell, own(parameters, layer), below, before).numpy(), abs=1e-13)
        candidate = data.gate.sel(gate_name="candidate").values[layer]
        assert cell.phi.function(torch.from_numpy(found.copy())).numpy() == pytest.approx(candidate, abs=1e-13)
        below = hidden


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_three_diagnostics_tell_one_story(cell, dtype):
    """Fractions over time average to the totals; bins and remainders make up all values; the slope is φ' of a."""
    trace = run(experiment(cell, dtype=dtype))
    totals, slopes, bins = activation_totals(trace), activation_slopes(trace), activation_histogram(trace)
    assert tuple(totals["place"].values) == tuple(slopes["place"].values) == places_of(cell)
    for name in ("dead", "saturated", "mean_slope"):
        assert slopes.sel(of_slope=name).mean("kept_time").values == pytest.approx(totals.sel(total=name).values)
    beyond = totals.sel(total="below").values + totals.sel(total="above").values
    assert bins.sel(of_bin="fraction").sum("bin").values + beyond == pytest.approx(np.ones(beyond.shape))
    at = torch.tensor(bins["bin"].values * totals.sel(total="reach").values[..., None], requires_grad=True)
    cell.phi.function(at).sum().backward()
    assert bins.sel(of_bin="slope").values == pytest.approx(at.grad.numpy(), abs=1e-12)
    assert (totals.sel(total="dead") <= totals.sel(total="saturated")).all()
    squashed = [trace.data.pre_activation, *([trace.data.cell_state] if cell.has_cell_state else [])]
    for place, received in enumerate(squashed):
        a = torch.tensor(received.values.astype(float), requires_grad=True)
        cell.phi.function(a).sum().backward()
        gamma = cell.phi.largest_slope
        assert a.grad.mean((1, 2, 3)).numpy() / gamma == pytest.approx(
            totals.sel(total="mean_slope").values[place], abs=1e-6
        )
        assert (a.grad < 0.05 * gamma).double().mean((1, 2, 3)).numpy() == pytest.approx(
            totals.sel(total="saturated").values[place]
        )


@pytest.mark.parametrize(("activation", "edge"), [("tanh", math.atanh(math.sqrt(0.95))), ("sigmoid", 4.3567086)])
def test_gaussian_pre_activations_saturate_as_often_as_the_normal_distribution_says(activation, edge):
    """One unit, no recurrent weight, u = 3: a ~ N(0, 9), and P(|a| > edge) = erfc(edge / 3√2); four standard errors of
    20 000 draws. tanh' = .05 where tanh² = .95; σ(1 − σ) = .05/4 at |a| = 4.3567."""
    made = experiment(
        Elman(hidden_size=1, activation=activation), task=Noise(sequence_length=1000), batch_size=20,
        initializer=Orthogonal(scale=Gain(gain=0.0)),
    )  # fmt: skip
    trace = run(made, parameters={"weight_ih_l0": torch.tensor([[3.0]])})
    expected = math.erfc(edge / 3 / math.sqrt(2))
    found = float(activation_totals(trace).sel(total="saturated").squeeze())
    assert abs(found - expected) < 4 * math.sqrt(expected * (1 - expected) / 20_000)
    bins = activation_histogram(trace).sel(of_bin="fraction").squeeze()
    reach = float(activation_totals(trace).sel(total="reach").squeeze())
    assert reach == 10.0
    edges = np.linspace(-reach, reach, len(bins) + 1)
    below = np.array([math.erf(x / 3 / math.sqrt(2)) for x in edges]) / 2
    share = np.diff(below)
    assert np.abs(bins.values - share).max() < 5 * math.sqrt(share.max() / 20_000)


def test_relu_units_that_never_switch_on_are_dead_and_the_others_pass_everything():
    """Row 11: every slope is exactly 0 or 1. W_hh = I, inputs ≥ 0; half of the units have input weights below zero."""
    made = experiment(Elman(hidden_size=4, activation="relu"), initializer=Identity(scale=Gain(gain=1.0)))
    weights = draw_parameters(made)["weight_ih_l0"].abs() * torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    zero = torch.zeros(4)
    trace = run(made, parameters={"weight_ih_l0": weights, "bias_ih_l0": zero, "bias_hh_l0": zero})
    assert set(trace.data.activation_slope.values.ravel()) == {0.0, 1.0}
    totals = activation_totals(trace).squeeze()
    for name in ("dead", "saturated", "mean_slope", "dead_units"):
        assert float(totals.sel(total=name)) == 0.5
    assert (activation_slopes(trace).values == 0.5).all()


def test_a_tanh_that_has_rounded_to_one_is_dead_and_not_only_saturated():
    """1 − tanh² is exactly 0 where tanh has rounded to 1: beyond ln 2 · 55/2 = 19.06 in float64; in float32 beyond 9.01 if
    rounded correctly, and from 10 on in NumPy's."""
    for dtype, drive in (("float32", 10.5), ("float64", 19.5)):
        made = experiment(Elman(hidden_size=3), dtype=dtype, initializer=Orthogonal(scale=Gain(gain=0.0)))
        quiet = {"weight_ih_l0": torch.zeros(3, 2)}
        trace = run(made, parameters={**quiet, "bias_ih_l0": torch.tensor([drive, 0.8 * drive, 0.0])})
        totals = activation_totals(trace).squeeze()
        assert float(totals.sel(total="dead")) == pytest.approx(1 / 3)
        assert float(totals.sel(total="saturated")) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("largest", "reach"), [(0.0, 5), (4.9, 5), (5.1, 10), (10.0, 10), (11, 20), (99, 100), (3e20, 5e20)]
)
def test_the_reach_is_a_round_number_that_holds_what_is_there(largest, reach):
    assert reach_of(np.array([-largest, largest / 2])) == pytest.approx(reach)
    assert reach_of(np.array([np.inf, np.nan, largest, largest])) == pytest.approx(reach)


def test_a_long_sequence_is_thinned_with_its_ends_kept():
    given = activation_slopes(run(experiment(Elman(hidden_size=3), task=Noise(sequence_length=1500), batch_size=1)))
    assert given.sizes["kept_time"] == 1000 and given["kept_time"].values[[0, -1]].tolist() == [1, 1500]
