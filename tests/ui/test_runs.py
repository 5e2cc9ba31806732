"""The page Runs through the script: an empty store, some runs, what can be done with them, in both languages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.cells import GRU, LSTM
from rnnviz.engine import train
from rnnviz.experiment import Experiment
from rnnviz.export.netcdf import netcdf
from rnnviz.jobs import Batch
from rnnviz.store import Store
from rnnviz.tasks import DelayedRecall
from rnnviz.text import LANGUAGES, Text
from rnnviz.training import Training
from rnnviz.trainings import Trainings
from tests.ui.test_views import MAIN, sound, words

BASE = Experiment(
    task=DelayedRecall(sequence_length=8, delay=2), cell=LSTM(hidden_size=3), training=Training(updates=30)
)
every_language = pytest.mark.parametrize("language", LANGUAGES)


@cache
def exported(cell: str, seed: int = 0) -> bytes:
    return netcdf(train(BASE.changed({"cell": cell, "seed": seed})))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store of this test's own, and a server that has it."""
    lane = Batch(workers=1)
    server = Trainings(Store(tmp_path), lane)
    monkeypatch.setattr(sys.modules["rnnviz.trainings.jobs"], "_one", server)
    yield server.store
    lane.close()


def runs(language: str = "en") -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.query_params["lang"] = language
    return app.switch_page("views/runs.py").run()


def chosen(app: AppTest, *keys: str) -> AppTest:
    return sound(app.multiselect(key="runs.selected").set_value(list(keys)).run())


def button(app: AppTest, label: str) -> Callable[[], AppTest]:
    (found,) = [one for one in app.main.button if one.label == label]
    return lambda: sound(found.click().run())


def figures(app: AppTest) -> int:
    return len(app.get("component_instance") or app.get("bidi_component"))


@every_language
def test_an_empty_store_says_so(store: Store, language: str) -> None:
    app = sound(runs(language))
    assert app.header[0].value == Text(language)("page.runs.title")
    assert app.info[0].value == Text(language)("page.runs.empty") and not app.dataframe


@every_language
def test_one_run_is_drawn_and_named_and_two_are_compared(store: Store, language: str) -> None:
    text = Text(language)
    keys = [store.add(exported(cell)).key for cell in ("lstm", "gru")]
    app = sound(runs(language))
    assert len(app.dataframe[0].value) == 2 and figures(app) == 0
    app = chosen(app, keys[0])
    assert figures(app) == 1
    app.text_input[1].set_value("Mein Lauf")
    app = button(app, text("page.runs.keep"))()
    assert store.get(keys[0]).title == "Mein Lauf"
    assert any("Mein Lauf" in name for name in app.dataframe[0].value[text("runs.column.name")])
    app = chosen(app, *keys)
    differing = app.dataframe[1].value
    assert differing.loc[text("parameter.cell.label")].tolist() == [
        text("option.cell.lstm.label"),
        text("option.cell.gru.label"),
    ]
    assert figures(app) == 1
    app = sound(app.toggle(key="runs.beside").set_value(True).run())
    assert figures(app) == 2


def test_the_list_is_filtered_and_sorted(store: Store) -> None:
    for seed in range(3):
        store.add(exported("lstm", seed))
    app = runs()
    assert len(app.text_input(key="runs.filter").set_value("seed=2").run().dataframe[0].value) == 1
    app = app.text_input(key="runs.filter").set_value("transformer").run()
    assert not app.dataframe and Text("en")("runs.nothing") in words(app)
    app = app.text_input(key="runs.filter").set_value("").run()
    app = app.selectbox(key="runs.sort").set_value("loss").run()
    losses = app.dataframe[0].value[Text("en")("log.quantity.loss")].tolist()
    assert losses == sorted(losses, reverse=True) and len(losses) == 3


def test_a_deletion_is_undone_by_a_button(store: Store) -> None:
    key, text = store.add(exported("lstm")).key, Text("en")
    app = chosen(runs(), key)
    app = button(app, text("page.runs.delete", count=1))()
    assert store.runs() == [] and text("page.runs.deleted", count=1) in [one.value for one in app.info]
    app = button(app, text("page.runs.undo"))()
    assert [run.key for run in store.runs()] == [key] and len(app.dataframe) == 1
    assert not [one for one in app.main.button if one.label == text("page.runs.undo")]


@every_language
def test_damage_is_said_and_the_rest_is_there(store: Store, language: str) -> None:
    bad, good = store.add(exported("lstm")), store.add(exported("gru"))
    (store.files / bad.file).write_bytes(b"nothing")
    app = runs(language)
    app = app.multiselect(key="runs.selected").set_value([bad.key]).run()
    assert not app.exception
    app = chosen(runs(language), good.key)
    assert figures(app) == 1 and bad.key in words(app)


def test_a_name_with_markup_is_only_a_name(store: Store) -> None:
    key = store.add(exported("lstm")).key
    store.name(key, "<script>alert(1)</script> {x}")
    app = runs().multiselect(key="runs.selected").set_value([key]).run()
    assert not app.exception and figures(app) == 1
    assert isinstance(BASE.changed({"cell": "gru"}).cell, GRU)
