"""Many runs as lines and as a map: places, colours and cells from numbers that are known; both languages, light and dark."""

from __future__ import annotations

import base64
import math
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

import rnnviz
from rnnviz.api import results_of
from rnnviz.cells import LSTM, Elman
from rnnviz.experiment import Experiment, grid, together
from rnnviz.figures import HeatMap, Look, ParallelCoordinates, Result, Results
from rnnviz.figures.many_runs import measured, places_of, spaced, varying
from rnnviz.figures.parallel_coordinates import MISSING, SPREAD
from rnnviz.tasks import Adding
from rnnviz.text import LANGUAGES, Text
from rnnviz.training import Training

EN = Text()
BASE = Experiment(task=Adding(sequence_length=6), cell=Elman(hidden_size=3), batch_size=2)
BOTH = (ParallelCoordinates, HeatMap)
every_figure = pytest.mark.parametrize("figure", BOTH, ids=lambda figure: figure.__name__)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def kept(experiments: list[Experiment], decades: list[float], **about: str) -> Results:
    """Runs whose gradient kept is as given."""
    return {
        str(k): Result(one, xr.Dataset({"gradient_kept": value}, attrs={"example": 0, **about}))
        for k, (one, value) in enumerate(zip(experiments, decades, strict=True))
    }


GRID = grid(BASE, {"cell": ["elman", "lstm"], "initializer.scale.gain": [0.5, 1.0, 2.0]})
RESULTS = kept(GRID, [-6.0, -3.0, 0.0, -math.inf, math.nan, -1.0])


def numbers(packed: dict[str, str]) -> np.ndarray:
    found = np.frombuffer(base64.b64decode(packed["bdata"]), "<f4")
    return found.reshape([int(size) for size in packed["shape"].split(",")]) if "shape" in packed else found


@every_figure
@every_language
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_drawn_and_plotly_knows_it(figure, language, dark):
    text = Text(language)
    drawn = figure()(RESULTS, text, Look(dark))
    go.Figure(drawn)
    assert drawn["data"] and drawn["layout"]["paper_bgcolor"] == Look(dark).paper
    assert text("option.measure.gradient_kept.label") in drawn["layout"]["title"]["text"]
    assert "**6**" in figure().reading(RESULTS, text) and len(figure().table(RESULTS, text)) == 6


def test_what_varies_is_an_axis_and_nothing_else():
    assert varying(RESULTS) == ["cell", "initializer.scale.gain"]  # and not the forget bias, which only the LSTM has
    seeds = kept(grid(BASE, {"seed": [0, 1], "batch_size": [2, 3]}), [0.0] * 4)
    assert varying(seeds) == ["batch_size"]
    assert varying(kept(grid(BASE, {"seed": [0, 1]}), [0.0] * 2)) == ["seed"]
    assert varying(kept([BASE], [0.0])) == []


def test_a_line_passes_each_axis_at_its_value_and_ends_at_what_came_out():
    lines = [numbers(trace["y"]) for trace in ParallelCoordinates()(RESULTS, EN, Look())["data"]]
    near = pytest.approx
    for line, (cell, gain) in zip(lines, [(c, g) for c in (0, 1) for g in (0, 1 / 3, 1)], strict=True):
        assert line[0] == near(cell, abs=SPREAD) and line[1] == near(gain, abs=SPREAD)
    ends = [line[2] for line in lines]
    assert ends == near([0.0, 0.5, 1.0, MISSING, MISSING, 5 / 6], abs=1e-6)  # −6 … 0 decades; zero and none below
    colours = [trace["line"]["color"] for trace in ParallelCoordinates()(RESULTS, EN, Look())["data"]]
    assert colours[0] == Look().colour("lstm") and colours[2] == Look().colour("elman")  # blue least, orange most
    assert colours[3] == colours[4] == Look().muted


def test_runs_of_one_value_stand_beside_each_other_in_the_order_of_what_came_out():
    lines = [numbers(trace["y"]) for trace in ParallelCoordinates()(RESULTS, EN, Look())["data"]]
    assert lines[0][0] < lines[1][0] < lines[2][0]


@every_language
def test_the_pointer_names_the_run_and_its_setting(language):
    text = Text(language)
    titled = {**RESULTS, "0": Result(GRID[0], RESULTS["0"].data.assign_attrs(title="<i>mine</i> {x}"))}
    first = ParallelCoordinates()(titled, text, Look())["data"][0]["hovertext"]
    assert first.startswith("<b>&lt;i&gt;mine&lt;/i&gt; {x}</b><br>")
    assert f"{text('parameter.gain.label')}: 0.5" in first and f"{text('parameter.cell.label')}: " in first
    cells = HeatMap()(titled, text, Look())["data"][0]["hovertext"]
    assert "&lt;i&gt;mine" in cells[0][0] and "#1" in cells[1][0]


