"""The page Runs through the script: an empty store, some runs, what can be done with them, in both languages."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.cells import GRU, LSTM
from rnnviz.engine import run, train
from rnnviz.engine.weights import Network
from rnnviz.experiment import Experiment, grid
from rnnviz.export import FORMATS
from rnnviz.export.netcdf import netcdf
from rnnviz.figures.figure import power_of_ten
from rnnviz.jobs import Batch
from rnnviz.store import Store
from rnnviz.sweeps import sweep
from rnnviz.tasks import DelayedRecall
from rnnviz.text import LANGUAGES, Text
from rnnviz.text.numbers import numeral
from rnnviz.training import Training
from rnnviz.trainings import Trainings
from rnnviz.ui.rerun import changeable
from rnnviz.ui.run_list import name_of
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


def differing(app: AppTest, text: Text, name: str) -> pd.DataFrame:
    """The table of what differs between the chosen runs, which has this parameter in it."""
    label = text(f"parameter.{name}.label")
    return next(table.value for table in app.dataframe if label in table.value.index)


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
    assert differing(app, text, "cell").loc[text("parameter.cell.label")].tolist() == [
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
    losses = app.dataframe[0].value[Text("en")("option.logged.loss.label")].tolist()
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


# — in, from a file —


def uploaded(app: AppTest, file: bytes, key: str = "runs.import") -> AppTest:
    return app.file_uploader(key=key).set_value([("run.nc", file, "application/x-netcdf")]).run()


@every_language
def test_a_run_is_imported_once_an_upload_and_again_when_it_is_uploaded_again(store: Store, language: str) -> None:
    text = Text(language)
    app = sound(uploaded(runs(language), exported("lstm")))
    (run,) = store.runs()
    assert [one.value for one in app.success] == [text("page.runs.imported", name=name_of(run, text))]
    store.delete(run.key)
    app = sound(app.run())
    assert store.runs() == [] and not app.success  # the file is still in the uploader
    app = sound(uploaded(app, exported("lstm")))
    assert [one.key for one in store.runs()] == [run.key] and len(app.success) == 1
    store.purge(run.key)
    app = sound(uploaded(app, exported("lstm")))
    assert [one.key for one in store.runs()] == [run.key] and len(app.success) == 1


@every_language
def test_a_foreign_run_is_refused_in_words(store: Store, language: str) -> None:
    text = Text(language)
    app = uploaded(runs(language), exported("lstm").replace(BASE.key.encode(), b"0" * 16))
    assert not app.exception and not app.success and store.runs() == []
    assert [one.value for one in app.error] == [text("error.foreign_file.other_key", key="0" * 16, own=BASE.key)]


@every_language
@pytest.mark.parametrize("key", ["runs.import", "runs.sweep"])
def test_a_disk_that_refuses_an_upload_is_said(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, key: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RNNVIZ_CONTENT", str(tmp_path / "file" / "folder"))
    app = uploaded(runs(language), exported("lstm"), key)
    assert not app.exception and [one.value for one in app.error] == [Text(language)("error.not_kept")]


# — again, with one thing changed —


@every_language
def test_a_run_is_trained_again_with_one_thing_changed_and_both_are_drawn(store: Store, language: str) -> None:
    text, key = Text(language), store.add(exported("lstm")).key
    app = chosen(runs(language), key)
    assert app.button(key="rerun.train").disabled  # nothing is changed yet
    app = sound(app.selectbox(key="rerun.parameter").set_value("training.optimizer.learning_rate").run())
    rate = next(one for one in app.select_slider if one.key == "rerun.experiment.training.optimizer.learning_rate")
    app = sound(rate.set_value(0.05).run())
    wanted = BASE.changed({"training.optimizer.learning_rate": 0.05})
    assert not app.button(key="rerun.train").disabled
    app = app.button(key="rerun.train").click().run()
    assert not app.exception and app.multiselect(key="runs.selected").value == [key, wanted.key]
    until = time.monotonic() + 120
    while (run := store.get(wanted.key)) is None or run.state != "completed":
        assert time.monotonic() < until
        time.sleep(0.1)
    app = sound(app.run())
    differing = next(
        table.value for table in app.dataframe if text("parameter.learning_rate.label") in table.value.index
    )
    assert differing.index.tolist() == [text("parameter.learning_rate.label")]  # and nothing else
    assert differing.iloc[0].tolist() == ["0.001", "0.05"] and figures(app) == 1


def test_choosing_another_parameter_puts_the_first_back(store: Store) -> None:
    key = store.add(exported("lstm")).key
    app = chosen(runs(), key)
    app = app.selectbox(key="rerun.parameter").set_value("cell").run()
    box = next(one for one in app.selectbox if one.key == "rerun.experiment.cell")
    app = sound(box.set_value("gru").run())
    assert not app.button(key="rerun.train").disabled
    app = sound(app.selectbox(key="rerun.parameter").set_value("batch_size").run())
    assert app.button(key="rerun.train").disabled


def test_what_can_be_changed_is_every_parameter_but_whether_it_is_trained() -> None:
    paths = changeable(BASE)
    assert sorted([*paths, "training"]) == sorted(BASE.flat()) and paths[0] == "training.optimizer.learning_rate"
    assert "task.sha256" not in changeable(BASE.changed({"task": "own_text", "task.sha256": "0" * 64}))


def test_a_run_that_was_never_trained_cannot_be_trained_again(store: Store, tmp_path: Path) -> None:
    key = store.add(netcdf(run(BASE.changed({"training": "none"})))).key
    app = runs().multiselect(key="runs.selected").set_value([key]).run()
    assert not app.exception and not [one for one in app.button if one.key == "rerun.train"]


@every_language
def test_the_whole_menu_stands_under_the_comparison(store: Store, language: str) -> None:
    keys = [store.add(exported(cell)).key for cell in ("lstm", "gru")]
    app = runs(language)
    app.session_state["runs.lines.0.taking"] = True
    app = chosen(app, *keys)
    labels = {one.label for one in [*app.main.button, *app.get("download_button")]}
    assert {Text(language)(f"taking.format.{one.name}.label") for one in FORMATS if Network not in one.takes} <= labels


# — many runs at once —


@every_language
@pytest.mark.parametrize("view", ["parallel", "map"])
def test_the_chosen_runs_are_drawn_through_what_varies_among_them(store: Store, language: str, view: str) -> None:
    text = Text(language)
    keys = [store.add(exported(*one)).key for one in (("lstm", 0), ("gru", 0), ("lstm", 1))]
    app = chosen(runs(language), *keys)
    app = sound(app.segmented_control(key="runs.view").set_value(view).run())
    assert figures(app) == 1 and f"**{3}**" in words(app)
    values = [float(run.facts["loss"]) for run in store.runs()]
    said = app.markdown[1].value if "**3**" in app.markdown[1].value else words(app)
    assert numeral(max(values)) in said and numeral(min(values)) in said
    app = sound(app.selectbox(key="runs.many.measure").set_value("accuracy").run())
    assert text("option.measure.accuracy.label") in words(app)


def test_runs_that_do_not_differ_are_told_so(store: Store) -> None:
    key = store.add(exported("lstm")).key
    app = chosen(runs(), key)
    assert not [
        one for one in app.segmented_control if one.key == "runs.view"
    ]  # of one run there is nothing to compare


@every_language
def test_a_sweep_is_opened_from_its_file(store: Store, language: str) -> None:
    app, text = runs(language), Text(language)
    made = sweep(
        grid(BASE.changed({"training": "none"}), {"cell": ["lstm", "gru"], "initializer.scale.gain": [0.5, 1.0]})
    )
    file = bytes(made.to_netcdf(engine="h5netcdf"))
    app = sound(app.file_uploader(key="runs.sweep").set_value([("sweep.nc", file, "application/x-netcdf")]).run())
    assert figures(app) == 2 and text("page.runs.sweep.map_note") in words(app)
    best = float(made.gradient_kept.max())
    assert f"**{power_of_ten(best)}**" in words(app)


@every_language
def test_a_file_that_is_no_sweep_is_refused_in_words(store: Store, language: str) -> None:
    app, text = runs(language), Text(language)
    app = app.file_uploader(key="runs.sweep").set_value([("run.nc", exported("lstm"), "application/x-netcdf")]).run()
    assert not app.exception and app.error[0].value == text("sweep.error.no_sweep")
