"""The menu under every figure: what it offers in both languages, what it hands over, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import get_args

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz import jobs
from rnnviz.engine.weights import Network
from rnnviz.experiment import Study
from rnnviz.export import FORMATS
from rnnviz.export.failure import Reason
from rnnviz.figures import GradientFlow
from rnnviz.jobs import Failure
from rnnviz.jobs.answers import FailureKind
from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.flow import START
from rnnviz.ui.taking import BY_BROWSER, FORMAT, in_words, size_in_words
from tests.ui.test_views import MAIN, sound

FLOW = "flow"
GATES = ("network.unit_activity", "network.unit_spread", "network.gate_ruler", "network.gate_product")
every_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def no_files() -> Iterator[None]:
    """A lane that has made nothing yet, as on a fresh server."""
    before, jobs._files = jobs._files, jobs.Lane(workers=1, memory_limit=0, spare=False, name="files")
    yield
    jobs._files.close()
    jobs._files = before


def opened(*places: str, view: str = "", **link: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=90)
    for place in places:
        app.session_state[f"{place}.taking"] = True
    for name, word in link.items():
        app.query_params[name.replace("__", ".")] = word
    return sound((app.switch_page(view) if view else app).run())


def offered(app: AppTest) -> list[str]:
    return [button.label for button in [*app.main.button, *app.get("download_button")]]


OF_FIGURES = [one for one in FORMATS if Network not in one.takes]  # weights are a matter of the command line


def label(name: str, text: Text) -> str:
    return text(f"taking.format.{name}.label")


@every_language
def test_a_closed_menu_holds_nothing_and_an_open_one_every_format(language: str, no_files: None) -> None:
    text = Text(language)
    every = {label(one.name, text) for one in OF_FIGURES}
    assert not every & set(offered(opened(lang=language)))
    app = opened(FLOW, lang=language)
    assert every <= set(offered(app)) and text("taking.same") in [one.value for one in app.caption]


@every_language
def test_every_figure_of_a_page_has_its_own_menu(language: str, no_files: None) -> None:
    app = opened(*GATES, view="views/gates.py", lang=language)
    text = Text(language)
    for one in OF_FIGURES:
        assert offered(app).count(label(one.name, text)) == len(GATES), one.name


def test_the_lines_are_those_of_the_setting_on_the_page(no_files: None) -> None:
    app = opened(FLOW, lang="ko", v="1", seed="7", view__quantity="jacobian")
    shown = next(one.value for one in app.code if "import" in one.value)
    study = START.changed({"experiment.seed": 7}).study()
    assert f"print(study.key)  # {study.key}" in shown and 'quantity="jacobian"' in shown and 'language="ko"' in shown


def test_a_pdf_is_made_by_a_worker_and_then_stands_in_the_place_of_its_button(no_files: None) -> None:
    app = opened(FLOW)
    app.button(key="flow.ask.pdf").click().run()
    sound(app)
    assert any(name.startswith("Save PDF · ") for name in offered(app))
    assert jobs.files().stats().ran == 1
    app.run()  # and stays: the same picture is not drawn again
    assert any(name.startswith("Save PDF · ") for name in offered(app)) and jobs.files().stats().ran == 1
    app.slider(key="flow.experiment.cell.forget_bias.value").set_value(1.0).run()
    assert "PDF" in offered(app), "another figure is another file"


def test_the_trace_of_another_curve_is_another_file(no_files: None) -> None:
    app = opened(FLOW)
    app.button(key="flow.ask.nc").click().run()
    assert any(name.startswith("Save netCDF · ") for name in offered(sound(app)))
    app.selectbox(key="flow.curve").set_value("gru-relu").run()
    assert "netCDF" in offered(sound(app))


@every_language
def test_without_chromium_the_menu_says_so_and_the_rest_is_there(
    language: str, monkeypatch: pytest.MonkeyPatch, no_files: None
) -> None:
    monkeypatch.setenv("RNNVIZ_CHROMIUM", "/no/such/browser")
    app, text = opened(FLOW, lang=language), Text(language)
    said = f"{text('taking.error.no_browser', name='PDF')} {text('taking.own_browser')}"
    assert said in [one.value for one in app.caption]
    assert all(app.button(key=f"flow.ask.{name}").disabled for name in BY_BROWSER)
    assert not app.button(key="flow.ask.nc").disabled
    assert {label(one.name, text) for one in OF_FIGURES} <= set(offered(app))


@every_language
def test_a_chromium_that_does_not_start_is_said_in_words(
    language: str, monkeypatch: pytest.MonkeyPatch, no_files: None
) -> None:
    monkeypatch.setenv("RNNVIZ_CHROMIUM", "false")  # a program that ends at once
    app, text = opened(FLOW, lang=language), Text(language)
    app.button(key="flow.ask.pdf").click().run()
    assert not app.exception
    start = text("taking.error.browser_failed", name="PDF", cause="…").partition("…")[0]
    assert app.error[0].value.startswith(start) and app.error[0].value.endswith(text("taking.own_browser"))
    app.button(key="flow.ask.nc").click().run()  # the worker lives on
    assert any("netCDF" in name and "B" in name for name in offered(sound(app)))


@every_language
def test_a_trace_that_is_too_large_is_refused_with_what_fits(language: str, no_files: None) -> None:
    app, text = opened(FLOW, lang=language, v="1", task__sequence_length="1000", batch_size="4"), Text(language)
    app.selectbox(key="flow.curve").set_value("lstm-tanh").run()
    app.button(key="flow.ask.nc").click().run()
    assert not app.exception
    said = app.error[0].value
    assert text("parameter.sequence_length.label") in said and said.endswith(text("taking.no_limit"))


@every_language
def test_every_failure_and_every_reason_has_words(language: str) -> None:
    text, detail = Text(language), {"seconds": 60.0, "limit": 16, "type": "KeyError", "cause": "no answer"}
    for kind in get_args(FailureKind):
        if kind != "refused":
            assert in_words(Failure(kind, detail), FORMAT["pdf"], text)
    for reason in set(get_args(Reason)) - {"not_written", "not_read"}:  # those are of the command line
        refused = Failure("refused", {"reason": "cannot_export", "export_reason": reason, **detail})
        assert "PDF" in in_words(refused, FORMAT["pdf"], text)
    missing = Failure("refused", {"reason": "missing_content", "sha256": "a" * 64})
    assert in_words(missing, FORMAT["nc"], text)
    assert "60.0" not in in_words(Failure("deadline", detail), FORMAT["pdf"], text)


def test_sizes_are_said_as_a_person_would() -> None:
    assert [size_in_words(size, Text()) for size in (10, 141_400, 2_340_000)] == ["1 KB", "141 KB", "2.3 MB"]


def test_the_study_of_the_page_comes_back_from_its_json(no_files: None) -> None:
    from rnnviz.api import results_of
    from rnnviz.export import Picture

    study = START.study()
    record = json.loads(FORMAT["json"].make(Picture(GradientFlow(), study, results_of(study, GradientFlow().needs))))
    assert Study.from_flat(record["study"]).key == study.key
