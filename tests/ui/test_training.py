"""The page Training in both languages, through the script: empty, under way, held, done; real workers, a store of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.engine.budget import check_training
from rnnviz.engine.weights import Network
from rnnviz.export import FORMATS
from rnnviz.jobs import Batch
from rnnviz.replays import REPLAYS
from rnnviz.store import Store, UnusableStore
from rnnviz.text import LANGUAGES, Text
from rnnviz.trainings import Trainings
from rnnviz.ui import under_way
from rnnviz.ui.address import read, written
from rnnviz.ui.training_record import START
from tests.ui.test_views import MAIN, sound, words

PATIENCE = 120.0  # s; a worker starts in 3, on a loaded machine in 20
TINY = {"task.sequence_length": "8", "cell.hidden_size": "4", "batch_size": "2", "training.updates": "6", "seeds": "2"}
WATCHED = {"learning": 2, "reach": 2, "size": 2, "weights": 2}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    lane = Batch(workers=1, queue_limit=32, linger=0.5)
    yield Trainings(Store(tmp_path_factory.mktemp("store")), lane, checkpoints=0.3)
    lane.close()


@pytest.fixture(autouse=True)
def own_store(jobs: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_way, "trainings", lambda: jobs)


def opened(**link: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, word in link.items():
        app.query_params[name.replace("__", ".")] = word
    return app.switch_page("views/training.py").run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_study_whose_upload_is_gone_is_refused_in_words(language: str) -> None:
    """On opening where the networks are made equally large, else when it is started."""
    gone = {"v": "1", "task": "own_text", "task__sha256": "0" * 64, "lang": language}
    app = opened(**gone, size="parameters")
    assert not app.exception and "0000" in app.error[0].value
    app = opened(**gone)
    app.button(key="train.start").click().run()
    assert (
        not app.exception
        and Text(language)("page.training.too_large") in app.error[0].value
        and "0000" in app.error[0].value
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_store_that_cannot_be_opened_is_said(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Trainings:
        raise UnusableStore("unopened", folder="/nowhere/runs", cause="Permission denied")

    monkeypatch.setattr(under_way, "trainings", none)
    app = opened(lang=language)
    assert not app.exception and "Permission denied" in app.error[0].value


def tiny(**more: str) -> AppTest:
    return opened(v="1", **TINY, **more)


@pytest.fixture(scope="module")
def trained(jobs: Trainings) -> None:
    record, refused = read({"v": "1", **TINY}, START)
    assert not refused
    for experiment in record.study().experiments().values():
        jobs.start(experiment)
    until = time.monotonic() + PATIENCE
    while jobs.jobs():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_never_trained_explains_itself(language: str) -> None:
    app = sound(opened(lang=language))
    text = Text(language)
    assert app.header[0].value == text("page.training.title")
    assert "9" in app.info[0].value and "800" in app.info[0].value and "LSTM" in app.info[0].value
    assert not app.button(key="train.start").disabled
    assert app.button(key="train.pause").disabled and app.button(key="train.stop").disabled


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("watch", WATCHED)
def test_the_link_finds_what_was_trained_and_every_view_is_drawn(language: str, watch: str) -> None:
    app = sound(tiny(lang=language, view__watch=watch))
    assert len(app.dataframe) == WATCHED[watch] + 1  # a table under each figure, and that of the trainings
    assert not any(table.value.empty for table in app.dataframe)
    states = app.dataframe[-1].value
    assert len(states) == 6 and set(states[Text(language)("table.state")]) == {Text(language)("run_state.completed")}
    assert app.button(key="train.start").disabled and app.button(key="train.stop").disabled


def test_one_press_trains_all_of_them(jobs: Trainings) -> None:
    app = tiny(seed="50")
    app.button(key="train.start").click().run()
    sound(app)
    record, _ = read({"v": "1", **TINY, "seed": "50"}, START)
    keys = [one.key for one in record.study().experiments().values()]
    until = time.monotonic() + PATIENCE
    while any((found := jobs.status(key)) is None or found.active for key in keys):
        assert time.monotonic() < until
        time.sleep(0.1)
    app.run()
    assert "6" in words(sound(app)) and len(app.dataframe) == 3


def test_what_was_stopped_can_be_resumed(jobs: Trainings) -> None:
    link = {**TINY, "seed": "90", "seeds": "1", "training.updates": "5000"}
    app = opened(v="1", **link)
    app.button(key="train.start").click().run()
    sound(app)
    app.button(key="train.stop").click().run()
    sound(app)
    assert app.button(key="train.resume").label == Text("en")("page.training.resume")
    assert not jobs.jobs()


@pytest.mark.parametrize("name", REPLAYS)
def test_every_replay_sets_the_controls_says_what_to_look_for_and_may_be_trained(name: str) -> None:
    app = opened()
    app.selectbox(key="train.replay").set_value(name).run()
    sound(app)
    assert app.selectbox(key="train.replay").value == name
    record, said = START.changed(REPLAYS[name].words), app.markdown[0].value
    assert all(Text("en")(f"replay.{name}.{part}") in said for part in ("what", "claim", "look"))
    assert f"{record.experiment.training.updates} updates" in said and f"{record.seeds} seeds" in said
    for experiment in record.study().experiments().values():
        check_training(experiment)


@pytest.mark.parametrize(
    ("control", "value"),
    [("compared", "forget_biases"), ("compared", "activations"), ("experiment.training.truncation", "window"),
     ("experiment.training.clipping", "none"), ("size", "parameters")],
)  # fmt: skip
def test_each_control_changes_the_link_and_the_trainings(control: str, value: str) -> None:
    app = opened()
    key = f"train.{control}"
    widget = next(one for one in [*app.selectbox, *app.segmented_control] if one.key == key)
    widget.set_value(value).run()
    sound(app)
    assert app.query_params[control.removeprefix("experiment.")] == value
    changed = START.changed({control: value})
    assert changed.study().key != START.study().key
    assert read(written(changed, START), START) == (changed, [])


def test_a_link_with_a_wrong_word_says_so_and_keeps_the_rest() -> None:
    app = opened(v="1", compared="everything", seeds="2")
    assert not app.exception and "everything" in app.warning[0].value
    assert app.query_params["seeds"] == "2"


def test_too_large_a_training_is_refused_in_words(jobs: Trainings) -> None:
    app = opened(v="1", **{"cell.hidden_size": "512", "task.sequence_length": "10000", "batch_size": "256"})
    app.button(key="train.start").click().run()
    assert not app.exception and Text("en")("page.training.too_large") in app.error[0].value
    assert not jobs.jobs()


def downloads(app: AppTest) -> list[tuple[str, str]]:
    """Where each button of a menu finds its file, and what it would have to ask for first."""
    return [(one.proto.url, one.proto.deferred_file_id) for one in app.get("download_button")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_open_menu_stays_with_the_figure_at_which_it_was_opened(jobs: Trainings, language: str) -> None:
    """All of it is there while trainings run; the figure goes on, and what is handed out does not change under the hand."""
    text, kind = Text(language), "train.learning_curve"
    link = {**TINY, "seed": str(200 + 10 * list(LANGUAGES).index(language)), "seeds": "1", "training.updates": "50000"}
    app = opened(v="1", lang=language, **link)
    app.button(key="train.start").click().run()
    until = time.monotonic() + PATIENCE
    while not app.dataframe:
        assert time.monotonic() < until
        time.sleep(0.3)
        sound(app.run())
    app.session_state[f"{kind}.taking"] = True
    sound(app.run())
    labels = {one.label for one in [*app.main.button, *app.get("download_button")]}
    assert {text(f"taking.format.{one.name}.label") for one in FORMATS if Network not in one.takes} <= labels
    assert text("taking.held") in [one.value for one in app.caption]
    held, addresses = app.session_state[f"{kind}.held"], downloads(app)
    assert len(set(addresses)) == len(addresses) and not any(deferred for _, deferred in addresses)
    made = jobs.jobs()[0].update
    while jobs.jobs()[0].update == made:
        assert time.monotonic() < until
        time.sleep(0.3)
    sound(app.run())
    assert app.session_state[f"{kind}.held"] is held
    assert downloads(app) == addresses  # a click at any moment finds the file that its button had when it was drawn
    app.session_state[f"{kind}.taking"] = False
    sound(app.run())
    assert app.session_state[f"{kind}.held"] is not held
    app.button(key="train.stop").click().run()
    assert not jobs.jobs()
