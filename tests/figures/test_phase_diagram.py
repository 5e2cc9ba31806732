"""The phase diagram, where what it must show is known: each state of a cell, the border, and the line of theory."""

from __future__ import annotations

import base64
import math
import re

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from rnnviz import theory
from rnnviz.api import results_of
from rnnviz.choice import Word
from rnnviz.experiment import Experiment
from rnnviz.figures import Look, PhaseDiagram, Result
from rnnviz.figures.phase_frame import edges, with_mark
from rnnviz.figures.phase_map import Map, crossing, unfinished
from rnnviz.planes import BASE, PLANES
from rnnviz.text import LANGUAGES, Text

EN = Text()
SMALL = {"cell.hidden_size": 8, "task.sequence_length": 40}
STATES = ("value", "below", "zero", "diverged", "waiting", "failed")


def numbers(array: dict[str, str]) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(array["bdata"]), "<f4")
    return values.reshape([int(n) for n in array["shape"].split(", ")]) if "shape" in array else values


def made_up(experiment: Experiment, rate: float, kept: float | None = None, outcome: str = "completed") -> Result:
    """A network whose numbers are known: the same rate in all four examples."""
    decades = rate * experiment.task.sequence_length / math.log(10) if kept is None else kept
    data = {"gradient_rate": ("example", np.full(4, rate)), "gradient_kept": ((), decades)}
    attributes = {"outcome": outcome, "overflow_time": 7, "example": 0, "dtype": "float32"}
    return Result(experiment, xr.Dataset(data, attrs=attributes))


def known(rate_of, plane: str = "variance", **base: Word) -> dict[str, Result]:
    """A whole map whose λ₁ is a given function of its two parameters."""
    study = PhaseDiagram(plane=plane).study({**SMALL, **base}, "coarse")
    return {name: made_up(one, rate_of(*PLANES[plane].at(one))) for name, one in study.experiments().items()}


def mixed() -> dict[str, Result]:
    """One row with every state that a cell can have."""
    row = [BASE.changed(PLANES["variance"].words(round(0.5 + k / 10, 1), 0.2)) for k in range(6)]
    return {
        "value": made_up(row[0], 0.1), "below": made_up(row[1], -0.5, -60.0), "zero": made_up(row[2], -math.inf, -math.inf),
        "diverged": made_up(row[3], math.nan, math.nan, "diverged"),
        "waiting": unfinished(row[4], "waiting"), "failed": unfinished(row[5], "failed"),
    }  # fmt: skip


def test_a_cell_lies_where_its_parameters_say_and_shows_its_exponent():
    results = known(lambda g, s2: g - 1.25 - s2)
    drawn = PhaseDiagram()(results, EN, Look())
    cells = drawn["data"][0]
    x, y, z = (numbers(cells[axis]) for axis in "xyz")
    np.testing.assert_allclose(z, x[None] - 1.25 - y[:, None], atol=1e-6)
    assert (cells["zmin"], cells["zmax"]) == (-0.5, 0.5)  # zero in the middle of the colours
    assert "g = 1.5, s² = 0.2<br>λ<sub>1</sub> = 0.05" in cells["hovertext"][1][5]


