"""Every card of the page Misconceptions: its numbers against torch's own, the claim refuted by them, in both languages."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose_study
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment
from rnnviz.figures import Look, Results
from rnnviz.figures.figure import Result
from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.flow import START, ClaimName
from rnnviz.ui.misconceptions import CARDS, taken
from rnnviz.ui.numbers import Number, in_words
from tests.oracles import (
    Graph,
    batch_of,
    graph,
    mean_loss,
    step_jacobian,
    weight_gradient,
    weight_gradient_of_each_step,
)
from tests.ui.test_views import MAIN, sound, words

EXACT = 1e-9  # decades or relative, float64: products of 100 matrices of 64 units, T · H · 2⁻⁵³ ≈ 1e-12, with room
every_claim = pytest.mark.parametrize("claim", CARDS)


# — the numbers, against somebody else —


@cache
def results_of(claim: ClaimName) -> Results:
    card = CARDS[claim]
    study = card.study(card.record)
    data = diagnose_study(study, [DIAGNOSTICS[name] for name in card.needs])
    return {name: Result(experiment, data[name]) for name, experiment in study.experiments().items()}


def numbers(claim: ClaimName) -> dict[str, Number]:
    return CARDS[claim].numbers(results_of(claim))


def experiments(claim: ClaimName) -> list[Experiment]:
    return [result.experiment for result in results_of(claim).values()]


def made_by_torch(experiment: Experiment) -> Graph:
    return graph(experiment, draw_parameters(experiment), *batch_of(experiment))


def log10_products(experiment: Experiment) -> np.ndarray:
    """log₁₀ ‖∂s_T/∂s_t‖₂ over the lag, of the first example, from autograd of every step."""
    made, (inputs, _) = made_by_torch(experiment), batch_of(experiment)
    product = torch.eye(made.states[0][0].shape[1], dtype=torch.float64)
    norms = [0.0]
    for t in range(len(inputs), 0, -1):
        product = product @ step_jacobian(experiment, made, inputs, t, 0)
        norms.append(math.log10(torch.linalg.matrix_norm(product, 2)))
    return np.array(norms)


def log10_gradients(experiment: Experiment) -> np.ndarray:
    """The median over examples of log₁₀ ‖∂ℓ/∂s_t‖ for t = 1 … T, from autograd: the upper one of the two in the middle."""
    made = made_by_torch(experiment)
    states = [layers[0] for layers in made.states[1:]]
    found = torch.autograd.grad(mean_loss(experiment, made).sum(), states)
    norms = torch.stack([one.norm(dim=1) for one in found]).log10().sort(dim=1).values
    return norms[:, experiment.batch_size // 2].numpy()


def log10_kept(experiment: Experiment) -> float:
    curve = log10_gradients(experiment)
    return float(curve[0] - curve[-1])


def test_a_norm_above_one_does_not_make_the_gradient_explode():
    """Row 2 of the numbers and section 4: Gaussian, g = 0.9, σ₁ ≈ 2g (row 16), and it vanishes."""
    said, (experiment,) = numbers("norm"), experiments("norm")
    weight = draw_parameters(experiment)["weight_hh_l0"].numpy()
    assert said["sigma"] == pytest.approx(np.linalg.norm(weight, 2), rel=EXACT)
    assert said["kept"] == pytest.approx(log10_products(experiment)[-1], abs=EXACT)
    assert said["bound"] == pytest.approx(100 * math.log10(np.linalg.norm(weight, 2)), abs=EXACT)
    assert 1.5 < said["sigma"] < 2.1 and said["bound"] > 20 and said["kept"] < -10


def test_a_spectral_radius_below_one_may_grow_first():
    """Row 3 (E): ρ = 0.8, ‖W‖₂ = 1.22965, and max over t of ‖W^t‖₂ = 4.56821 at t = 13."""
    said = numbers("radius")
    assert said["radius"] == pytest.approx(0.8, rel=1e-3)  # a defective matrix: its eigenvalues are known to ε^¼
    assert said["norm"] == pytest.approx(1.22965, abs=5e-6)
    assert 10 ** said["peak"] == pytest.approx(4.56821, abs=5e-6) and said["at"] == 13
    power = sum(math.comb(60, k) * 0.8 ** (60 - k) * 0.5**k * np.eye(4, k=-k) for k in range(4))
    assert said["kept"] == pytest.approx(math.log10(np.linalg.norm(power, 2)), abs=EXACT) and said["kept"] < -1


def test_a_weight_above_one_may_vanish():
    """Row 4 (E): w = 2 rests at h* = .957504 with J = .166372."""
    said, (experiment,) = numbers("weight"), experiments("weight")
    assert said["weight"] == 2.0
    assert said["state"] == pytest.approx(0.957504, abs=5e-7)
    assert said["jacobian"] == pytest.approx(0.166372, abs=5e-7)
    assert said["kept"] == pytest.approx(log10_products(experiment)[-1], abs=EXACT) and said["kept"] < -70


def test_an_lstm_vanishes_and_explodes():
    """Row 24 (M): λ₁ = −.448 ± .018 at b_f = 0 and −.149 ± .011 at 1, so 99 steps are worth 99 λ₁ / ln 10 decades.

    ± is over seeds, and here is one of them, on its way from a gradient that is all in h: four of those, and a decade.
    """
    said = numbers("lstm")
    found = [log10_kept(experiment) for experiment in experiments("lstm")]
    assert [said[name] for name in ("kept_0", "kept_1", "kept_5", "wild")] == pytest.approx(found, abs=EXACT)
    for name, exponent, spread in (("kept_0", -0.448, 0.018), ("kept_1", -0.149, 0.011)):
        assert abs(said[name] - 99 * exponent / math.log(10)) < 1 + 4 * 99 * spread / math.log(10)
    assert abs(said["kept_5"]) < 1 < said["wild"]


def test_the_product_of_forget_gates_is_one_path_of_several():
    """∏ f counted out with `Cell.step`, and all paths from autograd of the whole state (h, c)."""
    said, (experiment,) = numbers("gates"), experiments("gates")
    parameters, (inputs, _) = draw_parameters(experiment), batch_of(experiment)
    own = {name: parameters[f"{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    state, direct = experiment.cell.initial_state(1, inputs.dtype), torch.zeros(32, dtype=torch.float64)
    for x in inputs[:, :1]:
        state, gates = experiment.cell.step(own, x, state)
        direct += gates[1, 0].log10()
    assert said["direct"] == pytest.approx(float(direct.max()), abs=EXACT)
    assert said["all"] == pytest.approx(log10_products(experiment)[-1], abs=EXACT)
    assert said["missed"] > 5 and said["detour"] > said["direct"] + 5


def test_clipping_does_not_bring_back_what_has_vanished():
    """torch's clip_grad_norm_ on autograd's gradient, and each step's share with a leaf of its own for every step."""
    said, (experiment,) = numbers("clipping"), experiments("clipping")
    names = ("weight_hh_l0", "weight_ih_l0")
    made = made_by_torch(experiment)
    for key, threshold in (("usual", 1.0), ("tight", 0.01)):
        clipped = [torch.nn.Parameter(made.parameters[name].detach()) for name in names]
        for one, name in zip(clipped, names, strict=True):
            one.grad = weight_gradient(experiment, made, name)
        norm = float(torch.nn.utils.clip_grad_norm_(clipped, threshold))
        left = math.sqrt(sum(float(one.grad.square().sum()) for one in clipped if one.grad is not None))
        assert 10 ** said["norm"] == pytest.approx(norm, rel=EXACT) and 10 ** said[key] == pytest.approx(
            left, rel=EXACT
        )
    of_steps = [
        weight_gradient_of_each_step(experiment, draw_parameters(experiment), *batch_of(experiment), name)
        for name in names
    ]
    sizes = torch.stack([one.square().sum((1, 2)) for one in of_steps]).sum(0).sqrt().log10()
    assert said["ratio"] == pytest.approx(float(sizes[0] - sizes[-1]), abs=EXACT)
    assert said["usual"] == said["norm"] < 0 and said["tight"] == pytest.approx(-2, abs=1e-5)
    assert said["clipped_ratio"] == pytest.approx(said["ratio"], abs=EXACT) and said["ratio"] < -15


