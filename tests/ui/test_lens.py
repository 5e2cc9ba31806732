"""Precision marks, the backward pass in a format, and Verify under every figure, through the script in both languages."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.text import LANGUAGES, Text
from tests.ui.test_views import MAIN, sound, words

every_language = pytest.mark.parametrize("language", LANGUAGES)
SMALL = {"cell.hidden_size": "6", "task.sequence_length": "40"}
FIGURES_OF = {
    "gates": ("unit_activity", "unit_spread", "gate_ruler", "gate_product"),
    "weight_gradient": ("weight_shares", "weight_cancellation", "weight_blocks"),
    "activation": ("activation_use", "saturation"),
    "layers": ("layer_gradient",),
    "jacobians": ("jacobian_paths", "singular_spectrum", "condition_number", "step_eigenvalues", "step_norms"),
    "bptt": ("bptt_map", "truncation_bias"),
    "lyapunov": ("lyapunov_spectrum", "lyapunov_convergence"),
}


def opened(page: str = "", *places: str, **link: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=120)
    if (
        "_" in page
    ):  # AppTest learns the paths of the pages from a run; before, it takes the name of a file for its path
        app.run()
        app.query_params = {}
    for place in places:
        app.session_state[f"{place}.verify"] = True
    for name, word in {**SMALL, **link, "v": "1"}.items():
        app.query_params[name.replace("__", ".")] = word
    return sound((app.switch_page(f"views/{page}.py") if page else app).run())


@every_language
def test_the_backward_pass_is_run_in_a_format_and_said(language: str) -> None:
    text = Text(language)
    app = opened(lang=language, task__sequence_length="100", cell__hidden_size="8")
    assert text("rounded.sentence.head", dtype="float16") not in words(app)
    app.selectbox(key="flow.view.backward").set_value("float16").run()
    sound(app)
    assert app.query_params["view.backward"] == "float16"
    said = words(app)
    assert text("rounded.sentence.head", dtype="float16") in said and text("rounded.note", dtype="float16") in said
    assert text("rounded.table", dtype="float16") in app.dataframe[0].value.columns
    app.segmented_control(key="flow.view.part").set_value("hidden_state").run()
    sound(app)
    assert "flow.view.backward" not in {one.key for one in app.selectbox}  # of the whole state only
    assert text("rounded.sentence.head", dtype="float16") not in words(app)


@every_language
@pytest.mark.parametrize("page", ["gates", "weight_gradient", "layers", "jacobians", "bptt"])
def test_the_marks_are_chosen_once_for_all_pages_of_gradients(page: str, language: str) -> None:
    app = opened(page, lang=language)
    app.selectbox(key="flow.view.precisions").set_value("all").run()
    sound(app)
    assert app.query_params["view.precisions"] == "all"
    app.switch_page("views/gradient_flow.py").run()
    assert sound(app).selectbox(key="flow.view.precisions").value == "all"


def test_bounds_come_with_formula_source_and_domain_where_they_are_drawn() -> None:
    text = Text()
    grid = {"view__quantity": "jacobian", "view__arrangement": "grid"}
    said = words(opened(**grid))
    assert all(text(f"theory.{name}.about") in said for name in ("step_norms", "pascanu", "spectral_radius"))
    stacked = words(opened(**grid, cell__layers="2"))  # no bound of one layer holds for two
    assert text("theory.step_norms.about") in stacked and text("theory.pascanu.about") not in stacked
    assert "Pascanu" not in words(opened(view__quantity="jacobian"))  # nine curves in one frame have no room for them


@every_language
def test_a_closed_verify_computes_nothing_and_an_open_one_says_what_came_of_it(language: str) -> None:
    text = Text(language)
    assert text("verified.about") not in words(opened(lang=language))
    app = opened("", "flow", lang=language)
    said = words(app)
    assert text("verified.about") in said and text("verified.what.gradient_state") in said
    assert f"{9 * 3 * 40:,}" in said  # nine networks, three edges of the band, forty steps


@pytest.mark.parametrize("page", FIGURES_OF)
def test_every_figure_of_every_page_of_one_network_is_verified(page: str) -> None:
    places = [f"network.{kind}" for kind in FIGURES_OF[page]]
    short = {"lyapunov.steps": "60", "lyapunov.warm_up": "0", "lyapunov.seeds": "1"}
    app = opened(page, *places, **short)
    assert words(app).count(Text()("verified.about")) == len(places)
    route = "Largest relative disagreement"
    assert sum(route in one.value for one in app.markdown) >= len(places)


def test_a_disagreement_is_said_plainly() -> None:
    """An LSTM of ReLUs that explodes shuts its gates: exactly 0 in float32, and not in float64."""
    wild = {"network__activation": "relu", "task__sequence_length": "120", "cell__hidden_size": "24"}
    app = AppTest.from_file(MAIN, default_timeout=120)
    app.session_state["network.gate_product.verify"] = True
    for name, word in {**wild, "v": "1"}.items():
        app.query_params[name.replace("__", ".")] = word
    app.switch_page("views/gates.py").run()
    assert not app.exception
    shown = [one.value for one in [*app.error, *app.markdown] if "rounding" in one.value.lower()]
    assert shown
    for one in app.error:
        assert "do not agree" in one.value