def test_the_measured_border_is_the_zero_between_two_cells():
    found = Map(known(lambda g, s2: g - 1.25 - s2), PLANES["variance"], "exponent")
    np.testing.assert_allclose(found.borders()[:7], 1.25 + found.y[:7])
    assert np.isnan(found.borders()[7:]).all()  # beyond the last gain
    assert crossing(np.array([1.0, 2.0, 3.0]), np.array([-1.0, np.nan, 1.0])) != crossing(
        np.array([1.0, 2.0, 3.0]), np.array([-1.0, 3.0, 4.0])
    )
    assert math.isnan(crossing(np.array([1.0, 2.0, 3.0]), np.array([-1.0, np.nan, 1.0])))  # not across a gap


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_a_cell_looks_and_reads_differently(language):
    text = Text(language)
    drawn = PhaseDiagram(colour="kept")(mixed(), text, Look())
    hatched = {trace["name"]: trace["marker"]["pattern"]["shape"] for trace in drawn["data"] if trace["type"] == "bar"}
    assert len(hatched) == 5 and len(set(hatched.values())) == 5
    hovers = drawn["data"][0]["hovertext"][0]
    told = [hover.partition("<br>")[2] for hover in hovers]
    assert len(set(told)) == 6 and all(told)
    z = numbers(drawn["data"][0]["z"])[0]
    assert np.isfinite(z).tolist() == [True, True, False, False, False, False]
    go.Figure(drawn)
    # Of λ₁ a network below float32 is a value like any other: training would not see it, the exponent is exact.
    exponents = PhaseDiagram()(mixed(), text, Look())
    assert sum(trace["type"] == "bar" for trace in exponents["data"]) == 4


def test_a_hatch_covers_its_cell():
    study = PhaseDiagram(plane="size").study({}, "medium").experiments()
    results = {name: unfinished(one, "waiting") for name, one in study.items()}
    cells, bars = PhaseDiagram(plane="size")(results, EN, Look())["data"]
    x, y = edges(numbers(cells["x"])), edges(numbers(cells["y"]))
    left = numbers(bars["x"]) - numbers(bars["width"]) / 2
    assert {*left.round(4)} == {*np.float32(x[:-1]).round(4)}
    np.testing.assert_allclose(np.unique(numbers(bars["base"]).round(4)), y[:-1], atol=1e-4)


def test_the_sentence_counts_what_is_on_screen():
    results = known(lambda g, s2: g - 1.25 - s2)
    said = PhaseDiagram().reading(results, EN)
    values = np.array([g - 1.25 - s2 for g, s2 in (PLANES["variance"].at(one.experiment) for one in results.values())])
    sure = 1 / (5 / 8 * 40)  # no deviation in made-up numbers
    high, low = int((values > sure).sum()), int((values < -sure).sum())
    assert f"Of **{len(values)}** networks, gradients explode in **{high}** (λ₁ > 0) and vanish in **{low}**" in said
    assert f"{len(values) - high - low} are too close" in said
    assert "At s² = 0.6 the border lies at g = **1.85**; mean field says g = **1.73**" in said
    partly = {name: unfinished(one.experiment, "waiting") if name != "0-0" else one for name, one in results.items()}
    assert f"{len(results) - 1} are not computed yet" in PhaseDiagram().reading(partly, EN)
    none = {name: unfinished(one.experiment, "waiting") for name, one in results.items()}
    assert PhaseDiagram().reading(none, EN) == EN("sentence.phase_diagram.nothing", of=len(results))


def dashed(figure) -> list[dict]:
    return [trace for trace in figure["data"] if trace.get("line", {}).get("dash") == "dash"]


def test_the_critical_line_is_that_of_theory():
    (line,) = dashed(PhaseDiagram()(known(lambda g, s2: g - 1.25 - s2), EN, Look()))
    x, y = numbers(line["x"]), numbers(line["y"])
    for drive, critical in ((0.1, 1.40928), (0.25, 1.54967), (1.0, 1.85559)):  # NUMBERS.md row 21
        assert np.interp(drive, y, x) == pytest.approx(critical, abs=2e-4)
    assert "χ = g² E φ′² = 1" in line["name"]


def test_each_activation_has_the_critical_gain_of_its_own():
    (line,) = dashed(PhaseDiagram(plane="activation")(known(lambda g, phi: g - 1.0, "activation"), EN, Look()))
    strokes = dict(zip(numbers(line["y"])[0::3] + 0.5, numbers(line["x"])[0::3], strict=True))
    names = PLANES["activation"].up.values
    assert math.isnan(strokes[names.index("sigmoid")])  # row 23: never critical below 4
    for name in ("tanh", "relu", "identity"):
        assert strokes[names.index(name)] == pytest.approx(theory.critical_gain(name, 0.25), abs=2e-4)


