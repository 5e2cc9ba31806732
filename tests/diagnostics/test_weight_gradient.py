"""Which steps teach the weights: against autograd with a copy of W for every step, closed forms, and laws of sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rnnviz.cells import CELLS, GRU, LSTM, Elman
from rnnviz.choice import Choice
from rnnviz.diagnostics import weight_gradient
from rnnviz.engine import run
from rnnviz.engine.budget import OverBudget, check_study, work_of
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.run import SHARE_SUMS
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast, LossAtStep, Study
from rnnviz.initializers import Gain, Gaussian, Identity, Orthogonal
from rnnviz.tasks import Adding, Noise
from tests.oracles import batch_of, weight_gradient_of_each_step
from tests.oracles import graph as graph_of
from tests.oracles import weight_gradient as autograds_gradient

EXACT = 1e-12  # NUMBERS.md, row 13
ROUNDING = 1e-10  # decades: a sum that cancels loses as many digits as ‖S_t‖/‖ΣS‖ has, at most two here
LENGTH = 14
LOSSES = [LossAtLast(), LossAtStep(step=6), LossAtEvery()]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.kind)
every_cell = pytest.mark.parametrize(
    "cell",
    [*(kind(hidden_size=5, layers=layers) for kind in CELLS for layers in (1, 2)), GRU(hidden_size=5, reset="before"),
     LSTM(hidden_size=5, activation="relu"), Elman(hidden_size=5, activation="sigmoid")],
    ids=lambda cell: f"{cell.kind}-{cell.activation}-{cell.layers}" + ("-before" if "before" in cell.flat().values() else ""),
)  # fmt: skip


def experiment(cell: Choice, **rest: object) -> Experiment:
    options = {"task": Adding(sequence_length=LENGTH), "batch_size": 3, "dtype": "float64"} | rest
    return Experiment(cell=cell, **options)


def log10(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log10(values)


@every_cell
@every_loss
def test_every_number_is_that_of_autograd_with_a_copy_of_the_weights_for_each_step(cell, loss):
    """Float64. The copies' gradients add up to the gradient of the one W that they are copies of (row 13)."""
    made = experiment(cell, loss=loss)
    given, parameters = weight_gradient(run(made, record=SHARE_SUMS)), draw_parameters(made)
    whole = graph_of(made, parameters, *batch_of(made))
    for matrix in ("weight_hh", "weight_ih"):
        for layer in range(cell.layers):
            name = f"{matrix}_l{layer}"
            each = weight_gradient_of_each_step(made, parameters, *batch_of(made), name).numpy()
            gradient = autograds_gradient(made, whole, name).numpy()
            assert np.abs(each.sum(0) - gradient).max() <= EXACT * np.abs(gradient).max()
            found = given.sel(matrix=matrix).isel(layer=layer)
            rows = each.reshape(LENGTH, len(cell.gate_names), cell.hidden_size, -1)
            for block in given["block"].values:
                chosen = each if block == "all" else rows[:, cell.gate_names.index(block)]
                assert_of_shares(found.sel(block=block), chosen.reshape(LENGTH, -1))


def assert_of_shares(found, shares: np.ndarray) -> None:
    """The four numbers of (time, number) shares, by the definitions."""
    total = shares.sum(0)
    sizes, tails = np.linalg.norm(shares, axis=1), np.linalg.norm(shares[::-1].cumsum(0), axis=1)[::-1]
    expected = {"size": sizes, "tail": tails, "tail_of_sizes": sizes[::-1].cumsum()[::-1]}
    for name, values in expected.items():
        assert found.sel(share=name).values == pytest.approx(log10(values), abs=ROUNDING)
    projections = found.sel(share="projection").values
    assert projections == pytest.approx(shares @ total / (total @ total), abs=1e-11)
    assert projections.sum() == pytest.approx(1.0, abs=EXACT)


def one_linear_unit(weight: float, length: int, dtype: str) -> tuple[Experiment, dict[str, torch.Tensor]]:
    """h_t = w h_{t−1} + x_t, y = h_T, loss at the last step."""
    cell = Elman(hidden_size=1, activation="identity")
    made = experiment(cell, task=Noise(sequence_length=length), batch_size=1, dtype=dtype)
    values = {"weight_hh_l0": weight, "weight_ih_l0": 1.0, "weight_hy": 1.0, "bias_hy": 0.0}
    parameters = {name: torch.full((1, 1), value, dtype=torch.float64) for name, value in values.items()}
    parameters["bias_hy"] = parameters["bias_hy"][0]
    return made, {**parameters, "bias_ih_l0": torch.zeros(1), "bias_hh_l0": torch.zeros(1)}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("weight", [0.01, 0.9, 1.1])
