"""The time cursor: a line where the chosen step is, in every figure over time or lags, and the way back from a click."""

from __future__ import annotations

from copy import deepcopy

import plotly.graph_objects as go
import pytest

from rnnviz.cells import LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose, diagnose_study
from rnnviz.experiment import Experiment, comparison
from rnnviz.figures import (
    FIGURES,
    ActivationUse,
    BpttMap,
    ConditionNumber,
    GateProduct,
    GateRuler,
    GradientFlow,
    HeatMap,
    JacobianPaths,
    Look,
    LyapunovSpectrum,
    ParallelCoordinates,
    PhaseDiagram,
    Result,
    SingularSpectrum,
    StepEigenvalues,
    StepNorms,
    TruncationBias,
    UnitActivity,
    UnitSpread,
    units,
)
from rnnviz.figures.cursor import label, time_at, with_cursor
from rnnviz.initializers import Gain, Gaussian
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text

T = 30
EN = Text()
ONE = Experiment(task=Noise(sequence_length=T), cell=LSTM(hidden_size=3), batch_size=2)
RESULTS = {"one": Result(ONE, diagnose(ONE, DIAGNOSTICS.values()))}
STILL = (
    GateRuler,
    ActivationUse,
    StepEigenvalues,
    TruncationBias,
    LyapunovSpectrum,
    ParallelCoordinates,
    HeatMap,
    PhaseDiagram,
)  # whose axes count no steps
LAGS = (GateProduct, JacobianPaths, SingularSpectrum, ConditionNumber)


def places(figure) -> set[float]:
    """Where the vertical lines are; floors of the dtypes are horizontal."""
    return {shape["x0"] for shape in figure["layout"].get("shapes", ()) if shape["x0"] == shape["x1"]}


def rows(figure) -> set[float]:
    """Where the level lines over a map are; marks of the precisions are beside its row."""
    return {shape["y0"] for shape in figure["layout"]["shapes"] if shape["y0"] == shape["y1"] and shape["yref"] == "y"}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_every_figure_takes_the_line_and_stays_a_figure_that_plotly_knows(figure, language, dark):
    text, look = Text(language), Look(dark)
    drawn = figure()(RESULTS, text, look)
    before = deepcopy(drawn)
    marked = with_cursor(drawn, RESULTS, 12, text, look)
    assert drawn == before, "the figure itself is left alone"
    go.Figure(marked)
    if figure is BpttMap:
        assert rows(marked) == {12} and not places(marked)
    else:
        assert places(marked) == (set() if figure in STILL else {T - 12} if figure in LAGS else {12})
    if figure not in STILL:
        assert [note["text"] for note in marked["layout"]["annotations"]].count("t = 12") == 1


def test_a_lag_is_counted_from_the_last_step():
    drawn = GradientFlow(quantity="jacobian")(RESULTS, EN, Look())
    assert places(with_cursor(drawn, RESULTS, T, EN, Look())) == {0}
    assert places(with_cursor(drawn, RESULTS, 1, EN, Look())) == {T - 1}


def test_only_the_panel_that_is_over_time_has_the_line():
    marked = with_cursor(StepNorms()(RESULTS, EN, Look()), RESULTS, 12, EN, Look())
    upright = [shape for shape in marked["layout"]["shapes"] if shape["x0"] == shape["x1"]]
    assert {shape["xref"] for shape in upright} == {"x"}


def test_a_step_beyond_the_end_means_the_last():
    assert places(with_cursor(UnitActivity()(RESULTS, EN, Look()), RESULTS, 10_000, EN, Look())) == {T}


@pytest.mark.parametrize("view", [UnitActivity(), GradientFlow(), GateProduct(), GradientFlow(quantity="jacobian")])
def test_a_click_on_the_line_is_a_click_on_its_step(view):
    drawn = view(RESULTS, EN, Look())
    for time in (1, 12, T):
        (place,) = places(with_cursor(drawn, RESULTS, time, EN, Look()))
        assert time_at(drawn, RESULTS, place, EN) == time
    assert time_at(drawn, RESULTS, -5.0, EN) in (1, T) and time_at(drawn, RESULTS, 1e6, EN) in (1, T)
    assert time_at(BpttMap()(RESULTS, EN, Look()), RESULTS, 3.0, EN, 17.0) == 17
    assert time_at(GateRuler()(RESULTS, EN, Look()), RESULTS, 3.0, EN) is None


def test_every_panel_of_a_grid_and_both_halves_of_the_spread_have_the_line():
    base = Experiment(task=Noise(sequence_length=T), cell=Elman(hidden_size=2), batch_size=2)
    study = comparison(base)
    data = diagnose_study(study, [DIAGNOSTICS["gradient_flow"]])
    nine = {name: Result(experiment, data[name]) for name, experiment in study.experiments().items()}
    grid = with_cursor(GradientFlow(arrangement="grid")(nine, EN, Look()), nine, 7, EN, Look())["layout"]
    lines = {(shape["xref"], shape["yref"]) for shape in grid["shapes"] if shape["x0"] == shape["x1"] == 7}
    assert len(lines) == 9
    assert not [note for note in grid["annotations"] if note["text"] == "t = 7"]  # no room between the ticks' numbers
    spread = with_cursor(UnitSpread()(RESULTS, EN, Look()), RESULTS, 7, EN, Look())["layout"]["shapes"]
    assert {shape["yref"] for shape in spread} == {"y domain", "y2 domain"}


def test_a_network_that_overflowed_ends_before_its_overflow():
    made = Experiment(
        task=Noise(sequence_length=400), cell=Elman(hidden_size=64, activation="identity"), batch_size=1,
        initializer=Gaussian(scale=Gain(gain=4.0)),
    )  # fmt: skip
    result = Result(made, diagnose(made, [DIAGNOSTICS["unit_spread"]]))
    last = units.last_step(result)
    assert last == result.data["kept_time"].values[-1] < 400
    drawn = UnitSpread()({"one": result}, EN, Look())
    assert places(with_cursor(drawn, {"one": result}, 390, EN, Look())) == {last}
    empty = {"data": [], "layout": drawn["layout"]}
    assert with_cursor(empty, {"one": result}, 5, EN, Look()) is empty


@pytest.mark.parametrize(("time", "side"), [(1, "center"), (4, "left"), (50, "center"), (97, "right"), (100, "center")])
def test_the_label_leads_away_from_the_first_and_the_last_tick(time, side):
    assert label(time, 100, ("x", "y"), 0.0, "t", Look())["xanchor"] == side
