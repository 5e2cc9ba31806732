"""What run() promises: extension, independence of purposes, endings, refusals, and agreement with torch.nn."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from rnnviz.cells import CELLS, GRU, LSTM, Chrono, Elman
from rnnviz.engine import run
from rnnviz.engine.budget import (
    OverBudget,
    check_budget,
    check_study,
    check_trace,
    numbers_in_trace,
)
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.run import EVERYTHING
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast, LossAtStep, Study, comparison
from rnnviz.initializers import Gain, Gaussian, Identity, Orthogonal, PyTorchDefault
from rnnviz.quantities import QUANTITIES
from rnnviz.tasks import Adding, Characters, Copying, Noise
from tests.oracles import batch_of, graph, torch_module, total_state_gradient, weight_gradient

every_cell = pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)


def experiment(cell, length=20, **rest) -> Experiment:
    options = {"batch_size": 3, "dtype": "float64", "initializer": Orthogonal(scale=Gain())} | rest
    return Experiment(task=Noise(sequence_length=length), cell=cell, **options)


def close(one: xr.DataArray, other: xr.DataArray, relative: float) -> None:
    """Equal up to rounding in the scale of the largest number: BLAS sums in another order for another shape."""
    scale = float(np.abs(other.values).max()) or 1.0
    assert np.abs(one.values - other.values).max() <= relative * scale


# — extension —


@every_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_a_longer_sequence_with_the_same_loss_has_the_same_gradient(kind, layers):
    """What comes after the judged step plays no part in its gradient; before it, inputs and weights are the same."""
    made = experiment(kind(hidden_size=4, layers=layers), 15, loss=LossAtStep(step=10))
    short, long = run(made).data, run(made.changed({"task.sequence_length": 40})).data
    for name in ("input", "hidden_state", "hidden_state_grad", "input_grad", "weight_hh_grad_share", "gate"):
        close(long[name].isel(time=slice(15)), short[name], 1e-13)
    late = long.hidden_state_grad.sel(time=slice(11, None))
    assert not late.values.any() and not long.weight_hh_grad_share.sel(time=slice(11, None)).values.any()


@every_cell
@pytest.mark.parametrize("task", [Noise(sequence_length=20), Adding(sequence_length=20), Copying(sequence_length=30)],
                         ids=lambda task: task.kind)  # fmt: skip
def test_a_wider_batch_contains_the_narrower_one(kind, task):
    """ℓ belongs to one example, so its gradient does not know how many others there are; only ∂L/∂W is a mean."""
    made = experiment(kind(hidden_size=4), batch_size=2).model_copy(update={"task": task})
    narrow, wide = run(made).data, run(made.changed({"batch_size": 9})).data
    for name in ("input", "hidden_state", "hidden_state_grad", "loss", "state_grad_log10_norm", "jacobian_product"):
        part = wide[name].isel(example=slice(2)) if "example" in wide[name].dims else wide[name]
        close(part.fillna(0), narrow[name].fillna(0), 1e-12)


def test_each_purpose_has_random_numbers_of_its_own():
    """Moving the gain, the forget bias or the loss leaves everything else as it was drawn."""
    base = experiment(LSTM(hidden_size=6), initializer=Gaussian(scale=Gain(gain=1.0)))
    weights, inputs = draw_parameters(base), batch_of(base)[0]
    for changes in (
        {"initializer.scale.gain": 2.0},
        {"cell.forget_bias": 3.0},
        {"loss": "every"},
        {"dtype": "float64"},
    ):
        other = base.changed(changes)
        assert torch.equal(batch_of(other)[0], inputs)
        for name, value in draw_parameters(other).items():
            factor = 2.0 if name.startswith("weight_hh") and "initializer.scale.gain" in changes else 1.0
            if not (name.startswith("bias_ih") and "cell.forget_bias" in changes):
                assert torch.equal(value, factor * weights[name]), (name, changes)
    chrono = draw_parameters(base.changed({"cell.forget_bias": "chrono"}))
    assert all(torch.equal(chrono[name], weights[name]) for name in weights if name.startswith("weight"))
    assert torch.equal(batch_of(base.changed({"cell.hidden_size": 9}))[0], inputs)
    assert not torch.equal(batch_of(base.changed({"seed": 1}))[0], inputs)
    assert torch.equal(draw_parameters(base.changed({"cell.layers": 2}))["weight_hh_l0"], weights["weight_hh_l0"])


def test_the_same_experiment_gives_the_same_numbers_and_disturbs_no_one_elses():
    """All sessions of a server share torch's global generator, so it may be neither read nor moved."""
    made = experiment(LSTM(hidden_size=4, forget_bias=Chrono()))
    torch.manual_seed(1)
    first, state = run(made).data, torch.get_rng_state()
    torch.manual_seed(2)
    xr.testing.assert_identical(run(made).data, first)
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()


