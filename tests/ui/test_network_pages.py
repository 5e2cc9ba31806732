"""Weight gradient and Activation in both languages, through the script: every cell opens, and what cannot be is said."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.text import LANGUAGES, Text
from tests.ui.test_views import BIAS, MAIN, sound, words

PANELS = {"weight_gradient": 3, "activation": 2}
every_page = pytest.mark.parametrize("name", PANELS)


def opened(name: str, app: AppTest | None = None, **link: str) -> AppTest:
    """The page opened by its menu from another one, or by a link.

    AppTest learns the paths of the pages from a run; before, it takes the name of a file for its path.
    """
    if app is None:
        app = addressed(AppTest.from_file(MAIN, default_timeout=60), link).run()
    return addressed(app, link).switch_page(f"views/{name}.py").run()


def addressed(app: AppTest, link: dict[str, str]) -> AppTest:
    app.query_params = {}
    for word, value in link.items():
        app.query_params[word.replace("__", ".")] = value
    return app


@every_page
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_every_cell_opens_in_every_language(name: str, language: str, cell: str, activation: str) -> None:
    link = {"network__cell": cell, "network__activation": activation, "cell__layers": "2", "network__layer": "2"}
    app = sound(opened(name, lang=language, v="1", **link))
    assert app.header[0].value == Text(language)(f"page.{name}.title")
    assert words(app).count("**") >= 2 * PANELS[name]
    assert len(app.dataframe) == PANELS[name]  # every figure has its table, and so was drawn
    assert not any(table.value.empty for table in app.dataframe)


def test_each_cell_says_its_own_equation() -> None:
    said = {}
    for cell, reset in (("elman", "after"), ("lstm", "after"), ("gru", "after"), ("gru", "before")):
        app = sound(opened("activation", v="1", network__cell=cell, reset=reset))
        said[cell, reset] = app.caption[0].value
    assert len(set(said.values())) == 4
    assert "W_{hn} (r_t ∘ h_{t-1})" in said["gru", "before"] and "o_t ∘ φ(c_t)" in said["lstm", "after"]


def test_a_cell_offers_only_its_own_rows_and_places() -> None:
    app = opened("weight_gradient", v="1", network__cell="gru", weights__block="candidate")
    control = app.segmented_control(key="flow.weights.block")
    assert control.value == "candidate" and len(control.options) == 4
    app.segmented_control(key="flow.network.cell").set_value("elman").run()
    sound(app)
    keys = [control.key for control in app.segmented_control]
    assert "flow.weights.block" not in keys and "flow.weights.matrix" in keys
    opened("activation", app)
    assert "flow.squashing.place" not in [control.key for control in app.segmented_control]
    app.segmented_control(key="flow.network.cell").set_value("lstm").run()
    sound(app)
    assert len(app.segmented_control(key="flow.squashing.place").options) == 2


@pytest.mark.parametrize(
    ("name", "control", "value"),
    [
        ("weight_gradient", "weights.matrix", "weight_ih"),
        ("weight_gradient", "weights.block", "output_gate"),
        ("activation", "squashing.place", "output"),
    ],
)
def test_each_control_changes_the_link_and_what_is_said(name: str, control: str, value: str) -> None:
    app = opened(name)
    before = words(app)
    app.segmented_control(key=f"flow.{control}").set_value(value).run()
    sound(app)
    assert app.query_params[control] == value and words(app) != before


@every_page
def test_another_layer_shows_other_numbers(name: str) -> None:
    app = opened(name, v="1", cell__layers="2")
    before = app.markdown[1].value
    app.slider(key="flow.network.layer").set_value(2).run()
    sound(app)
    assert app.markdown[1].value != before


@every_page
def test_what_was_set_on_gradient_flow_is_what_is_seen_here(name: str) -> None:
    app = AppTest.from_file(MAIN, default_timeout=60).run()
    app.slider(key=BIAS).set_value(1.7).run()
    sound(opened(name, app))
    assert app.slider(key=BIAS).value == 1.7 and app.query_params["cell.forget_bias.value"] == "1.7"


@every_page
def test_an_overflow_is_said(name: str) -> None:
    wild = {"network.cell": "elman", "network.activation": "relu", "initializer.scale.gain": "4"}
    app = opened(name, v="1", **wild, **{"task.sequence_length": "400"})
    assert not app.exception and not app.error
    if name == "weight_gradient":  # which has nothing to draw, and says so once instead of three times
        assert ["overflowed at step" in said.value for said in app.warning] == [True] and not app.dataframe
    else:
        assert len(app.dataframe) == PANELS[name] and not app.warning


def test_shares_that_are_too_much_work_are_refused_with_what_fits() -> None:
    """Each step's share is as large as W: what the passes alone may do is too much here, and still fits next door."""
    large = {"cell__hidden_size": "256", "task__sequence_length": "400", "batch_size": "4"}
    app = opened("weight_gradient", v="1", **large)
    assert not app.exception and not len(app.dataframe)
    assert app.error[0].value.startswith(f"**{Text('en')('error.title')}.**")
    opened("activation", app)
    assert app.query_params["cell.hidden_size"] == "256"
    assert len(sound(app).dataframe) == PANELS["activation"]
    opened("weight_gradient", app)
    app.main.button[0].click().run()
    assert len(sound(app).dataframe) == PANELS["weight_gradient"]