def test_one_linear_unit_has_a_closed_form_far_below_the_dtype(weight, dtype, tolerance):
    """[∂L/∂w]_t = ∂L/∂h_T · w^{T−t} h_{t−1} and [∂L/∂u]_t = ∂L/∂h_T · w^{T−t} x_t. At w = .01 the first of 300 steps sends
    10^−598: float64 ends at 10^−323. Float32: 300 roundings of 6e-8 are 2e-5 relative, 8e-6 decades."""
    length = 300
    made, parameters = one_linear_unit(weight, length, dtype)
    trace = run(made, parameters=parameters)
    x, target = (array.double().numpy()[:, 0, 0] for array in batch_of(made))
    h = np.zeros(length + 1)
    for t in range(length):
        h[t + 1] = weight * h[t] + x[t]
    decay = (length - np.arange(1, length + 1)) * math.log10(weight) + math.log10(2 * abs(h[-1] - target[-1]))
    found = weight_gradient(trace).sel(block="all").isel(layer=0)
    size = found.sel(share="size")
    assert size.sel(matrix="weight_ih").values == pytest.approx(decay + log10(np.abs(x)), abs=tolerance)
    of_hh = size.sel(matrix="weight_hh").values
    assert of_hh[0] == -math.inf  # h_0 = 0: the first step teaches W_hh exactly nothing
    recorded = trace.data.hidden_state.values[0, :, 0, 0].astype(float)  # near 0 its logarithm is worth fewer digits
    assert recorded == pytest.approx(h[1:], abs=tolerance * np.abs(h).max())
    assert of_hh[1:] == pytest.approx(decay[1:] + log10(np.abs(recorded[:-1])), abs=tolerance)
    if weight == 0.01:
        assert size.sel(matrix="weight_ih").values[0] < -590


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_relu_with_the_identity_carries_every_step_alike(dtype):
    """Row 11: W_hh = I, b = 0, nothing negative: every mask is 1, so δ is the same at every step. N = 1: ‖S_t‖ is ‖δ‖ ‖x_t‖
    for W_ih and ‖δ‖ ‖h_{t−1}‖ for W_hh, ‖Σ S‖ = ‖δ‖ ‖Σ x_t‖, and no step can pull the other way."""
    made = experiment(
        Elman(hidden_size=4, activation="relu"), initializer=Identity(scale=Gain(gain=1.0)), batch_size=1, dtype=dtype
    )
    drawn = draw_parameters(made)
    weights = {"weight_ih_l0": drawn["weight_ih_l0"].abs(), "bias_ih_l0": torch.zeros(4), "bias_hh_l0": torch.zeros(4)}
    trace = run(made, parameters=weights)
    assert (trace.data.activation_slope.values == 1).all()
    found = weight_gradient(trace).sel(block="all").isel(layer=0)
    delta = math.log10(np.linalg.norm(trace.data.hidden_state_grad.values[0, -1, 0]))
    x, h = trace.data.input.values[:, 0], trace.data.hidden_state.values[0, :, 0]
    of_ih, of_hh = found.sel(matrix="weight_ih"), found.sel(matrix="weight_hh")
    assert of_ih.sel(share="size").values == pytest.approx(delta + log10(np.linalg.norm(x, axis=1)), abs=1e-6)
    assert of_hh.sel(share="size").values[1:] == pytest.approx(delta + log10(np.linalg.norm(h[:-1], axis=1)), abs=1e-6)
    assert float(of_ih.sel(share="tail")[0]) == pytest.approx(delta + math.log10(np.linalg.norm(x.sum(0))), abs=1e-6)
    assert (found.sel(share="projection").values >= 0).all()


@every_cell
def test_a_sum_is_never_longer_than_its_parts(cell):
    """The triangle inequality at every step, and equality for the last step alone."""
    given = weight_gradient(run(experiment(cell, loss=LossAtEvery())))
    tail, sizes = given.sel(share="tail").values, given.sel(share="tail_of_sizes").values
    assert (tail <= sizes + ROUNDING).all()
    assert tail[..., -1] == pytest.approx(sizes[..., -1], abs=ROUNDING)


def test_what_explodes_and_what_vanishes_stays_finite_in_decades():
    """ReLU at gain 2 in float32 over 100 steps: the squares of these states and gradients are beyond float32."""
    for gain, least in ((2.0, 40), (0.05, -math.inf)):
        made = experiment(
            Elman(hidden_size=8, activation="relu"), task=Noise(sequence_length=100), dtype="float32",
            initializer=Orthogonal(scale=Gain(gain=gain)),
        )  # fmt: skip
        trace = run(made)
        assert trace.outcome.state == "completed"
        given = weight_gradient(trace).sel(block="all")
        assert not np.isnan(given).any() and (given.sel(share=["size", "tail"]).values < math.inf).all()
        assert given.sel(share="size").values.max() > least
        assert given.sel(share="projection").sum("time").values == pytest.approx(np.ones((2, 1)), abs=1e-9)


def test_a_gradient_of_exactly_zero_has_no_direction():
    quiet = Noise(sequence_length=9, variance=0.0)
    made = experiment(Elman(hidden_size=3, activation="relu"), task=quiet, initializer=Orthogonal(scale=Gain(gain=0.0)))
    given = weight_gradient(run(made))
    assert np.isneginf(given.drop_sel(share="projection")).all() and not given.sel(share="projection").values.any()


def test_a_run_that_overflowed_before_its_loss_has_no_steps():
    made = experiment(
        Elman(hidden_size=32, activation="relu"), task=Noise(sequence_length=400), dtype="float32",
        initializer=Gaussian(scale=Gain(gain=4.0)),
    )  # fmt: skip
    trace = run(made)
    assert trace.outcome.state == "diverged" and weight_gradient(trace).sizes["time"] == 0


def test_work_on_the_shares_is_counted_and_too_much_of_it_is_refused():
    """A share is as large as W, so a wide cell over many steps costs more than its two passes."""
    large = Experiment(cell=LSTM(hidden_size=512), task=Noise(sequence_length=100), batch_size=4)
    assert work_of(large, ["weight_gradient"]) > 3 * work_of(large, ["gradient_flow"])
    check_study(Study(base=large), ["gradient_flow"])
    with pytest.raises(OverBudget) as refused:
        check_study(Study(base=large), ["weight_gradient"])
    fitting = large.changed({refused.value.parameter: refused.value.nearest})
    check_study(Study(base=fitting), ["weight_gradient"])
