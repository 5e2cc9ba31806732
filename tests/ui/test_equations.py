"""The page Equations in both languages, through the script: every cell, every notation, the cursor in the link."""

from __future__ import annotations

from typing import get_args

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.figures.equations import NotationName
from rnnviz.text import LANGUAGES, Text
from tests.ui.test_views import MAIN, without_formulas, words

EQUATIONS = "views/equations.py"
COUNT = {"elman": 1 + 3, "lstm": 6 + 4, "gru": 4 + 3}
SLIDER = "flow.network.time"


def equations(app: AppTest | None = None, **link: str) -> AppTest:
    app = app or AppTest.from_file(MAIN, default_timeout=60)
    app.query_params = {}
    for name, word in link.items():
        app.query_params[name.replace("__", ".")] = word
    return app.switch_page(EQUATIONS).run()


def written(app: AppTest) -> str:
    return " ".join(block.value for block in app.latex)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cell", COUNT)
@pytest.mark.parametrize("notation", get_args(NotationName))
def test_every_cell_is_written_in_every_notation_and_language(language: str, cell: str, notation: str) -> None:
    link = {"network__cell": cell, "equations__notation": notation, "cell__layers": "2", "network__layer": "2"}
    app = equations(lang=language, v="1", **link)
    text = Text(language)
    assert not app.exception and not app.error and not app.warning
    assert app.header[0].value == text("page.equations.title")
    assert len(app.latex) == COUNT[cell]
    said = words(app)
    assert text("page.equations.input_from_below", below=1) in said and text(f"page.equations.about.{notation}") in said
    assert app.code[0].value.count(r"\begin{aligned}") == COUNT[cell]


def test_the_cursor_moves_the_numbers_and_the_link() -> None:
    app = sound_page(equations())
    before = written(app)
    assert "_{50}" in before and app.slider(key=SLIDER).value == 50
    app.slider(key=SLIDER).set_value(1).run()
    sound_page(app)
    assert "_{1}" in written(app) and "_{50}" not in written(app)
    assert app.query_params["network.time"] == "1"
    assert Text("en")("page.equations.start") in words(app)
    app.query_params = {}
    app.switch_page("views/gates.py").run()
    assert app.slider(key=SLIDER).value == 1  # one cursor for all pages


def test_a_link_opens_the_same_step_and_unit() -> None:
    app = sound_page(equations(v="1", network__time="7", equations__unit="5", network__example="3"))
    assert r"\left[i_{7}\right]_{5}" in written(app)
    assert Text("en")("page.equations.where", unit=5, time=7, example=3) in words(app)


def test_a_step_and_a_unit_beyond_the_end_mean_the_last() -> None:
    app = sound_page(equations(v="1", network__time="5000", equations__unit="300"))
    assert r"\left[i_{100}\right]_{32}" in written(app) and app.slider(key=SLIDER).value == 100


def test_a_single_unit_needs_no_slider() -> None:
    app = sound_page(equations(v="1", cell__hidden_size="1"))
    assert "_{1}" in written(app)


def test_an_overflow_is_said_and_the_steps_before_it_are_written() -> None:
    link = {"initializer.scale.gain": "4", "task.sequence_length": "400", "network.cell": "elman",
            "network.activation": "relu", "network.time": "400"}  # fmt: skip
    app = equations(v="1", **link)
    assert not app.exception and not app.error
    assert "overflowed" in app.warning[0].value and Text("en")("page.equations.no_gradient") in words(app)
    assert len(app.latex) == 1


def test_a_unit_that_is_not_kept_is_said() -> None:
    size = {"cell__hidden_size": "128", "cell__layers": "3", "task__sequence_length": "400", "batch_size": "4"}
    app = equations(v="1", equations__unit="3", **size)
    assert not app.exception and not app.error
    assert Text("en")("page.equations.nearest", asked=3, unit=2) in words(app)
    assert "_{2} &" in written(app)


def test_too_much_work_is_refused_with_a_button_that_mends_it() -> None:
    app = equations(v="1", cell__hidden_size="512", task__sequence_length="10000", batch_size="256")
    for _ in range(4):
        if not app.error:
            break
        app.main.button[0].click().run()
    assert not app.exception and not app.error and app.latex


def sound_page(app: AppTest) -> AppTest:
    """LaTeX has braces of its own, so only what is said in words is searched for gaps."""
    assert not app.exception and not app.error
    code = [block.value for block in app.latex]
    assert all(block.count("{") == block.count("}") for block in code)
    for element in [*app.header, *app.caption]:
        assert "{" not in without_formulas(element.value)
    return app
