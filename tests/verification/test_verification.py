"""Verified: two routes to the same numbers agree on real runs, and a figure that were wrong would be found out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from rnnviz import worker
from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.engine import run
from rnnviz.engine.budget import OverBudget
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment, LossAtEvery, LossAtStep, Study, comparison
from rnnviz.figures import FIGURES
from rnnviz.initializers import Gain, Gaussian, Orthogonal
from rnnviz.jobs import Refusal
from rnnviz.tasks import Copying, Noise
from rnnviz.text import LANGUAGES, Text
from rnnviz.training import Training
from rnnviz.verification import CHECKS, check_verification, checkable, drawn, verify, verify_study
from rnnviz.verification.check import Compared, Finding, disagreement, finding
from rnnviz.verification.replay import Replay
from rnnviz.verification.words import in_words
from tests import oracles

SMALL = Experiment(task=Noise(sequence_length=24), cell=LSTM(hidden_size=6, forget_bias=2.0), batch_size=3)
EQUATIONS = {"step_numbers", "step_biases"}  # read by the page that writes them out, which is no figure
CELLS = (Elman(hidden_size=5), LSTM(hidden_size=5, layers=2, forget_bias=2.0), GRU(hidden_size=5, reset="before"))


def replay(experiment: Experiment, **rest) -> Replay:
    weights = draw_parameters(experiment)
    trace = run(experiment, record=("hidden_state", "cell_state"), parameters=weights, **rest)
    return Replay(trace, weights)


# — the other route is right —


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.kind)
@pytest.mark.parametrize("loss", [LossAtEvery(), LossAtStep(step=9)], ids=["every", "step"])
def test_the_replayed_gradient_is_that_of_one_graph_over_all_steps(cell, loss):
    """tests/oracles.py builds the whole graph and differentiates it at once; a replay goes back step by step."""
    made = Experiment(task=Noise(sequence_length=12), cell=cell, loss=loss, batch_size=2, dtype="float64")
    parameters, (inputs, targets) = draw_parameters(made), oracles.batch_of(made)
    graph = oracles.graph(made, parameters, inputs, targets)
    again = replay(made)
    for adjoint, step in again.adjoints(again.loss_gradient()):
        found = step.pulled_back(adjoint.value, step.hidden)
        for layer in range(cell.layers):
            total = oracles.total_state_gradient(made, graph, adjoint.t, layer)[:, : cell.hidden_size]
            mine = torch.ldexp(found[layer], adjoint.exponent[:, None])
            assert mine.numpy() == pytest.approx(total.detach().numpy(), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.kind)
def test_the_replayed_jacobian_is_that_of_a_finite_difference(cell):
    made = Experiment(task=Noise(sequence_length=5), cell=cell, batch_size=2, dtype="float64")
    again, t, at = replay(made, example=1), 4, 3
    with torch.no_grad():
        jacobian = again.jacobian(t)
        moved = []
        for sign in (1, -1):
            states = again.states.clone()
            states[t - 1, 1, at] += sign * 1e-5
            again.states, kept = states, again.states
            moved.append(again.step(t).after[1].detach())
            again.states = kept
    assert ((moved[0] - moved[1]) / 2e-5).numpy() == pytest.approx(jacobian[:, at].numpy(), abs=1e-9)


def test_a_gradient_below_every_float_is_replayed_too():
    """A sigmoid network over 700 steps: ‖∂ℓ/∂s_1‖ is 10^−400 or so, which no number of float64 is."""
    made = Experiment(task=Noise(sequence_length=700), cell=Elman(hidden_size=4, activation="sigmoid"), batch_size=2)
    (found,) = [one for one in verify(made, ["gradient_flow"]) if one.what == "gradient_state"]
    assert found.agrees and found.numbers == 3 * 700
    assert all(one.agrees for one in verify(made, ["weight_gradient", "bptt_map", "jacobian_norm"]))
    assert diagnose(made, [DIAGNOSTICS["gradient_flow"]]).gradient_flow.min() < -320


# — both routes agree on what the pages show —

FROM = {
    "elman": SMALL.changed({"cell": "elman", "initializer": "gaussian", "task": "impulse"}),
    "lstm": SMALL,
    "lstm-2": SMALL.changed({"cell.layers": 2, "loss": "every"}),
    "gru": SMALL.changed({"cell": "gru", "cell.activation": "sigmoid"}),
    "gru-before": SMALL.changed({"cell": "gru", "cell.reset": "before"}),
    "relu": SMALL.changed({"cell": "elman", "cell.activation": "relu", "initializer.scale.gain": 0.8}),
    "classes": SMALL.model_copy(update={"task": Copying(sequence_length=30)}),
}


@pytest.mark.parametrize("name", FROM)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_routes_agree_on_real_runs(name, dtype):
    made = FROM[name].changed({"dtype": dtype})
    found = verify(made, CHECKS, example=1)
    assert {one.what for one in found if not one.agrees} == set()
    assert len(found) >= 20 and all(one.numbers > 0 and one.dtype == dtype for one in found)
    tightest = 1e-4 if dtype == "float32" else 1e-11
    curves = [one for one in found if one.what in ("gradient_state", "jacobian_norm", "weights_size")]
    assert len(curves) == 3 and all(one.tolerance < 300 * tightest for one in curves)


def test_a_chaotic_run_is_compared_along_its_own_states():
    """λ₁ > 0: two forward passes in float32 and float64 part by more than all tolerances, the gradients of one do not."""
    made = Experiment(
        task=Noise(sequence_length=150, variance=0.1), cell=Elman(hidden_size=64),
        initializer=Gaussian(scale=Gain(gain=2.5)), batch_size=2,
    )  # fmt: skip
    exact = run(made.changed({"dtype": "float64"}), record=("hidden_state",)).data.hidden_state.values
    apart = np.abs(run(made, record=("hidden_state",)).data.hidden_state.values - exact).max()
    assert apart > 0.1
    assert all(one.agrees for one in verify(made, ["gradient_flow", "unit_activity", "weight_gradient"]))


def test_a_trained_network_is_verified_with_the_weights_that_it_learnt():
    trained = SMALL.model_copy(update={"training": Training(updates=3)})
    assert all(one.agrees for one in verify(trained, ["gradient_flow", "unit_activity", "weight_spectrum"]))


def test_a_run_that_overflows_is_compared_up_to_there_or_not_at_all():
    wild = SMALL.changed({"cell": "elman", "cell.activation": "relu", "initializer.scale.gain": 4.0})
    wild = wild.changed({"task.sequence_length": 200, "initializer": "gaussian"})
    found = verify(wild, ["gradient_flow", "weight_spectrum", "gate_product"])
    assert {one.what for one in found} == {"weight_singular", "weight_trace", "weight_square"}


# — and a wrong figure is found out —


def shown_and_replayed(name: str, made: Experiment) -> tuple[xr.DataArray, Replay]:
    weights, need = draw_parameters(made), DIAGNOSTICS[name]
    trace = run(made, record={*need.reads, *need.reads_if_there, "hidden_state", "cell_state"}, parameters=weights)
    with torch.no_grad():
        return need(trace), Replay(trace, weights)


def findings(name: str, shown: xr.DataArray, again: Replay) -> list[Finding]:
    with torch.no_grad():
        every = [finding(each, again.experiment.dtype) for each in CHECKS[name].compare(shown, again)]
    return [one for one in every if one.numbers]


def base(name: str) -> Experiment:
    return FROM["elman"] if name == "untied_growth" else SMALL


@pytest.mark.parametrize("name", CHECKS)
def test_a_diagnostic_that_were_wrong_would_be_found_out(name):
    """Every number off by one per cent, logarithms by as much of the number that they stand for."""
    shown, again = shown_and_replayed(name, base(name).changed({"dtype": "float64"}))
    for wrong in (shown + math.log10(1.01), shown * 1.01):
        if not all(one.agrees for one in findings(name, wrong, again)):
            return
    pytest.fail(f"{name}: both routes agree with numbers that are 1 % off")


def half(shown: xr.DataArray, change: Callable[[xr.DataArray], xr.DataArray]) -> xr.DataArray:
    """The smaller half of each spectrum changed; its last dimension is in descending order, or nearly so."""
    along = shown.dims[-1]
    smaller = xr.DataArray(np.arange(shown.sizes[along]) >= shown.sizes[along] // 2, dims=along)
    return shown.where(~smaller, change(shown))


def imaginary(shown: xr.DataArray, factor: float) -> xr.DataArray:
    return shown.where(shown["spectrum"] != "imaginary", shown * factor)


SPOILT = {
    "singular values ten times as large": (
        "singular_spectrum",
        lambda one: half(one, lambda y: y + (one.kept_lag > 0)),
    ),
    "singular values to the power 1.3": ("singular_spectrum", lambda one: half(one, lambda y: y * 1.3)),
    "exponents times 1.3": ("lyapunov_growth", lambda one: half(one, lambda y: y * 1.3)),
    "exponents of fresh weights times 1.3": ("untied_growth", lambda one: half(one, lambda y: y * 1.3)),
    "imaginary parts of a step tripled": ("step_spectrum", lambda one: imaginary(one, 3.0)),
    "imaginary parts of the weights tripled": ("weight_spectrum", lambda one: imaginary(one, 3.0)),
    "imaginary parts of a step lost": ("step_spectrum", lambda one: imaginary(one, 0.0)),
}


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_spectrum_that_were_wrong_in_part_would_be_found_out(how, dtype):
    """The smaller half of a spectrum, or the imaginary parts alone: the largest values and the traces stay right."""
    name, spoil = SPOILT[how]
    shown, again = shown_and_replayed(name, base(name).changed({"dtype": dtype}))
    assert all(one.agrees for one in findings(name, shown, again))
    assert not all(one.agrees for one in findings(name, spoil(shown), again))


@pytest.mark.parametrize("cell", [Elman, LSTM, GRU], ids=lambda cell: cell.__name__)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_claimed_of_a_spectrum_could_have_failed(cell, activation, dtype):
    """The smallest σ of a step is rounding behind a ReLU or in saturation: such steps must not hide what others tell."""
    made = Experiment(
        task=Noise(sequence_length=40), cell=cell(hidden_size=16, activation=activation), batch_size=2, dtype=dtype
    )
    claimed = set()
    for how, (name, spoil) in SPOILT.items():
        if name == "untied_growth":  # of Gaussian weights only
            continue
        shown, again = shown_and_replayed(name, made)
        right = findings(name, shown, again)
        assert all(one.agrees and one.tolerance < 1 for one in right)
        claimed |= {one.what for one in right}
        if "ten times" in how:  # seen at the first step alone, which may be one without a determinant
            continue
        wrong = {one.what: one for one in findings(name, spoil(shown), again)}
        seeing = {"singular_volume", "lyapunov_volume", "step_square", "weight_square"}
        assert not any(one.agrees for what, one in wrong.items() if what in seeing)
    masked = {"singular_volume", "lyapunov_volume"} - claimed
    assert not masked or activation == "relu"


def test_a_comparison_that_cannot_fail_is_not_claimed():
    """A number that has vanished is off by 1; but a lost one against one that is there is told at any tolerance."""
    agreed = Finding("lyapunov_volume", "determinant", 3, 0.2, 1.5, "float32")
    assert not agreed.says_something and replace(agreed, tolerance=0.9).says_something
    assert replace(agreed, disagreement=math.inf).says_something and not replace(agreed, numbers=0).says_something


def test_disagreement_is_relative_and_an_infinity_is_not_agreed_with_a_number():
    inf, nan = math.inf, math.nan
    assert disagreement(np.array([2.0, 0.0]), np.array([2.1, 0.0]), "value") == pytest.approx(0.1 / 2.1)
    assert disagreement(np.array([-400.0]), np.array([-400.0 + math.log10(1.5)]), "log10") == pytest.approx(1 / 3)
    assert disagreement(np.array([0.0]), np.array([-math.log(2)]), "ln") == pytest.approx(1.0)
    assert disagreement(np.array([-inf, nan, 1.0]), np.array([-inf, nan, 1.0]), "log10") == 0
    assert disagreement(np.array([-inf, 1.0]), np.array([-300.0, 1.0]), "log10") == inf
    assert disagreement(np.array([nan]), np.array([1.0]), "value") == inf
    with pytest.raises(ValueError, match=r"one shape; got \(2,\) and \(3,\)"):
        disagreement(np.zeros(2), np.zeros(3), "value")


def test_the_tolerance_grows_with_the_square_root_of_the_roundings():
    def tolerance(roundings: float, dtype: str, **rest: float) -> float:
        return finding(Compared("saturated", "step", np.ones(1), np.ones(1), roundings, **rest), dtype).tolerance

    assert tolerance(100, "float32") == pytest.approx(80 * 2.0**-24)
    assert tolerance(100, "float64", amplified=3.0, besides=1e-9) == pytest.approx(240 * 2.0**-53 + 1e-9)


def test_a_figure_of_one_part_of_the_state_is_told_of_that_part():
    found = verify(SMALL, ["gradient_flow", "gate_product"])
    assert [one.what for one in drawn(found, "hidden_state")] == ["gradient_hidden_state", "gate_product"]
    assert [one.what for one in drawn(found, "state")] == ["gradient_state", "gate_product"] and drawn(
        found, ""
    ) == found


def test_of_several_runs_the_worst_is_told_with_all_numbers():
    one = Finding("histogram", "step", 10, 1e-7, 1e-6, "float32")
    other = Finding("histogram", "step", 5, 1e-8, 1e-9, "float32")
    assert one.worst(other) == Finding("histogram", "step", 15, 1e-8, 1e-9, "float32")
    study = comparison(Experiment(task=Noise(sequence_length=8), cell=Elman(hidden_size=3), batch_size=2))
    (state, *_) = verify_study(study, ["gradient_flow"])
    assert state.numbers == 9 * 3 * 8


# — words, registration, limits —


def test_every_figure_of_a_network_has_another_route():
    """A diagnostic without one says so here."""
    without = {name for figure in FIGURES for name in figure().needs} - set(CHECKS)
    assert without == set() and set(CHECKS) <= set(DIAGNOSTICS) - EQUATIONS
    assert checkable(["gradient_flow", "step_numbers"]) == ("gradient_flow",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_is_said_in_every_language(language):
    text = Text(language)
    found = list(itertools.chain(*(verify(made, CHECKS) for made in (FROM["elman"], FROM["lstm"]))))
    said = {in_words(one, text) for one in found}
    assert all("{" not in one and one.count("**") == 4 for one in said)
    off = Finding("jacobian_norm", "svd", 3, 0.5, 1e-6, "float32")
    assert not off.agrees and "0.5" in in_words(off, text) and "float32" in in_words(off, text)
    lost = Finding("jacobian_norm", "svd", 3, math.inf, 1e-6, "float32")
    assert Finding.from_json(lost.as_json()) == lost and "∞" not in in_words(lost, text)


def test_the_worker_answers_and_refuses_what_is_too_much():
    study = Study(base=SMALL)
    arrays, meta = worker.answer(
        {"verify": study.flat(), "needs": ["gradient_flow"], "example": 0}, lambda progress: None
    )
    assert arrays == {} and meta["findings"][0]["what"] == "gradient_state"
    large = Study(base=SMALL.changed({"task.sequence_length": 5000, "cell.hidden_size": 64}))
    with pytest.raises(OverBudget) as told:
        check_verification(large, ["jacobian_norm"])
    fits = large.base.changed({told.value.parameter: told.value.nearest})
    check_verification(Study(base=fits), ["jacobian_norm"])
    with pytest.raises(Refusal, match="over_budget"):
        worker.answer({"verify": large.flat(), "needs": ["jacobian_norm"], "example": 0}, lambda progress: None)


def test_orthogonal_weights_have_all_their_singular_values_verified():
    """W = 0.9 Q, linear: every σ of the product is 0.9^lag (NUMBERS row 1), and both routes say so."""
    made = Experiment(
        task=Noise(sequence_length=30), cell=Elman(hidden_size=8, activation="identity"),
        initializer=Orthogonal(scale=Gain(gain=0.9)), dtype="float64", batch_size=1,
    )  # fmt: skip
    large, volume = verify(made, ["singular_spectrum"])
    assert large.agrees and volume.agrees and large.numbers == 31 * 8 and volume.numbers == 30
