"""The page Layers in both languages, through the script."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.text import LANGUAGES, Text
from tests.ui.test_views import MAIN, sound, words

LAYERS = "views/layers.py"
PART = "flow.layer_gradient.part"


def layers(**link: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, word in link.items():
        app.query_params[name.replace("__", ".")] = word
    return app.switch_page(LAYERS).run()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
@pytest.mark.parametrize("part", ["hidden_state", "cell_state", "state"])
def test_every_cell_and_part_is_drawn_in_every_language(language: str, cell: str, part: str) -> None:
    app = sound(layers(lang=language, v="1", network__cell=cell, cell__layers="3", layer_gradient__part=part))
    text = Text(language)
    assert app.header[0].value == text("page.layers.title")
    assert len(app.dataframe[0].value) == 3
    assert text("page.layers.note_state" if part == "state" else "page.layers.note", examples=16) in words(app)
    offered = app.segmented_control(key=PART)
    assert len(offered.options) == (3 if cell == "lstm" else 2)
    assert offered.value == ("hidden_state" if part == "cell_state" and cell != "lstm" else part)


def test_one_layer_explains_itself_and_a_button_stacks_more() -> None:
    app = sound(layers())
    assert app.info[0].value == Text("en")("page.layers.one") and len(app.dataframe[0].value) == 1
    app.main.button[0].click().run()
    sound(app)
    assert not app.info and len(app.dataframe[0].value) == 3
    assert app.query_params["cell.layers"] == "3"


def test_an_overflow_is_said() -> None:
    link = {"initializer.scale.gain": "4", "task.sequence_length": "400", "network.cell": "elman",
            "network.activation": "relu", "cell.layers": "2"}  # fmt: skip
    app = layers(v="1", **link)
    assert not app.exception and not app.error
    assert ["overflowed" in said.value for said in app.warning] == [True]
    assert not app.dataframe and not app.get("bidi_component")[1:], "no empty axes: only the slider of the gain is left"


def test_too_much_work_is_refused_with_a_button_that_mends_it() -> None:
    app = layers(v="1", cell__hidden_size="512", cell__layers="4", task__sequence_length="10000", batch_size="256")
    assert app.error
    for _ in range(4):
        if not app.error:
            break
        app.main.button[0].click().run()
    sound(app)
