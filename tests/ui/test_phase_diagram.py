"""The page Phase diagram through the script: the map fills in from run to run, stops, and sets the experiment."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.jobs import Failure
from rnnviz.planes import PLANES
from rnnviz.text import LANGUAGES, Text
from rnnviz.ui import filling
from rnnviz.ui.address import written
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.taking import labels_of
from tests.ui.test_views import MAIN, sound, words

SMALL = {"phase.resolution": "coarse", "phase.hidden_size": "8", "phase.sequence_length": "30"}
EN = Text("en")


def opened(**link: str) -> AppTest:
    return at({**SMALL, **{name.replace("__", "."): word for name, word in link.items()}, "v": "1"})


def at(link: dict[str, str]) -> AppTest:
    """The page by a link. AppTest learns the paths of the pages from a run of the front page."""
    app = AppTest.from_file(MAIN, default_timeout=120)
    for name, word in link.items():
        app.query_params[name] = word
    app.run()
    for name, word in link.items():
        app.query_params[name] = word
    return app.switch_page("views/phase_diagram.py").run()


def filled(app: AppTest) -> AppTest:
    """The browser would look again by itself; here each run is a look."""
    for _ in range(60):
        if not app.get("progress"):
            break
        sound(app.run())
    return app


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("plane", PLANES)
def test_every_plane_fills_in_every_language(plane: str, language: str) -> None:
    app = filled(sound(opened(lang=language, phase__plane=plane)))
    text, networks = Text(language), len(START.changed({"phase.plane": plane, **SMALL}).mapped().variations)
    assert app.header[0].value == text("page.phase_diagram.title")
    assert text("page.phase_diagram.finished", of=networks) in words(app)
    assert text("sentence.phase_diagram.waiting", count="|").split("|")[1] not in words(app)
    assert len(app.dataframe) == 1 and len(app.dataframe[0].value) == len(PLANES[plane].up.at("coarse"))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_another_cell_another_map(cell: str) -> None:
    app = filled(sound(opened(phase__cell=cell, seed="5")))
    assert EN("sentence.phase_diagram.no_theory") in words(app) or EN("sentence.phase_diagram.no_border") in words(app)
    keys = {slider.key for slider in app.slider}
    assert ("flow.experiment.cell.forget_bias.value" in keys) == (cell == "lstm")
    assert ("flow.update_bias" in keys) == (cell == "gru")


def test_another_colour_computes_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = filled(opened(seed="6"))
    before = app.dataframe[0].value
    monkeypatch.setattr(filling.interactive(), "submit", lambda *_: pytest.fail("nothing is to be computed"))
    app.segmented_control(key="flow.phase.colour").set_value("kept").run()
    sound(app)
    assert not app.get("progress") and not app.dataframe[0].value.equals(before)
    assert app.query_params["phase.colour"] == "kept"


def test_it_stops_and_goes_on() -> None:
    """At a length where the first look cannot see the whole map."""
    app = opened(phase__sequence_length="1000", phase__hidden_size="64", phase__cell="lstm", seed="7")
    app.button(key="phase.stop").click().run()
    sound(app)
    halfway = app.get("progress")[0].value
    assert app.button(key="phase.resume") and len(app.dataframe) == 1  # and what is there can be taken home
    app.run()
    assert app.get("progress")[0].value == halfway
    app.button(key="phase.resume").click().run()
    for _ in range(60):
        if not app.get("progress") or app.get("progress")[0].value > halfway:
            break
        app.run()
    else:
        pytest.fail("it does not go on")


def test_what_could_not_be_computed_is_said_and_the_rest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    lane, asked = filling.interactive(), []
    submit = lane.submit

    def refuse_the_first(key, request, owner):
        if owner.endswith(":phase") and (not asked or asked[0] == key):
            asked.append(key)
            ticket = submit(key, {**request, "needs": ["no such diagnostic"]}, owner)
            assert isinstance(ticket.result(30), Failure)
            return ticket
        return submit(key, request, owner)

    monkeypatch.setattr(lane, "submit", refuse_the_first)
    app = opened(seed="8")
    for _ in range(60):
        if "phase.resume" in {button.key for button in app.button}:
            break
        app.run()
    assert app.error[0].value.startswith(f"**{EN('error.title')}.**") and len(asked) == 1
    assert len(app.dataframe) == 1 and app.get("progress")[0].value < 100
    monkeypatch.setattr(lane, "submit", submit)
    app.button(key="phase.resume").click().run()
    assert not filled(app).error and not app.get("progress")  # and is tried again when asked to


def test_what_is_too_much_work_offers_what_fits() -> None:
    app = opened(phase__cell="lstm", phase__hidden_size="256", phase__sequence_length="1000")
    for _ in range(60):
        if "phase.resume" in {button.key for button in app.button}:
            break
        app.run()
    assert app.error[0].value.startswith(f"**{EN('error.title')}.**") and len(app.error) == 1
    offer = next(button for button in app.main.button if EN("parameter.sequence_length.label") in button.label)
    offer.click().run()
    assert 300 < int(app.query_params["phase.sequence_length"]) < 1000 and not sound(app).error


# — the record —


def page(**changes) -> GradientFlowPage:
    return START.changed({**SMALL, **{name.replace("__", "."): word for name, word in changes.items()}})


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
@pytest.mark.parametrize("plane", PLANES)
def test_to_stand_on_a_cell_is_to_be_that_network(plane: str, cell: str) -> None:
    """The front page then shows the very network of the map, so that one key serves both."""
    record = page(
        phase__plane=plane, phase__cell=cell, experiment__loss="every", experiment__cell__layers=2, update_bias=1.5
    )
    parameters = PLANES[plane]
    for (across, up), one in ((parameters.at(one), one) for one in record.mapped().experiments().values()):
        there = record.standing(parameters.words(across, up))
        assert there.one == one
        assert there.mark == parameters.words(across, up)
        assert there.phase == record.phase and there.view == record.view
        assert there.mapped() == record.mapped()


def test_the_gain_moves_the_mark_off_the_grid_and_another_task_ends_it() -> None:
    there = page().standing({"initializer.scale": "gain", "initializer.scale.gain": 1.5, "task.variance": 0.2})
    assert there.mark is not None
    moved = there.changed({"experiment.initializer.scale.gain": 1.537})
    assert moved.mark is not None and moved.mark["initializer.scale.gain"] == 1.537
    assert there.changed({"experiment.task": "adding"}).mark is None
    assert there.changed({"network.cell": "gru"}).mark is None
    assert START.mark is None


def test_the_gradient_at_the_mark_is_drawn_below() -> None:
    app = filled(opened())
    assert EN("page.phase_diagram.point_empty") in words(app)
    record = page().standing({"initializer.scale": "gain", "initializer.scale.gain": 1.5, "task.variance": 0.2})
    there = filled(sound(at(written(record, START))))
    assert EN("page.phase_diagram.point_empty") not in words(there)
    assert "In the tanh vanilla RNN" in words(there)
    assert EN("page.phase_diagram.open", page=EN("page.gradient_flow.title")) in [
        button.label for button in there.button
    ]


# — filling —


def test_a_part_is_small_enough_for_one_request_and_the_parts_are_the_map() -> None:
    for plane in PLANES:
        record = page(phase__plane=plane, phase__cell="lstm", phase__hidden_size=256, phase__sequence_length=300)
        study = record.mapped()
        plan = filling.plan(study, ("gradient_kept", "gradient_rate"))
        names = [name for part in plan.parts for name in part.experiments]
        assert names == list(study.experiments()) and plan.networks == len(names) and plan.key == study.key
        assert all(part.study.experiments() == part.experiments for part in plan.parts)
        assert all(len(part.experiments) <= filling.MOST for part in plan.parts)
        assert isinstance(plan.seconds, float) and plan.seconds > 0


def test_whoever_takes_one_run_home_can_tell_it_from_the_others() -> None:
    labels = labels_of(page().mapped(), EN)
    assert len(set(labels.values())) == len(labels) == 99
    assert labels["3-2"] == "Vanilla · tanh · gain = 1.1, variance = 0.4"