def test_relu_vanishes_and_explodes():
    """Mean field for ReLU: χ = g²/2 a step, so −15 decades over 99 steps at g = 1 and +15 at g = 2, ± a few at H = 64."""
    said, (explodes, vanishes) = numbers("relu"), experiments("relu")
    assert said["grown"] == pytest.approx(log10_kept(explodes), abs=EXACT)
    assert said["shrunk"] == pytest.approx(log10_kept(vanishes), abs=EXACT)
    states = torch.stack([layers[0] for layers in made_by_torch(explodes).states[1:]])
    assert said["off"] == round(100 * float((states == 0).double().mean()))
    decades = 99 * math.log10(2) / 2
    assert said["grown"] == pytest.approx(decades, abs=4) and said["shrunk"] == pytest.approx(-decades, abs=4)
    assert said["grown"] > 10 and said["shrunk"] < -10 and said["steps"] == 99


def test_the_slope_of_tanh_is_one_minus_its_square():
    """tanh′(a) = 1/cosh²(a), without h; 1 − h² is right to a few roundings of numbers up to 1."""
    said = numbers("slope")
    assert said["output"] == pytest.approx(math.tanh(said["input"]), abs=1e-15)
    assert said["autograd"] == pytest.approx(math.cosh(said["input"]) ** -2, abs=1e-15)
    assert said["right"] == pytest.approx(said["autograd"], abs=1e-15) and said["right_error"] < -15
    assert said["wrong"] > 2 > 1 > said["autograd"] and said["wrong_error"] == said["wrong"] - said["autograd"]