def test_float32_and_float64_start_from_the_same_network():
    made = experiment(LSTM(hidden_size=4))
    low = draw_parameters(made.changed({"dtype": "float32"}))
    assert all(torch.equal(low[name], value.float()) for name, value in draw_parameters(made).items())


# — what is recorded —


@every_cell
def test_only_what_is_asked_for_is_recorded(kind):
    made = experiment(kind(hidden_size=4, layers=2))
    everything = run(made).data
    missing = set() if made.cell.has_cell_state else {name for name in EVERYTHING if "cell_state" in name}
    assert set(everything.data_vars) == set(EVERYTHING) - missing
    assert not run(made, record=()).data.data_vars
    for name in everything.data_vars:
        alone = run(made, record=[name]).data
        assert list(alone.data_vars) == [name]
        xr.testing.assert_identical(alone[name], everything[name])
        assert (alone[name].dims, alone[name].attrs["symbol"]) == (QUANTITIES[name].dims, QUANTITIES[name].symbol)


def test_a_trace_cannot_be_written_to():
    data = run(experiment(LSTM(hidden_size=4))).data
    for name in data.data_vars:
        with pytest.raises(ValueError, match="read-only"):
            data[name].values[...] = 0


def test_the_example_whose_jacobians_are_formed_can_be_chosen():
    made = experiment(Elman(hidden_size=3))
    for example in range(3):
        data = run(made, example=example).data
        slopes = data.activation_slope.values[0, :, example]
        assert data.jacobian.values == pytest.approx(slopes[..., None] * data.weight_hh.values[0], abs=1e-15)
        assert data.attrs["example"] == example


