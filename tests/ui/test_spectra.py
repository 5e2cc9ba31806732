"""The pages Product of Jacobians, Backpropagation itemised and Lyapunov exponents, through the script."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.experiment import Study
from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.flow import START, GradientFlowPage
from tests.ui.test_views import MAIN, sound, words

FIGURES_OF = {"jacobians": 5, "bptt": 2, "lyapunov": 2}
SHORT = {"lyapunov.steps": "200", "lyapunov.warm_up": "50", "lyapunov.seeds": "2"}
every_page = pytest.mark.parametrize("page", FIGURES_OF)


def opened(page: str, **link: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=120)
    for name, word in {**SHORT, **link, "v": "1"}.items():
        app.query_params[name.replace("__", ".")] = word
    return app.switch_page(f"views/{page}.py").run()


@every_page
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_every_cell_opens_in_every_language(page: str, language: str, cell: str) -> None:
    app = sound(opened(page, lang=language, network__cell=cell, cell__layers="2", cell__hidden_size="8"))
    text = Text(language)
    assert app.header[0].value == text(f"page.{page}.title")
    assert len(app.dataframe) == FIGURES_OF[page]  # every figure has its table, and so was drawn
    assert text(f"page.{page}.lead") in words(app) and words(app).count("**") >= 2 * FIGURES_OF[page]


GAUSSIAN = {"initializer": "gaussian", "initializer__scale__gain": "1.2", "cell__hidden_size": "8"}


@every_page
def test_the_linear_network_opens_too(page: str) -> None:
    app = sound(opened(page, network__cell="elman", network__activation="identity", **GAUSSIAN))
    assert len(app.dataframe) == FIGURES_OF[page] and "identity" in words(app)


def test_fresh_weights_are_offered_where_there_are_gaussian_ones_to_draw() -> None:
    app = sound(opened("lyapunov", network__cell="elman", network__activation="identity", **GAUSSIAN))
    assert "Newman" not in words(app)
    app.toggle(key="flow.lyapunov.untied").set_value(True).run()
    assert "Newman (1986)" in words(sound(app))
    lstm = sound(opened("lyapunov", lyapunov__untied="true", **GAUSSIAN))
    assert not any(toggle.key == "flow.lyapunov.untied" for toggle in lstm.toggle)


def test_another_step_is_another_table_and_computes_nothing_again() -> None:
    app = opened("jacobians", cell__hidden_size="8")
    before = [frame.value for frame in app.dataframe]
    app.slider(key="flow.network.time").set_value(3).run()
    sound(app)
    same = [frame.value.equals(old) for frame, old in zip(app.dataframe, before, strict=True)]
    assert same[:3] == [True, True, True] and not same[3]
    assert app.query_params["network.time"] == "3"


def test_a_step_beyond_the_end_means_the_last() -> None:
    app = sound(opened("jacobians", cell__hidden_size="8", task__sequence_length="20", network__time="77"))
    assert app.slider(key="flow.network.time").value == 20
    assert any("t = 20" in str(value) for value in app.dataframe[3].value.to_numpy().ravel())


def test_the_truncation_length_is_set_and_said() -> None:
    app = opened("bptt", cell__hidden_size="8", loss="every")
    app.slider(key="flow.bptt.truncation_length").set_value(7).run()
    assert "after **7** steps" in words(sound(app))
    app.slider(key="flow.bptt.truncation_length").set_value(100).run()
    assert "nothing is cut off" in words(sound(app))


def test_a_network_left_to_itself_and_a_driven_one_have_other_exponents() -> None:
    app = opened("lyapunov", network__cell="elman", cell__hidden_size="16")
    seen = {}
    for drive in ("task", "noise", "silence"):
        app.segmented_control(key="flow.lyapunov.drive").set_value(drive).run()
        sound(app)
        seen[drive] = app.dataframe[0].value.iloc[0, 1]
        assert ("flow.lyapunov.variance" in {slider.key for slider in app.slider}) == (drive == "noise")
    assert len(set(seen.values())) == 3


def test_what_is_followed_is_one_example_in_float64_and_one_experiment_a_seed() -> None:
    page = GradientFlowPage().changed({"lyapunov.seeds": 3, "lyapunov.drive": "noise", "experiment.seed": 2**31 - 1})
    experiments = page.followed().experiments()
    assert [e.seed for e in experiments.values()] == [2**31 - 1, 0, 1]
    assert {
        (e.dtype, e.batch_size, e.task.kind, e.task.sequence_length, e.cell.kind) for e in experiments.values()
    } == {("float64", 1, "noise", 2000, "lstm")}
    exactly = START.opened_exactly().experiments()
    assert [e.dtype for e in exactly.values()] == ["float64"]
    assert isinstance(page.followed(), Study)


@pytest.mark.parametrize(
    ("page", "link", "refused"),
    [
        (
            "jacobians",
            {"cell__hidden_size": "256", "batch_size": "4"},
            2,
        ),  # the paths and, of another size, the spectrum
        ("bptt", {"cell__hidden_size": "64", "task__sequence_length": "1000"}, 1),
        ("lyapunov", {"cell__hidden_size": "64", "lyapunov__steps": "10000"}, 1),
    ],
)
def test_what_is_too_much_work_offers_what_fits(page: str, link: dict[str, str], refused: int) -> None:
    app = opened(page, **link)
    assert not app.exception and not len(app.dataframe)
    for _ in range(refused):
        assert app.error[0].value.startswith(f"**{Text('en')('error.title')}.**")
        button = app.main.button[0]
        if page == "lyapunov":
            assert Text("en")("parameter.steps.label") in button.label
        button.click().run(timeout=240)
    sound(app)
    assert len(app.dataframe) == FIGURES_OF[page]


@every_page
def test_an_overflow_is_said(page: str) -> None:
    wild = {"network.cell": "elman", "network.activation": "relu", "initializer.scale.gain": "4"}
    length = {"task.sequence_length": "400", "lyapunov.steps": "400", "cell.hidden_size": "8"}
    app = opened(page, **wild, **length)
    assert not app.exception and not app.error
    assert len(app.dataframe) == FIGURES_OF[page]
