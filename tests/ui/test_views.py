"""Every view in both languages, through the script itself: it runs, it speaks, and each control changes what it should."""

from __future__ import annotations

import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.address import read
from rnnviz.ui.failures import verbatim
from rnnviz.ui.flow import START
from rnnviz.ui.presets import PRESETS
from tests.serving import ROOT

MAIN = str(ROOT / "rnnviz" / "ui" / "main.py")  # the script, never app.py: a file that only builds st.App shows nothing
BIAS = "flow.experiment.cell.forget_bias.value"  # the gain has a slider of our own, tested in the browser


def opened(**link: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, word in link.items():
        app.query_params[name.replace("__", ".")] = word
    return app.run()


def words(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.header, *app.markdown, *app.caption])


def without_formulas(said: str) -> str:
    """They have braces of their own; those of a text are what nobody filled in."""
    return re.sub(r"\$\$.+?\$\$|\$[^$]+\$", "", said, flags=re.DOTALL)


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    assert not re.search(r"[{}]|\bnan\b", without_formulas(words(app))), words(app)
    return app


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("arrangement", ["overlay", "grid"])
@pytest.mark.parametrize("quantity", ["gradient", "jacobian"])
def test_every_view_speaks_every_language(language: str, arrangement: str, quantity: str) -> None:
    app = sound(opened(lang=language, view__arrangement=arrangement, view__quantity=quantity))
    assert app.header[0].value == Text(language)("page.gradient_flow.title")
    assert "**" in app.markdown[1].value  # the sentence about this figure, its number in bold
    assert len(app.get("component_instance") or app.get("bidi_component")) >= 1


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_sets_the_controls_and_says_what_to_look_for(name: str) -> None:
    app = opened()
    app.selectbox(key="flow.preset").set_value(name).run()
    sound(app)
    assert app.selectbox(key="flow.preset").value == name
    assert app.markdown[0].value == Text("en")(f"preset.{name}.look")
    app.run()  # and stays
    assert app.selectbox(key="flow.preset").value == name


def test_a_slider_changes_the_link_and_what_is_said() -> None:
    app = opened()
    before = app.markdown[1].value
    app.slider(key=BIAS).set_value(-2.0).run()
    sound(app)
    assert app.query_params["cell.forget_bias.value"] == "-2.0"
    assert app.markdown[1].value != before


def test_a_link_opens_the_same_page_again() -> None:
    app = opened()
    app.slider(key=BIAS).set_value(1.7).run()
    app.selectbox(key="flow.experiment.task").set_value("noise").run()
    app.selectbox(key="flow.experiment.loss").set_value("every").run()
    again = AppTest.from_file(MAIN, default_timeout=60)
    for name, values in app.query_params.items():
        again.query_params[name] = values
    sound(again.run())
    assert again.slider(key=BIAS).value == 1.7
    assert again.selectbox(key="flow.experiment.task").value == "noise"
    assert words(again) == words(app)


def test_a_link_that_cannot_be_honoured_says_so_and_keeps_the_rest() -> None:
    app = opened(v="1", cell__forget_bais="2", initializer__scale__gain="99", seed="7")
    assert not app.exception
    said = " ".join(warning.value for warning in app.warning)
    assert verbatim("experiment.cell.forget_bais") in said and "forget_bias" in said  # what was probably meant
    assert "from 0 to 4" in said and "99" in said
    assert app.number_input(key="flow.experiment.seed").value == 7
    assert "initializer.scale.gain" not in app.query_params
    app.run()  # as the page does by itself when its figures have come
    assert " ".join(warning.value for warning in app.warning) == said
    app.slider(key=BIAS).set_value(0.5).run()
    assert not app.warning


@pytest.mark.parametrize("hostile", ["nan", "inf", "-1e400", "<script>", "1; DROP", "９", ""])
def test_a_hostile_link_is_refused_in_words(hostile: str) -> None:
    app = opened(v="1", initializer__scale__gain=hostile)
    assert not app.exception
    assert app.warning


@pytest.mark.parametrize("seed", ["1", "2"])  # the second meets a worker that has done as much before
def test_too_much_work_is_refused_with_the_nearest_setting_that_fits_and_a_button_that_sets_it(seed: str) -> None:
    app = opened(v="1", task__sequence_length="10000", cell__hidden_size="512", batch_size="256", seed=seed)
    assert not app.exception
    assert app.error
    for _ in range(4):  # each press mends one limit
        if not app.error:
            break
        assert app.main.button, [one.value for one in app.error]
        app.main.button[0].click().run()
    sound(app)


def test_a_link_of_thousands_of_words_holds_nobody_up() -> None:
    words = {"v": "1", "seed": "7"} | {f"unknown{k}": "1" for k in range(5_000)}
    before = time.process_time()
    record, refused = read(words, START)
    assert time.process_time() - before < 1  # it was some ten seconds
    assert record.experiment.seed == 7 and len(refused) < 250 and refused[0].value == len(words)
    assert {error.path.rstrip("0123456789") for error in refused[1:]} == {"experiment.unknown"}


def test_a_link_puts_no_markdown_of_its_own_on_the_page() -> None:
    app = opened(network__cell="[prize](https://example.org)")
    assert app.warning and "[prize](" not in app.warning[0].value and r"\[prize\]\(https" in app.warning[0].value
    assert verbatim("$x$ __한국__") == r"\$x\$ \_\_한국\_\_"


def test_reset_goes_back_to_the_start_and_leaves_the_language() -> None:
    app = opened(lang="ko", v="1", seed="5")
    app.sidebar.button[0].click().run()
    sound(app)
    assert dict(app.query_params) == {"lang": "ko"}
    assert app.number_input(key="flow.experiment.seed").value == 0


def test_a_pinned_curve_stays_until_it_is_unpinned() -> None:
    app = opened()
    pin = app.main.button[0]
    assert pin.label == Text("en")("page.pin")
    pin.click().run()
    app.slider(key=BIAS).set_value(0.0).run()
    sound(app)
    assert app.main.button[0].label == Text("en")("page.unpin")


def test_a_linear_axis_comes_with_its_warning() -> None:
    app = opened(v="1", view__axis="linear")
    assert app.warning[0].value == Text("en")("page.linear_warning")


def test_an_overflow_is_said_with_its_time_step_and_dtype() -> None:
    app = opened(v="1", **{"initializer.scale.gain": "4", "task.sequence_length": "400", "view.activations": "relu"})
    assert not app.exception
    assert re.search(r"overflowed at step \*?\*?\d+", words(app))
    assert "float32" in words(app)


def test_the_table_says_the_figure_in_numbers() -> None:
    table = opened().dataframe[0].value
    assert len(table) == 9
    assert any(cell.endswith("→ 72") for cell in table["float32: subnormal → 0 at lag"])