@pytest.mark.parametrize(
    "base",
    [{"initializer": "orthogonal"}, {"cell": "lstm"}, {"cell": "gru"}, {"cell.layers": 2}, {"task.features": 1}],
    ids=str,
)
def test_no_line_is_drawn_where_no_theory_holds(base):
    results = known(lambda g, s2: g - 1.25 - s2, **base)
    results = {name: one for name, one in results.items() if one.experiment.task.kind == "noise"}
    assert not dashed(PhaseDiagram()(results, EN, Look()))
    assert EN("sentence.phase_diagram.no_theory") in PhaseDiagram().reading(results, EN)


def test_the_horizon_of_mean_field_stands_on_the_map_of_lengths():
    results = known(lambda size, length: -0.1, "size", **{"initializer.scale.gain": 1.3})
    (line,) = dashed(PhaseDiagram(plane="size", colour="kept")(results, EN, Look()))
    length = 10 ** float(numbers(line["y"])[0])
    growth = theory.mean_field_exponent("tanh", 1.3, 0.25)
    assert math.exp(length * growth) == pytest.approx(1e-3, rel=1e-4)
    assert not dashed(PhaseDiagram(plane="size")(results, EN, Look()))


def test_the_mark_is_a_cross_where_both_parameters_are_there_and_a_line_for_one():
    drawn = PhaseDiagram()(known(lambda g, s2: g - 1.0), EN, Look())

    def marked(**words: Word) -> set[tuple[str, float]]:
        one = BASE.changed({name.replace("__", "."): word for name, word in words.items()})
        shapes = with_mark(drawn, PLANES["variance"], one, Look())["layout"]["shapes"]
        return {(axis, shape[f"{axis}0"]) for shape in shapes for axis in "xy" if shape[f"{axis}ref"] == axis}

    assert marked(initializer__scale__gain=1.33) == {("x", 1.33), ("y", 0.25)}
    assert marked(task="adding", initializer__scale__gain=1.33) == {("x", 1.33)}
    assert marked(initializer__scale__gain=3.0) == {("y", 0.25)}  # beyond the map
    assert "shapes" not in drawn["layout"]


def test_a_real_map_finds_the_border_where_mean_field_puts_it():
    """Row 21 on the screen: near the border λ₁ lies within the rows' tolerance of .02 wherever the network is driven, so
    the border within .02 over the slope of λ₁ there. Without input a network of this size may fall into a cycle instead.
    """
    figure = PhaseDiagram()
    study = figure.study({"cell.hidden_size": 250, "task.sequence_length": 500}, "coarse")
    found = figure.map(results_of(study, figure.needs))
    assert not found.of_state("zero", "diverged", "waiting", "failed")
    for row, drive in list(enumerate(found.rows))[1:]:
        predicted = np.array([theory.mean_field_exponent("tanh", gain, drive) for gain in found.columns])
        near = np.abs(predicted) < 0.1  # further off, the 300 steps that count scatter by more
        np.testing.assert_allclose(found.values[row][near], predicted[near], atol=0.02)
        at = found.theory()[row]
        slope = np.interp(at, found.x[:-1] + 0.1, np.diff(predicted) / np.diff(found.x))
        assert found.borders()[row] == pytest.approx(at, abs=0.02 / slope)


def test_the_data_have_a_row_for_every_network():
    results = mixed()
    frame = PhaseDiagram().data(results)
    assert frame.curve.tolist() == list(results) and frame.gain.tolist() == [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert frame.outcome.tolist() == ["completed", "completed", "completed", "diverged", "waiting", "failed"]
    assert not re.search("[{}]", PhaseDiagram().table(results, EN).to_string())
    elsewhere = {"one": made_up(BASE.changed({"task": "adding"}), 0.1)}
    assert PhaseDiagram().reading(elsewhere, EN) == EN("sentence.phase_diagram.elsewhere")
    assert PhaseDiagram()(elsewhere, EN, Look())["data"] == [] and PhaseDiagram().data(elsewhere).empty