def test_a_cell_is_the_median_of_its_runs_and_the_pointer_counts_those_it_has_no_room_for():
    experiments = grid(BASE, {"initializer.scale.gain": [0.5, 2.0], "seed": list(range(8))})
    drawn = HeatMap()(kept(experiments, [*(-float(k) for k in range(8)), *([-5.0] * 8)]), EN, Look())
    assert numbers(drawn["data"][0]["z"]).ravel() == pytest.approx([-4.0, -5.0])  # the lower of the two in the middle
    assert drawn["data"][0]["hovertext"][0][0].endswith("and 2 more")
    assert drawn["data"][1]["text"] == ["10<sup>−4</sup>", "10<sup>−5</sup>"]


def test_the_map_is_over_the_two_parameters_that_were_asked_for():
    many = kept(
        grid(BASE, {"cell": ["elman", "gru"], "batch_size": [2, 3, 4], "task.sequence_length": [5, 6]}), [0.0] * 12
    )
    assert varying(many) == ["task.sequence_length", "cell", "batch_size"]
    drawn = HeatMap(across=3, down=2)(many, EN, Look())
    assert drawn["layout"]["xaxis"]["title"]["text"] == EN("parameter.batch_size.label")
    assert drawn["layout"]["yaxis"]["title"]["text"] == EN("parameter.cell.label")
    assert numbers(drawn["data"][0]["z"]).shape == (2, 3)
    same = HeatMap(across=2, down=2)(many, EN, Look())  # never the same twice
    assert same["layout"]["yaxis"]["title"]["text"] == EN("parameter.sequence_length.label")


@every_figure
@every_language
def test_without_anything_that_varies_there_is_a_sentence(figure, language):
    results, text = kept([BASE], [0.0]), Text(language)
    assert figure()(results, text, Look())["data"] == []
    assert figure().reading(results, text) == text("sentence.many_runs.nothing_varies")


def test_what_is_said_is_most_and_least_and_what_is_missing():
    said = ParallelCoordinates().reading(RESULTS, EN)
    assert "most in #2 (Cell = Vanilla RNN, Gain g = 2), **1**" in said
    assert "least in #0 (Cell = Vanilla RNN, Gain g = 0.5), **10⁻⁶**" in said
    assert "In 1 of them it is exactly zero." in said and "1 of them have no such number" in said


def test_numbers_of_trainings_are_means_over_the_last_tenth():
    log = {"loss": ("update", np.array([9.0] * 18 + [0.1, 0.3])), "accuracy": ("update", np.linspace(0, 1, 20))}
    run = Result(BASE.changed({"training": "training"}), xr.Dataset(log))
    assert measured(run, "loss") == pytest.approx(math.log10(0.2))
    assert measured(run, "accuracy") == pytest.approx((18 / 19 + 1) / 2)
    assert math.isnan(measured(run, "gradient_kept")) and math.isnan(measured(run, "gradient_norm"))


def test_numbers_stand_in_proportion_and_words_at_equal_distances():
    assert places_of([10, 100, 1000], log=True) == pytest.approx([0, 0.5, 1])
    assert places_of([0.5, 1.0, 2.0], log=False) == pytest.approx([0, 1 / 3, 1])
    assert places_of(["a", "b", "c"], log=False) == [0, 0.5, 1] and places_of([3], log=False) == [0.5]
    crowded = [(k / 100, str(k)) for k in range(101)]
    shown = spaced(crowded)
    assert shown[0] == crowded[0] and shown[-1] == crowded[-1] and len(shown) <= 8
    assert all(b[0] - a[0] >= 0.13 for a, b in pairwise(shown))


def test_a_figure_of_trainings_trains_for_itself_and_is_drawn_from_a_notebook():
    trained = BASE.changed({"training": "training", "training.updates": 3})
    study = together({"a": trained, "b": trained.changed({"batch_size": 3})})
    assert isinstance(study.base.training, Training)
    view = HeatMap(measure="loss")
    drawn = rnnviz.draw(view, study)
    assert drawn.to_json() == rnnviz.draw(view, results_of(study, view.needs)).to_json()


def test_any_experiments_are_one_study():
    made = {"a": BASE, "b": BASE.changed({"cell": "lstm", "cell.forget_bias.value": 2.0}),
            "c": BASE.changed({"task": "recall", "initializer": "identity", "training": "training"}),
            "d": Experiment(cell=LSTM(), seed=3)}  # fmt: skip
    assert together(made).experiments() == made
    assert together(dict(reversed(made.items()))).experiments() == made