def test_a_tick_is_told_of_the_progress_and_may_stop_the_run():
    told: list[float] = []
    run(experiment(Elman(hidden_size=3), 100), tick=told.append)
    assert len(told) >= 20 and all(0 <= progress <= 1 for progress in told)

    def stop(progress: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(experiment(Elman(hidden_size=3), 100), tick=stop)


# — endings —


def exploding(dtype: str = "float32", **changes: object) -> Experiment:
    made = Experiment(
        task=Noise(sequence_length=400), cell=Elman(hidden_size=16, activation="relu"), batch_size=2, dtype=dtype,
        initializer=Gaussian(scale=Gain(gain=4)),
    )  # fmt: skip
    return made.changed(changes)


def test_a_run_that_overflows_says_when_and_keeps_everything_before():
    """Divergence is an outcome. Up to the step before, all is what a shorter sequence gives."""
    trace = run(exploding())
    outcome = trace.outcome
    assert (outcome.state, outcome.quantity, outcome.dtype) == ("diverged", "hidden_state", "float32")
    assert str(outcome) == f"overflowed at step {outcome.time}, float32" and 1 < outcome.time < 400
    assert trace.data.sizes["time"] == outcome.time - 1
    before = run(exploding(**{"task.sequence_length": outcome.time - 1}))
    assert before.outcome.state == "completed"
    for name in ("hidden_state", "gate", "jacobian", "jacobian_product", "jacobian_product_log10_scale", "input"):
        xr.testing.assert_identical(trace.data[name], before.data[name])
    last, limit = np.abs(trace.data.hidden_state.values[0, -1]).max(), np.finfo(np.float32).max
    assert np.isfinite(trace.data.hidden_state.values).all() and last > limit / 1e3  # one step multiplies by σ₁ < 10
    assert run(exploding(**{"task.sequence_length": outcome.time})).outcome == outcome


def test_float64_gets_further():
    """The same network overflows where the states reach 1e308 rather than 3e38: about eight times as many steps."""
    low, high = run(exploding()), run(exploding("float64"))
    steps = (high.outcome.time if high.outcome.state == "diverged" else 401) / low.outcome.time
    assert steps > 3
    reached = low.outcome.time - 1
    assert high.data.hidden_state.values[0, :reached] == pytest.approx(low.data.hidden_state.values[0], rel=1e-3)


@pytest.mark.parametrize("loss", [LossAtLast(), LossAtStep(step=30), LossAtEvery()], ids=lambda loss: loss.kind)
def test_the_gradient_of_a_loss_before_the_overflow_exists(loss):
    data = run(
        exploding().model_copy(update={"loss": loss}), record=["state_grad_log10_norm", "hidden_state_grad"]
    ).data
    assert ("hidden_state_grad" in data) == (loss.kind != "last")
    assert all(not np.isnan(array.values).any() for array in data.data_vars.values())


@pytest.mark.parametrize(
    ("dtype", "length", "smallest", "largest"), [("float32", 200, -120, 128), ("float64", 1400, -1000, 1024)]
)
def test_a_gradient_too_large_for_its_dtype_is_infinite_and_an_exact_zero_stays_zero(dtype, length, smallest, largest):
    """2^exponent alone may overflow where the gradient is finite or exactly zero, and 0 · ∞ is not a gradient.

    W_hh = 2 I and ReLU: every second unit is off and receives exactly 0 from a later step, the others receive the last
    step's gradient times 2^(T−t), exactly, until the dtype ends. The states themselves grow as 2^(t + smallest) and stay
    finite: (200 − 120 < 128, 1400 − 1000 < 1024).
    """
    made = Experiment(
        task=Noise(sequence_length=length, variance=0.0), cell=Elman(hidden_size=4, activation="relu"),
        initializer=Identity(scale=Gain(gain=2.0)), dtype=dtype, batch_size=1,
    )  # fmt: skip
    bias = torch.tensor([2.0**smallest, -1.0, 2.0**smallest, -1.0], dtype=torch.float64)
    trace = run(made, parameters={"bias_ih_l0": bias}, record=["hidden_state_grad", "weight_hh_grad_share"])
    assert trace.outcome.state == "completed"
    gradient = trace.data.hidden_state_grad.values[0, :, 0]
    assert not np.isnan(gradient).any() and not gradient[:-1, 1::2].any()
    with np.errstate(over="ignore"):
        expected = np.ldexp(gradient[-1, ::2].astype(float), np.arange(length - 1, -1, -1)[:, None]).astype(dtype)
    assert np.isinf(expected[0]).all() and (gradient[:, ::2] == expected).all()
    finite = np.log2(np.abs(gradient[-1, ::2])).max() + np.arange(length - 1, -1, -1) < largest - 1
    assert not np.isnan(trace.data.weight_hh_grad_share.values[0][finite]).any()


# — refusals —

TOO_LARGE = [
    Experiment(task=Noise(sequence_length=10_000), batch_size=256),
    Experiment(task=Noise(sequence_length=10_000), cell=Elman(hidden_size=512, layers=4), batch_size=1),
    Experiment(task=Noise(sequence_length=10_000), cell=LSTM(hidden_size=512, layers=4), batch_size=256),
    Experiment(task=Characters(sequence_length=10_000), cell=GRU(hidden_size=512, layers=2), batch_size=16),
]


@pytest.mark.parametrize("made", TOO_LARGE, ids=lambda made: f"{made.cell.kind}-{made.cell.layers}-{made.batch_size}")
def test_what_is_too_large_is_refused_before_any_work_with_a_setting_that_fits(made):
    """The words of the refusal must hold: with the named parameter at the named value it does fit, and no smaller change
    of that parameter would do."""
    with pytest.raises(OverBudget) as refused:
        run(made)
    error = refused.value
    assert error.asked > error.allowed
    assert str(error).endswith(f"more than {error.allowed:.3g}: {error.parameter} = {error.nearest} would fit")
    check_budget(made.changed({error.parameter: error.nearest}))
    with pytest.raises(OverBudget):
        check_budget(made.changed({error.parameter: error.nearest + 1}))


NEEDS = [("gradient_flow",), ("jacobian_norm", "jacobian_bounds")]
SIZES = [(512, Noise, 100, 16), (64, Noise, 10_000, 256), (128, Characters, 2_000, 64), (512, Noise, 10_000, 256)]


@pytest.mark.parametrize("needs", NEEDS, ids=lambda needs: needs[0])
@pytest.mark.parametrize(("size", "task", "length", "examples"), SIZES)
def test_a_study_too_large_to_wait_for_is_refused_with_a_setting_that_fits(size, task, length, examples, needs):
    """A page offers the setting as a button: after pressing it there must be no second refusal."""
    made = Experiment(cell=Elman(hidden_size=size), task=task(sequence_length=length), batch_size=examples)
    study = comparison(made)
    with pytest.raises(OverBudget) as refused:
        check_study(study, needs)
    error = refused.value
    check_study(Study(base=made.changed({error.parameter: error.nearest}), variations=study.variations), needs)


def test_a_study_that_fits_is_not_refused():
    check_study(comparison(Experiment()), ("gradient_flow",))
    check_study(comparison(Experiment()), ("jacobian_norm",))


# — agreement —


@every_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_float32_follows_float64_where_nothing_is_chaotic(kind, layers):
    """Gain .9, tanh: differences die out, so the error is that of a few steps, u·(H + I + 4)·layers/(1 − .9) with u = 2⁻²⁴.

    For H = 16 that is 3e-5 for states of order 1. A gradient's log norm adds one such relative error per factor it went
    through: T times the local error u·(2H)·layers·2 ≈ 2e-4 relative over 50 steps, 1e-4 decades.
    """
    made = experiment(kind(hidden_size=16, layers=layers), 50, initializer=Orthogonal(scale=Gain(gain=0.9)))
    low, high = run(made.changed({"dtype": "float32"})).data, run(made).data
    assert low.hidden_state.dtype == np.float32 and high.hidden_state.dtype == np.float64
    assert np.abs(low.hidden_state.values - high.hidden_state.values).max() < 3e-5 * layers
    assert np.abs(low.state_grad_log10_norm.values - high.state_grad_log10_norm.values).max() < 3e-4 * layers


def modules() -> list[tuple[nn.Module, object]]:
    return [
        (nn.RNN(2, 5, 2), Elman(hidden_size=5, layers=2)),
        (nn.RNN(2, 5, nonlinearity="relu"), Elman(hidden_size=5, activation="relu")),
        (nn.LSTM(2, 5, 2), LSTM(hidden_size=5, layers=2)),
        (nn.GRU(2, 5, 3), GRU(hidden_size=5, layers=3)),
        (nn.LSTM(2, 5, bias=False), LSTM(hidden_size=5)),
        (nn.GRU(2, 5, 2, bias=False), GRU(hidden_size=5, layers=2)),
    ]


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("loss", [LossAtLast(), LossAtEvery()], ids=lambda loss: loss.kind)
def test_the_state_dict_of_a_torch_module_is_run_as_that_module(place, loss):
    """float64: states, final cell state, the loss gradient at the inputs and at W_hh as torch's own module has them.

    A module without biases has none here either, whatever biases the initializer would draw.
    """
    torch.manual_seed(place)
    module, cell = modules()[place]
    module = module.double()
    made = Experiment(
        task=Adding(sequence_length=12),
        cell=cell,
        loss=loss,
        initializer=PyTorchDefault(),
        batch_size=3,
        dtype="float64",
    )
    data = run(made, parameters=module.state_dict()).data
    inputs, targets = batch_of(made)
    inputs.requires_grad_()
    hidden, state = module(inputs)
    assert data.hidden_state.values[-1] == pytest.approx(hidden.detach().numpy(), abs=1e-13)
    if isinstance(cell, LSTM):
        assert data.cell_state.values[:, -1] == pytest.approx(state[1].detach().numpy(), abs=1e-13)
    readout = draw_parameters(made)
    error = (hidden @ readout["weight_hy"].T + readout["bias_hy"] - targets).square().mean(-1)
    each = error[-1] if loss.kind == "last" else error.mean(0)
    each.mean().backward()
    assert data.input_grad.values / 3 == pytest.approx(inputs.grad.numpy(), abs=1e-14)
    for layer in range(cell.layers):
        share = data.weight_hh_grad_share.values[layer].sum(0)
        assert share == pytest.approx(getattr(module, f"weight_hh_l{layer}").grad.numpy(), abs=1e-13)


@every_cell
def test_the_weights_we_draw_run_in_torch_as_they_do_here(kind):
    """The other way round: names, row order and biases are torch's."""
    made = experiment(kind(hidden_size=5, layers=2), initializer=PyTorchDefault())
    hidden = torch_module(made, draw_parameters(made))(batch_of(made)[0])[0]
    assert run(made).data.hidden_state.values[-1] == pytest.approx(hidden.detach().numpy(), abs=1e-13)


@every_cell
@pytest.mark.parametrize("layers", [1, 2, 4])
def test_the_shares_of_every_layers_input_weights_sum_to_what_autograd_gives(kind, layers):
    """Equation 4 of Pascanu, Mikolov & Bengio splits ∂L/∂W_ih over the steps at which W_ih was used, in every layer: the
    upper ones read the hidden states of the layer below, so their shares have another shape than the first one's.

    T·N = 60 terms in float64, summed in another order: 60 · 2⁻⁵³ ≈ 7e-15 of the largest, twice over for the adjoints.
    """
    made = experiment(kind(hidden_size=5, layers=layers), loss=LossAtEvery())
    data, oracle = run(made).data, graph(made, draw_parameters(made), *batch_of(made))
    found = [data.weight_ih_grad_share]
    if layers > 1:
        above = data.weight_ih_grad_share_above
        assert above.sizes == {"layer_above": layers - 1, "time": 20, "row": len(made.cell.gate_names) * 5, "unit": 5}
        found += [above.sel(layer_above=layer) for layer in range(1, layers)]
    else:
        assert "weight_ih_grad_share_above" not in data
    for layer, shares in enumerate(found):
        expected = weight_gradient(made, oracle, f"weight_ih_l{layer}").numpy()
        assert np.abs(expected).max() > 1e-6
        off = np.abs(shares.sum("time").values - expected).max()
        assert off <= 2e-14 * np.abs(shares.values).sum(0).max(), layer


@every_cell
@pytest.mark.parametrize(
    "task", [Copying(sequence_length=30), Characters(sequence_length=12)], ids=lambda task: task.kind
)
def test_classes_are_judged_by_cross_entropy(kind, task):
    """Loss and gradient against torch's cross_entropy under autograd, every step judged."""
    made = experiment(kind(hidden_size=4), loss=LossAtEvery()).model_copy(update={"task": task})
    data, oracle = run(made).data, graph(made, draw_parameters(made), *batch_of(made))
    assert data.loss.values == pytest.approx(oracle.losses.detach().numpy(), abs=1e-13)
    gradient = total_state_gradient(made, oracle, 1, 0).numpy()[:, :4]
    assert data.hidden_state_grad.values[0, 0] == pytest.approx(gradient, rel=1e-10, abs=1e-16)
    expected = weight_gradient(made, oracle, "weight_ih_l0").numpy()
    assert data.weight_ih_grad_share.sum("time").values == pytest.approx(expected, rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
def test_every_variable_says_what_it_is_in_which_unit_and_whose_definition_it_is(cell):
    data = run(Experiment(cell=cell(hidden_size=3), task=Adding(sequence_length=5), batch_size=2)).data
    for name, variable in data.items():
        quantity = QUANTITIES[str(name)]
        assert variable.attrs == {"symbol": quantity.symbol, "unit": quantity.unit, "source": quantity.source}
        assert variable.dims == quantity.dims and re.search(r"PyTorch|\(\d{4}\)", quantity.source), name


@pytest.mark.parametrize(
    "words",
    [
        {"cell": "elman"},
        {"cell": "lstm", "cell.layers": 2, "task": "characters"},
        {"cell": "gru", "dtype": "float64", "loss": "every"},
    ],
    ids=["elman", "lstm", "gru"],
)
def test_the_size_of_a_trace_is_known_before_it_is_made(words):
    experiment = Experiment.from_flat({"cell.hidden_size": 5, "task.sequence_length": 7, "batch_size": 3, **words})
    data = run(experiment).data
    absent = {"weight_ih_grad_share_above"} if experiment.cell.layers == 1 else set()
    absent |= {name for name in EVERYTHING if "cell_state" in name and not experiment.cell.has_cell_state}
    assert set(data) == set(EVERYTHING) - absent
    assert numbers_in_trace(experiment) == sum(variable.size for variable in data.values())


def test_a_trace_that_is_too_large_is_refused_with_the_nearest_that_fits():
    large = Experiment(cell=LSTM(hidden_size=32), task=Adding(sequence_length=1000), batch_size=4)
    with pytest.raises(OverBudget) as refused:
        check_trace(large)
    assert (refused.value.limit, refused.value.parameter) == ("trace", "task.sequence_length")
    fits = large.changed({refused.value.parameter: refused.value.nearest})
    check_trace(fits)
    with pytest.raises(OverBudget):
        check_trace(large.changed({refused.value.parameter: refused.value.nearest + 1}))


def test_a_trace_shows_itself():
    trace = run(Experiment(cell=Elman(hidden_size=3), task=Adding(sequence_length=5), batch_size=2))
    head, ending, *lines = repr(trace).splitlines()
    assert repr(trace.experiment) in head and ending.startswith("completed; ")
    assert [line.split()[0] for line in lines] == list(trace.data)
    html = trace._repr_html_()
    assert trace.experiment.key in html and "cell.hidden_size = 3" in html and "PyTorch: torch.nn.RNN" in html
