"""The gradient by layer, where what it must show is known."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.experiment import Experiment, LossAtStep
from rnnviz.figures import LayerGradient, Look, Result
from rnnviz.figures.layer_gradient import way
from rnnviz.initializers import Gain, Gaussian, Orthogonal
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text

EN = Text()


def result_of(cell, **rest) -> dict[str, Result]:
    made = Experiment(**{"task": Noise(sequence_length=41), "cell": cell, "batch_size": 4} | rest)
    return {"one": Result(made, diagnose(made, [DIAGNOSTICS["layer_gradient"]]))}


def quiet(gain: float) -> dict[str, Result]:
    """Units of tanh that stay at 0: W_hh = g·Q is all there is, so the top layer keeps g^40 exactly."""
    still = {"task": Noise(sequence_length=41, variance=0.0), "initializer": Orthogonal(scale=Gain(gain=gain))}
    return result_of(Elman(hidden_size=6, layers=2), dtype="float64", **still)


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")


def test_the_top_layer_of_a_quiet_network_keeps_the_gain_to_the_power_of_the_steps():
    ways = LayerGradient().ways(quiet(0.5)["one"])
    assert list(ways) == [2, 1]
    assert ways[2].kept == pytest.approx(40 * np.log10(0.5), abs=1e-9) and ways[2].steps == 40
    assert "layer 2 keeps **10⁻¹²** of its gradient over 40 steps" in LayerGradient().reading(quiet(0.5), EN)
    assert "layer 2's gradient grows **10¹²**-fold over 40 steps" in LayerGradient().reading(quiet(2.0), EN)


def test_the_layer_below_gathers_from_above_at_every_step():
    """∂ℓ/∂h⁽¹⁾_t = Σ_k (W⁽¹⁾ᵀ)^k W_ihᵀ (W⁽²⁾ᵀ)^(…): T − t + 1 paths; at g = 1 the top stays and this grows."""
    ways = LayerGradient().ways(quiet(1.0)["one"])
    assert ways[2].kept == pytest.approx(0.0, abs=1e-9)
    assert ways[1].kept > 0.3


def test_a_curve_for_each_layer_the_top_one_first_and_full():
    drawn = LayerGradient()(result_of(LSTM(hidden_size=3, layers=4)), EN, Look())
    lines = [trace for trace in drawn["data"] if trace.get("showlegend")]
    assert [line["name"] for line in lines] == ["layer 4", "layer 3", "layer 2", "layer 1"]
    assert [line["line"]["dash"] for line in lines] == ["solid", "dash", "dot", "dashdot"]
    low, high = drawn["layout"]["yaxis"]["range"]
    for trace in drawn["data"]:  # bands too
        y = numbers(trace["y"])
        assert low < np.nanmin(y) and np.nanmax(y) < high


def test_at_the_loss_a_lower_layer_has_no_part_of_the_whole_state():
    results = result_of(GRU(hidden_size=3, layers=2))
    ways = LayerGradient(part="state").ways(results["one"])
    assert ways[2].steps == 40 and ways[1].steps == 39
    _, _, below = (trace for trace in LayerGradient(part="state")(results, EN, Look())["data"][3:])
    assert np.isnan(numbers(below["y"])[-1]) and np.isfinite(numbers(below["y"])[-2])


def test_a_cell_without_a_cell_state_shows_its_hidden_state():
    results = result_of(GRU(hidden_size=3, layers=2))
    assert LayerGradient(part="cell_state").data(results).equals(LayerGradient().data(results))
    assert "<i>h</i>" in str(LayerGradient(part="cell_state")(results, EN, Look())["layout"]["annotations"])


def test_the_way_begins_where_the_loss_is():
    ways = LayerGradient().ways(result_of(LSTM(hidden_size=3, layers=2), loss=LossAtStep(step=11))["one"])
    assert ways[1].steps == ways[2].steps == 10
    assert way(np.full(3, -np.inf)) is None and way(np.array([-np.inf, -2.0, 0.0])).kept == -np.inf


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_layer_that_no_gradient_reaches_is_said(language):
    """ReLU without recurrent weights or input: every unit is off, but for the readout's gradient at the top."""
    dead = result_of(
        Elman(hidden_size=4, layers=2, activation="relu"), task=Noise(sequence_length=9, variance=0.0),
        initializer=Orthogonal(scale=Gain(gain=0.0)),
    )  # fmt: skip
    text = Text(language)
    assert text("sentence.layer_gradient.none", curve=text("sentence.curve", cell=text("option.cell.elman.inline"),
                activation="ReLU"), layer=1) in LayerGradient().reading(dead, text)  # fmt: skip
    assert len(LayerGradient().table(dead, text)) == 2


def test_an_overflow_before_the_loss_is_said_and_not_drawn():
    wild = result_of(
        Elman(hidden_size=64, layers=2, activation="identity"), task=Noise(sequence_length=400),
        initializer=Gaussian(scale=Gain(gain=4.0)),
    )  # fmt: skip
    assert not LayerGradient()(wild, EN, Look())["data"]
    assert "overflowed" in LayerGradient().reading(wild, EN)
    assert LayerGradient().table(wild, EN).empty and LayerGradient().data(wild).empty


def test_data_has_a_row_for_every_layer_and_step():
    data = LayerGradient().data(result_of(LSTM(hidden_size=3, layers=3)))
    assert len(data) == 3 * 41 and list(data.columns[-3:]) == ["log10_low", "log10_median", "log10_high"]
    assert (data.log10_low <= data.log10_median).all() and (data.log10_median <= data.log10_high).all()
