"""Every diagnostic: an answer that is known, and a law that any network must obey."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.cells import CELLS, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS, Diagnostic, gradient_flow, jacobian_bounds, jacobian_norm
from rnnviz.diagnostics.diagnose import diagnose, diagnose_study, results
from rnnviz.diagnostics.exchange import pack, unpack
from rnnviz.engine import run
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.norms import BAND, band
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast, LossAtStep, comparison
from rnnviz.initializers import Gain, Gaussian, Orthogonal, PyTorchDefault
from rnnviz.quantities import QUANTITIES
from rnnviz.tasks import Noise
from rnnviz.trace import MissingQuantity, Trace
from tests.oracles import batch_of, graph, step_jacobian, total_state_gradient

LENGTH = 12
ROUNDING = 1e-9  # decades: T·H·2⁻⁵³/ln 10 ≈ 1e-14, times the condition of a product; six digits of it may be lost


def experiment(cell, *, gain=1.2, length=LENGTH, **rest) -> Experiment:
    options = {"batch_size": 3, "dtype": "float64", "initializer": Orthogonal(scale=Gain(gain=gain))} | rest
    return Experiment(task=Noise(sequence_length=length), cell=cell, **options)


every_cell = pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
every_depth = pytest.mark.parametrize("layers", [1, 2, 3])
any_activation = st.sampled_from(["sigmoid", "tanh", "relu", "identity"])
any_cell = st.builds(
    lambda kind, layers, activation: kind(hidden_size=3, layers=layers, activation=activation),
    st.sampled_from(CELLS), st.integers(1, 3), any_activation,
)  # fmt: skip
any_seed = st.integers(0, 2**31 - 1)
few = settings(max_examples=25, deadline=None)


def products(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """(∂s_T/∂s_t as mantissa, its log₁₀ scale) by t = 1 … T rather than by lag."""
    steps = slice(-2, None, -1)
    return trace.data.jacobian_product.values[steps], trace.data.jacobian_product_log10_scale.values[steps]


# — the gradient of the state is the product of Jacobians, transposed —


@few
@given(cell=any_cell, seed=any_seed)
def test_the_state_gradient_is_carried_back_by_the_product_of_jacobians(cell, seed):
    """∂ℓ/∂s_t = P_tᵀ ∂ℓ/∂s_T with s the whole state, (h, c) of all layers as independent coordinates; loss at the end.

    ∂ℓ/∂s_T is the readout's gradient at the top layer's h and zero elsewhere: what h of a lower layer does within the
    same step T is already in the state above it. The chain rule, so equal to rounding.
    """
    trace = run(experiment(cell, seed=seed))
    parameters = draw_parameters(trace.experiment)
    last = torch.from_numpy(trace.data.hidden_state.values[-1, -1].copy()).requires_grad_()
    targets = batch_of(trace.experiment)[1]
    ((last @ parameters["weight_hy"].T + parameters["bias_hy"] - targets[-1]) ** 2).sum().backward()
    assert last.grad is not None
    at_the_end = np.zeros((cell.layers, cell.state_size))
    at_the_end[-1, : cell.hidden_size] = last.grad[0]
    mantissa, scale = products(trace)
    with np.errstate(divide="ignore"):
        expected = np.log10(np.linalg.norm(at_the_end.ravel() @ mantissa, axis=1)) + scale
    assert trace.data.state_grad_log10_norm.values[:, 0] == pytest.approx(expected, abs=ROUNDING)


@few
@given(cell=any_cell, seed=any_seed, gain=st.floats(0.1, 2.5))
def test_the_state_gradient_is_bounded_by_the_norm_of_the_product(cell, seed, gain):
    """‖∂ℓ/∂s_t‖ ≤ ‖P_t‖₂ ‖∂ℓ/∂s_T‖ ≤ ∏ σ₁(J) ‖∂ℓ/∂s_T‖, for any cell of any depth."""
    trace = run(experiment(cell, gain=gain, seed=seed))
    gradient = trace.data.state_grad_log10_norm.values[:, 0]
    norm, bounds = jacobian_norm(trace).values[-2::-1], jacobian_bounds(trace)
    assert (gradient <= norm + gradient[-1] + ROUNDING).all()
    assert (jacobian_norm(trace).values <= bounds.sel(bound="step_norms").values + ROUNDING).all()


@every_cell
@every_depth
def test_jacobians_and_gradients_are_those_of_autograd(kind, layers):
    """Every J_t against autograd of one step, every ∂ℓ/∂h_t and ∂ℓ/∂c_t (all paths) against autograd of the whole."""
    made = experiment(kind(hidden_size=3, layers=layers), loss=LossAtEvery())
    data, (inputs, targets) = run(made).data, batch_of(made)
    oracle = graph(made, draw_parameters(made), inputs, targets)
    for t in range(1, LENGTH + 1):
        expected = step_jacobian(made, oracle, inputs, t, 0)
        assert data.jacobian.values[t - 1] == pytest.approx(expected.numpy(), abs=1e-13)
        for layer in range(layers):
            gradient = total_state_gradient(made, oracle, t, layer).numpy()
            size = made.cell.hidden_size
            if (
                made.cell.has_cell_state
            ):  # all paths of c include the one through h_t; the oracle's nodes are (h, c) apart
                through = data.cell_state_grad.values[layer, t - 1]
                o = data.gate.sel(gate_name="output_gate").values[layer, t - 1]
                slope = 1 - np.tanh(data.cell_state.values[layer, t - 1]) ** 2
                assert through == pytest.approx(
                    gradient[:, size:] + gradient[:, :size] * o * slope, rel=1e-10, abs=1e-14
                )
            assert data.hidden_state_grad.values[layer, t - 1] == pytest.approx(
                gradient[:, :size], rel=1e-10, abs=1e-14
            )


# — laws —


@few
@given(seed=any_seed, gain=st.floats(0.05, 4.0))
def test_an_orthogonal_linear_rnn_scales_the_gradient_evenly(seed, gain):
    """Orthogonal matrices keep lengths: ‖∂ℓ/∂h_t‖ = g^(T−t) ‖∂ℓ/∂h_T‖ in every example, constant at g = 1."""
    trace = run(experiment(Elman(hidden_size=5, activation="identity"), gain=gain, seed=seed, length=40))
    norms = trace.data.state_grad_log10_norm.values
    assert norms == pytest.approx(norms[-1] + math.log10(gain) * np.arange(39, -1, -1)[:, None], abs=ROUNDING)
    assert jacobian_norm(trace).values == pytest.approx(math.log10(gain) * np.arange(41), abs=ROUNDING)
    bounds = jacobian_bounds(trace)
    assert set(bounds.bound.values) == {"step_norms", "pascanu", "spectral_radius"}
    assert bounds.values == pytest.approx(
        np.tile(math.log10(gain) * np.arange(41), (3, 1)), abs=1e-6
    )  # σ₁, ρ: all are g


@few
@given(cell=any_cell, seed=any_seed, power=st.integers(-8, 8))
def test_scaling_the_loss_scales_every_gradient(cell, seed, power):
    """With the answer held, a readout 2^k times as large sends 2^k times the gradient back: k log₁₀ 2 everywhere.

    The answer is held by a bias that makes up for the larger readout: cross-entropy and squared error alike depend on
    the outputs only. Here the outputs of the last step are set to those of the first network, example by example, so
    one example is drawn.
    """
    made = experiment(cell, seed=seed, batch_size=1)
    parameters = draw_parameters(made)
    before = run(made, parameters=parameters)
    last = torch.from_numpy(before.data.hidden_state.values[-1, -1, 0].copy())
    weight = parameters["weight_hy"] * 2.0**power
    bias = parameters["bias_hy"] + (parameters["weight_hy"] - weight) @ last
    after = run(made, parameters=parameters | {"weight_hy": weight, "bias_hy": bias})
    moved = gradient_flow(after).values - gradient_flow(before).values
    same = np.isneginf(gradient_flow(before).values) & np.isneginf(gradient_flow(after).values)
    assert np.where(same, power * math.log10(2), moved) == pytest.approx(power * math.log10(2), abs=1e-7)


@few
@given(seed=any_seed, gain=st.floats(0.05, 3.0))
def test_the_gradient_of_a_tanh_rnn_stays_below_the_power_of_sigma(seed, gain):
    """One layer, tanh, loss at the last step: ‖∂ℓ/∂h_t‖ ≤ σ₁^(T−t) ‖∂ℓ/∂h_T‖ (Pascanu, Mikolov & Bengio 2013)."""
    made = experiment(Elman(hidden_size=5), initializer=Gaussian(scale=Gain(gain=gain)), seed=seed)
    trace = run(made)
    sigma = np.linalg.norm(trace.data.weight_hh.values[0], 2)
    norms = trace.data.state_grad_log10_norm.values
    assert (norms <= norms[-1] + math.log10(sigma) * np.arange(LENGTH - 1, -1, -1)[:, None] + ROUNDING).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_lstm_with_open_forget_and_closed_input_gates_carries_c_unchanged(dtype):
    """f = 1, i = 0: c_t = c_{t−1}, so ∂c_T/∂c_t = 1 whatever else happens. 1 − σ(40) = 4e-18 is
    lost to rounding and σ(−800) to underflow, so the identity is exact.

    h reads c through the output gate and sends nothing back: W_hh = 0.
    """
    size = 3
    bias = torch.tensor([-800.0, 40.0, 0.0, 0.0]).repeat_interleave(size)
    made = experiment(LSTM(hidden_size=size), gain=0.0, length=200, dtype=dtype)
    weights = {"bias_ih_l0": bias, "weight_ih_l0": torch.zeros(4 * size, 1)}
    trace = run(made, parameters=weights)
    assert not trace.data.cell_state.values.any()
    mantissa, scale = products(trace)
    exponents = np.rint(scale / math.log10(2)).astype(int)
    assert (np.ldexp(mantissa, exponents[:, None, None])[:, size:, size:] == np.eye(size)).all()
    # ‖∂s_T/∂s_t‖ = √(1 + (½)²): a change of c arrives whole in c, and halved by o = ½ in h.
    assert jacobian_norm(trace).values[1:] == pytest.approx(math.log10(math.sqrt(1.25)), abs=1e-7)


# — bands, zeros, endings —


def test_the_band_is_made_of_order_statistics():
    """Of eleven examples the 2nd, 6th and 10th: counted by hand, in any order of the examples."""
    values = np.random.default_rng(0).permuted(np.tile(np.arange(11.0), (4, 1)), axis=1)
    made = band(values)
    assert made.shape == (len(BAND), 4)
    assert (made == np.array([[1.0], [5.0], [9.0]])).all()


@few
@given(zeros=st.integers(0, 16), seed=st.integers(0, 99))
def test_exact_zeros_stay_minus_infinity_and_never_become_nan(zeros, seed):
    """Interpolating between −∞ and a number, or two −∞, gives NaN; order statistics do not."""
    values = np.random.default_rng(seed).normal(size=(2, 16))
    values[:, :zeros] = -np.inf
    low, median, high = band(values)
    assert not np.isnan([low, median, high]).any()
    assert (low <= median).all() and (median <= high).all()
    assert np.isneginf(low).all() == (zeros >= 3)  # the 2.5th of 16, rounded to the even of 1.5 → the third smallest
    assert np.isneginf(high).all() == (zeros == 16 or zeros >= 15)


@few
@given(cell=any_cell, seed=any_seed)
def test_the_curve_lies_in_its_band(cell, seed):
    low, median, high = gradient_flow(run(experiment(cell, seed=seed, batch_size=7))).transpose("band", ...).values
    assert (low <= median).all() and (median <= high).all()


def test_a_dead_relu_network_has_a_gradient_of_exactly_zero():
    """Every unit is off: ∂ℓ/∂h_T is what the readout sends, and before it there is nothing at all, not something small."""
    made = experiment(Elman(hidden_size=3, activation="relu"))
    trace = run(made, parameters={"bias_ih_l0": -torch.ones(3), "weight_ih_l0": torch.zeros(3, 1)})
    flow = gradient_flow(trace).sel(part="state")
    assert np.isfinite(flow.isel(time=-1)).all() and np.isneginf(flow.isel(time=slice(None, -1))).all()
    assert jacobian_norm(trace).values.tolist() == [0.0] + [-math.inf] * LENGTH
    bounds = jacobian_bounds(trace)
    assert np.isneginf(bounds.sel(bound="step_norms").values[1:]).all() and not np.isnan(bounds).any()


def test_without_any_weight_the_bounds_are_zero_and_not_nan():
    """g = 0: (γσ₁)^lag is 1 at lag 0 and nothing after it."""
    bounds = jacobian_bounds(run(experiment(Elman(hidden_size=3), gain=0.0)))
    assert (bounds.values[:, 0] == 0).all() and (bounds.values[:, 1:] < -1e290).all()


@every_cell
def test_the_parts_of_the_flow_are_the_whole_state_and_the_top_layers_own(kind):
    trace = run(experiment(kind(hidden_size=3, layers=2), batch_size=5))
    flow = gradient_flow(trace)
    assert list(flow.part.values) == ["state", "hidden_state"] + ["cell_state"] * kind.has_cell_state
    top = np.log10(np.linalg.norm(trace.data.hidden_state_grad.values[-1], axis=-1))
    assert flow.sel(part="hidden_state", band="median").values == pytest.approx(np.sort(top, 1)[:, 2], abs=ROUNDING)


@pytest.mark.parametrize("loss", [LossAtStep(step=5), LossAtEvery(), LossAtLast()], ids=lambda loss: loss.kind)
def test_nothing_flows_back_from_before_the_loss(loss):
    flow = gradient_flow(run(experiment(LSTM(hidden_size=3), loss=loss))).sel(part="state")
    after = flow.time.values > (5 if loss.kind == "step" else LENGTH)
    assert np.isneginf(flow.values[:, after]).all() and np.isfinite(flow.values[:, ~after]).all()


def diverging(loss=None) -> Experiment:
    """ReLU at gain 4 leaves float32 after about a hundred steps."""
    return Experiment(
        task=Noise(sequence_length=400), cell=Elman(hidden_size=16, activation="relu"), loss=loss or LossAtLast(),
        initializer=Gaussian(scale=Gain(gain=4)), batch_size=3,
    )  # fmt: skip


def test_a_trace_that_diverged_before_its_loss_has_jacobians_and_no_gradient():
    trace = run(diverging())
    assert trace.outcome.state == "diverged"
    made = results(trace, DIAGNOSTICS.values())
    assert made.attrs["outcome"] == "diverged" and made.attrs["overflow_time"] == trace.outcome.time
    assert made.attrs["overflow_quantity"] == "hidden_state"
    assert made.gradient_flow.size == 0 and made.sizes["lag"] == trace.outcome.time
    assert np.isfinite(made.jacobian_norm).all()


def test_a_trace_that_diverged_after_its_loss_has_both():
    made = diagnose(diverging(LossAtStep(step=20)), DIAGNOSTICS.values())
    assert made.attrs["outcome"] == "diverged"
    assert np.isfinite(made.gradient_flow.sel(time=slice(1, 20))).all()
    assert np.isneginf(made.gradient_flow.sel(time=slice(21, None))).all()


def test_a_trace_that_diverged_at_once_gives_empty_curves():
    made = diverging()
    inputs = torch.full((16, 1), 3e38)
    trace = run(
        made, parameters={"weight_ih_l0": inputs, "bias_ih_l0": torch.full((16,), 3e38), "bias_hh_l0": inputs[:, 0]}
    )
    assert trace.outcome.time == 1
    assert not any(np.isfinite(need(trace).values).any() for need in DIAGNOSTICS.values())


# — needs and borders —


def test_what_was_not_recorded_is_missed_by_name():
    need = Diagnostic("mean_gate", ("gate",), lambda trace: trace.data.gate.mean("unit"))
    trace = run(experiment(Elman(hidden_size=3)), record=["hidden_state", "input"])
    with pytest.raises(MissingQuantity) as missed:
        need(trace)
    assert str(missed.value) == "gate was not recorded; this trace has input, hidden_state"
    assert (missed.value.name, set(missed.value.recorded)) == ("gate", {"input", "hidden_state"})


@every_cell
@every_depth
def test_a_diagnostic_asks_for_all_that_it_reads(kind, layers):
    """Computed from only what it declares, it gives what it gives when everything was recorded."""
    made = experiment(kind(hidden_size=3, layers=layers))
    everything = run(made, record=QUANTITIES)
    for name, need in DIAGNOSTICS.items():
        assert need.name == name
        xr.testing.assert_identical(diagnose(made, [need])[name], results(everything, [need])[name])


@every_cell
def test_a_diagnostic_leaves_the_trace_as_it_was(kind):
    trace = run(experiment(kind(hidden_size=3)), record=QUANTITIES)
    before = trace.data.copy(deep=True)
    for need in DIAGNOSTICS.values():
        first, second = need(trace), need(trace)
        xr.testing.assert_identical(first, second)
    xr.testing.assert_identical(trace.data, before)


def test_results_cross_the_process_border_unchanged():
    """Through JSON and plain arrays: every cell and activation, three endings, empty curves, −∞."""
    base = experiment(Elman(hidden_size=3), initializer=PyTorchDefault())
    made = diagnose_study(comparison(base), DIAGNOSTICS.values())
    made["diverged"] = diagnose(diverging(), DIAGNOSTICS.values())
    made["dead"] = diagnose(experiment(Elman(hidden_size=3, activation="relu"), gain=0.0), DIAGNOSTICS.values())
    assert np.isneginf(made["dead"].jacobian_norm.values[1:]).all()
    arrays, description = pack(made)
    assert all(array.dtype.kind in "fi" and array.flags.c_contiguous for array in arrays.values())
    back = unpack(arrays, json.loads(json.dumps(description, allow_nan=False)))
    assert list(back) == list(made)
    for name, data in made.items():
        xr.testing.assert_identical(back[name], data)
        assert {v: back[name][v].dtype.kind for v in back[name].variables} == {
            v: data[v].dtype.kind for v in data.variables
        }
