"""The page Gates and states in both languages, through the script: one record with Gradient flow, every cell opens."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.cells import CELLS
from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.flow import OneNetwork
from tests.ui.test_views import BIAS, MAIN, sound, words

GATES = "views/gates.py"


def gates(app: AppTest | None = None, **link: str) -> AppTest:
    """The page opened by its menu from another one, or by a link."""
    app = app or AppTest.from_file(MAIN, default_timeout=60)
    app.query_params = {}
    for name, word in link.items():
        app.query_params[name.replace("__", ".")] = word
    return app.switch_page(GATES).run()


def test_every_cell_can_be_chosen() -> None:
    words = next(one.domain.words for one in OneNetwork.parameters_declared() if one.name == "cell")
    assert set(words) == {cell.model_fields["kind"].default for cell in CELLS}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_every_cell_opens_in_every_language(language: str, cell: str) -> None:
    app = sound(gates(lang=language, v="1", network__cell=cell, cell__layers="2", network__layer="2"))
    text = Text(language)
    assert app.header[0].value == text("page.gates.title")
    said = words(app)
    assert text("page.gates.two_biases", example=1) in said and text("page.gates.one_path", example=1) in said
    assert said.count("**") >= 4
    assert len(app.dataframe) == 4  # every figure has its table, and so was drawn


def test_what_was_set_on_gradient_flow_is_what_is_seen_here_and_the_other_way_round() -> None:
    app = AppTest.from_file(MAIN, default_timeout=60).run()
    app.slider(key=BIAS).set_value(1.7).run()
    sound(gates(app))
    assert app.slider(key=BIAS).value == 1.7
    assert app.query_params["cell.forget_bias.value"] == "1.7"
    app.segmented_control(key="flow.network.cell").set_value("gru").run()
    app.slider(key=BIAS).set_value(0.5).run()
    sound(app)
    app.query_params = {}
    app.switch_page("views/gradient_flow.py").run()
    assert app.header[0].value == Text("en")("page.gradient_flow.title")
    assert app.slider(key=BIAS).value == 0.5 and app.query_params["network.cell"] == "gru"


def test_a_link_opens_the_same_page_and_a_cell_offers_only_its_own_variables() -> None:
    app = gates(v="1", network__cell="gru", gates__variable="candidate", seed="3")
    control = app.segmented_control(key="flow.gates.variable")
    assert control.value == "candidate" and len(control.options) == 4
    app.segmented_control(key="flow.network.cell").set_value("elman").run()
    sound(app)
    assert app.segmented_control(key="flow.gates.variable").value == "hidden_state"
    app.segmented_control(key="flow.network.cell").set_value("lstm").run()
    assert app.segmented_control(key="flow.gates.variable").value == "candidate"  # not forgotten meanwhile
    assert app.number_input(key="flow.experiment.seed").value == 3


def test_another_example_shows_other_numbers() -> None:
    app = gates()
    before = app.dataframe[0].value
    app.slider(key="flow.network.example").set_value(4).run()
    sound(app)
    assert not app.dataframe[0].value.equals(before)
    assert Text("en")("page.gates.one_path", example=4) in words(app)


def test_products_that_are_too_much_work_leave_the_units_and_offer_what_fits() -> None:
    app = gates(v="1", cell__hidden_size="256", task__sequence_length="400", batch_size="4")
    assert not app.exception and len(app.dataframe) == 3
    assert app.error[0].value.startswith(f"**{Text('en')('error.title')}.**")
    app.main.button[0].click().run()
    sound(app)
    assert len(app.dataframe) == 4


def test_an_overflow_is_said() -> None:
    app = gates(
        v="1",
        **{
            "initializer.scale.gain": "4",
            "task.sequence_length": "400",
            "network.cell": "elman",
            "network.activation": "relu",
        },
    )
    assert not app.exception and not app.error
    assert len(app.dataframe) == 4