def test_a_linear_axis_hides_a_healthy_gradient():
    """Half of the curve is below a hundredth of its largest value, and float32 could hold 10³⁵ times less (row 14)."""
    said, (experiment,) = numbers("axis"), experiments("axis")
    curve = log10_gradients(experiment)
    assert said["kept"] == pytest.approx(curve[0] - curve[-1], abs=EXACT)
    assert said["least"] == pytest.approx(curve.min(), abs=EXACT)
    assert said["unseen"] == (curve < curve.max() - 2).sum() > 40
    assert said["least"] > -149 * math.log10(2) + 35


# — the words and the figures —


@every_claim
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_said(claim, language):
    """What a verdict leaves out is computed for nobody."""
    text, said = Text(language), {place: in_words(number) for place, number in numbers(claim).items()}
    verdict = text(f"misconception.{claim}.verdict", **{place: f"<{place}>" for place in said})
    assert [place for place in said if f"<{place}>" not in verdict] == []
    for shown in CARDS[claim].shown:
        own = dict(list(results_of(claim).items())[:1])
        assert shown.figure(own, text, Look())["data"] and "**" in shown.figure.reading(own, text)


@every_claim
def test_setting_a_counter_example_leaves_the_rest_of_the_pages_alone(claim):
    record = START.changed({"lyapunov.seeds": 3, "equations.unit": 7, "misconceptions.claim": claim})
    card, now = CARDS[claim], taken(record, claim)
    assert not card.is_set(record) and card.is_set(now) and card.study(now) == card.study(card.record)
    assert (now.lyapunov, now.equations, now.misconceptions) == (
        record.lyapunov,
        record.equations,
        record.misconceptions,
    )


def opened(claim: str, language: str = "en") -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=120)
    for name, word in {"misconceptions.claim": claim, "lang": language, "v": "1"}.items():
        app.query_params[name] = word
    return app.switch_page("views/misconceptions.py").run()


@every_claim
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_is_a_claim_until_its_counter_example_is_set(claim, language):
    text, app = Text(language), sound(opened(claim, language))
    assert app.header[0].value == text("page.misconceptions.title")
    assert app.subheader[0].value == text(f"misconception.{claim}.claim")
    assert text(f"misconception.{claim}.belief") in words(app) and not app.info and not app.dataframe
    app.main.button[0].click().run()
    sound(app)
    said = {place: in_words(number) for place, number in numbers(claim).items()}
    assert [one.value for one in app.info] == [text(f"misconception.{claim}.verdict", **said)]
    assert len(app.dataframe) == len(CARDS[claim].shown)
    assert text(f"misconception.{claim}.note") in words(app)
    app.run()  # and stays
    assert app.info and app.query_params["dtype"] in ("float64", ["float64"])


@every_claim
def test_the_setting_is_opened_on_the_page_where_one_can_play_with_it(claim):
    app = opened(claim)
    app.main.button[0].click().run()
    app.main.button[0].click().run()
    page = CARDS[claim].page
    assert sound(app).header[0].value == Text("en")(f"page.{page}.title")
    assert app.session_state["page.flow"] == taken(START.changed({"misconceptions.claim": claim}), claim)


def test_another_claim_asks_again_and_a_changed_experiment_is_no_counter_example():
    app = opened("norm")
    app.main.button[0].click().run()
    app.segmented_control(key="flow.misconceptions.claim").set_value("relu").run()
    assert not sound(app).info and app.query_params["misconceptions.claim"] == "relu"
    app.segmented_control(key="flow.misconceptions.claim").set_value("norm").run()
    assert sound(app).info
