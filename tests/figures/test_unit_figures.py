"""The figures of one network's units, where what they must show is known."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest

from rnnviz.cells import CELLS, GRU, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.diagnostics.unit_activity import variables_of
from rnnviz.experiment import Experiment
from rnnviz.figures import GateProduct, GateRuler, Look, Result, UnitActivity, UnitSpread
from rnnviz.figures.gate_ruler import half_life_of, window_of
from rnnviz.figures.unit_activity import symmetric_reach
from rnnviz.figures.units import half_life, variable_for
from rnnviz.initializers import Gain, Gaussian, Orthogonal
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text

UNIT_FIGURES = (UnitActivity, UnitSpread, GateProduct, GateRuler)
NEEDS = [DIAGNOSTICS[name] for name in sorted({name for figure in UNIT_FIGURES for name in figure().needs})]


def result_of(cell, example=0, **rest) -> dict[str, Result]:
    made = Experiment(**{"task": Noise(sequence_length=40), "cell": cell, "batch_size": 4} | rest)
    return {"one": Result(made, diagnose(made, NEEDS, example=example))}


def held(bias: float) -> dict[str, Result]:
    """No recurrent weights and no input: the gate stays at σ(b)."""
    quiet = {"task": Noise(sequence_length=40, variance=0.0), "initializer": Orthogonal(scale=Gain(gain=0.0))}
    return result_of(LSTM(hidden_size=3, forget_bias=bias), dtype="float64", **quiet)


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")


def test_every_cells_variables_can_be_chosen():
    words = UnitActivity.parameters_declared()[0].domain.words
    for cell in CELLS:
        assert set(variables_of(cell())) <= set(words)
        assert all(variable_for(cell(), word) in variables_of(cell()) for word in words)
    assert (
        variable_for(GRU(), "forget_gate") == "update_gate" and variable_for(Elman(), "forget_gate") == "hidden_state"
    )


def test_the_ruler_of_gates_and_time_constants():
    """Row 6: σ(3) = 0.952574, and ln ½ / ln f = 14.27; 1/(1 − f) = 1 + e³ = 21.086. Bias 6 by mistake: 279.98."""
    assert half_life(math.log(0.9525741268)) == pytest.approx(14.26600, abs=1e-4)
    biases = np.array([0.0, 3.0, 6.0])
    assert half_life_of(biases) == pytest.approx([1.0, 14.26600, 279.9820], rel=1e-5)
    assert window_of(biases) == pytest.approx([2.0, 21.085537, 404.428793])
    said = GateRuler().reading(held(3.0), Text())
    assert "**0.9526**" in said and "**14.3** steps" in said and "**21.1** steps" in said
    *_, mean = GateRuler()(held(3.0), Text(), Look())["data"]
    assert numbers(mean["x"]) == pytest.approx([3.0], abs=1e-6) and mean["marker"]["symbol"] == "diamond"
    assert numbers(mean["y"]) == pytest.approx([math.log10(14.26600)], abs=1e-6)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_warning_about_two_biases_quotes_true_numbers(language):
    said = Text(language)("page.gates.two_biases")
    assert all(number in said for number in ("0.9526", "14.3", "0.9975", "280"))


def test_the_product_is_drawn_beside_the_true_gradient_and_differs_from_it():
    """Row 6: f = σ(3) held for 40 steps. With no recurrent weights c→c is the only path back: the true norm is f^40
    times √(1 + (o φ'(c))²), since h_T hangs on c_T; with recurrent weights the two part ways."""
    view, results = GateProduct(), held(3.0)
    curves = view.curves(results["one"])
    for name in ("low", "median", "high", "largest"):
        assert curves[name][-1] == pytest.approx(40 * math.log10(0.9525741268), abs=1e-8)
    assert curves["true"][-1] - curves["median"][-1] == pytest.approx(
        0.5 * math.log10(1 + 0.25), abs=1e-3
    )  # o = ½, c ≈ 0
    names = [trace.get("name") for trace in view(results, Text(), Look())["data"]]
    assert names[-3:] == ["∏ f, median unit", "∏ f, slowest unit", Text()("figure.gate_product.true")]
    assert "one path only" in Text()("page.gates.one_path")
    assert "∏ z" in view.reading(result_of(GRU(hidden_size=3, update_bias=2.0)), Text())


def test_units_are_sorted_by_time_constant_slowest_above():
    results = result_of(LSTM(hidden_size=9), initializer=Gaussian(scale=Gain(gain=2.0)))
    kept = results["one"].data["keeping_gate"].sel(mean="mean_log").values[0]
    _, order = UnitActivity().rows(results["one"])
    assert (np.diff(kept[order - 1]) >= 0).all()  # the last row of a heat map is drawn above
    assert UnitActivity(order="unit").rows(results["one"])[1].tolist() == [*range(9, 0, -1)]
    (drawn,) = UnitActivity()(results, Text(), Look())["data"]
    assert drawn["z"]["shape"] == "9, 40" and (drawn["zmin"], drawn["zmax"]) == (0, 1)
    assert [int(unit) for unit in drawn["y"]] == order.tolist()


def test_a_state_has_a_scale_that_is_symmetric_about_zero():
    (drawn,) = UnitActivity(variable="cell_state")(result_of(LSTM(hidden_size=4)), Text(), Look())["data"]
    assert drawn["zmin"] == -drawn["zmax"] and drawn["colorscale"][1] == [0.5, Look().paper]
    assert symmetric_reach(np.array([-0.9, 0.3])) == 1.0 and symmetric_reach(np.zeros(3)) == 1.0
    assert (
        1 < symmetric_reach(np.array([*np.linspace(0, 2, 1000), 1e30])) < 2.1
    )  # one runaway does not grey out the rest


def test_a_heat_map_stays_small_and_says_what_it_left_out():
    results = result_of(Elman(hidden_size=150), task=Noise(sequence_length=1200), batch_size=1)
    drawn = UnitActivity()(results, Text(), Look())
    assert len(drawn["data"][0]["z"]["bdata"]) < 700_000 and drawn["data"][0]["z"]["shape"] == "128, 1000"
    assert "128 of 150 units · 1000 of 1200 steps" in drawn["layout"]["title"]["subtitle"]["text"]
    assert (
        "shown"
        not in UnitActivity()(result_of(LSTM(hidden_size=4)), Text(), Look())["layout"]["title"]["subtitle"]["text"]
    )


def test_the_example_is_the_one_that_was_asked_for():
    first, third = (result_of(LSTM(hidden_size=4), example=k) for k in (0, 2))
    assert "example 3" in UnitSpread()(third, Text(), Look())["layout"]["title"]["subtitle"]["text"]
    assert not np.array_equal(UnitActivity().data(first).value, UnitActivity().data(third).value)


@pytest.mark.parametrize("figure", UNIT_FIGURES)
def test_a_network_that_overflowed_at_once_is_said_and_not_drawn(figure):
    wild = Gaussian(scale=Gain(gain=4.0))
    results = result_of(Elman(hidden_size=64, activation="identity"), task=Noise(sequence_length=400), initializer=wild)
    assert results["one"].data.attrs["outcome"] == "diverged"
    assert "overflow" in figure()(results, Text(), Look())["layout"]["title"]["subtitle"]["text"]
    empty = {
        "one": Result(
            results["one"].experiment,
            results["one"].data.isel(layer=slice(0), kept_time=slice(0), kept_unit=slice(0), lag=slice(0)),
        )
    }
    figure()(empty, Text(), Look())
    assert figure().reading(empty, Text()) and figure().data(empty).empty


@pytest.mark.parametrize("figure", UNIT_FIGURES)
def test_a_cell_without_a_keeping_gate_is_told_so_and_still_drawn(figure):
    results = result_of(Elman(hidden_size=4))
    assert figure()(results, Text(), Look())["data"]
    if figure in (GateProduct, GateRuler):
        assert "no gate" in figure().reading(results, Text())
