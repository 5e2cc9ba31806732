"""The figures of the activation, where what they must show is known."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import activation_histogram, activation_slopes, activation_totals
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.experiment import Experiment
from rnnviz.figures import ActivationUse, Look, Result, Saturation
from rnnviz.figures.activation_use import fraction_in_words, place_for
from rnnviz.figures.saturation import top_of
from rnnviz.initializers import Gain, Gaussian, Orthogonal
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text

NEEDS = (activation_histogram, activation_slopes, activation_totals)


def result_of(cell, **rest) -> dict[str, Result]:
    made = Experiment(**{"task": Noise(sequence_length=40), "cell": cell, "batch_size": 4} | rest)
    return {"one": Result(made, diagnose(made, NEEDS))}


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")


@pytest.mark.parametrize(
    ("activation", "function", "slope"),
    [
        ("tanh", np.tanh, lambda a: 1 / np.cosh(a) ** 2),
        ("sigmoid", lambda a: 1 / (1 + np.exp(-a)), lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2),
        ("relu", lambda a: np.maximum(a, 0), lambda a: (a > 0) * 1.0),
    ],
)
def test_the_curves_are_phi_and_its_derivative_and_the_bars_make_up_all_values(activation, function, slope):
    """Bars that stand where φ' < 0.05 γ are of another colour than the rest; with the remainders all sum to 1."""
    shown = result_of(Elman(hidden_size=8, activation=activation), initializer=Orthogonal(scale=Gain(gain=0.9)))
    drawn = ActivationUse()(shown, Text(), Look())
    phi, phi_slope, live, flat = drawn["data"]
    a = numbers(phi["x"])
    assert numbers(phi["y"]) == pytest.approx(function(a), abs=1e-6)
    assert numbers(phi_slope["y"]) == pytest.approx(slope(a), abs=1e-6)
    totals = shown["one"].data["activation_totals"].sel(place="candidate").isel(layer=0)
    beyond = float(totals.sel(total=["below", "above"]).sum())
    assert numbers(live["y"]).sum() + numbers(flat["y"]).sum() + beyond == pytest.approx(1, abs=1e-5)
    gamma = {"tanh": 1.0, "sigmoid": 0.25, "relu": 1.0}[activation]
    assert (
        not numbers(flat["y"])[slope(a) >= 0.05 * gamma].any() and not numbers(live["y"])[slope(a) < 0.05 * gamma].any()
    )
    assert live["marker"]["color"] != flat["marker"]["color"]
    low, high = drawn["layout"]["xaxis"]["range"]
    assert high == -low == pytest.approx(float(totals.sel(total="reach")))


@pytest.mark.parametrize(("gain", "worth_saying"), [(2.0, True), (0.5, False)])
def test_what_no_bin_holds_is_said_at_the_end_of_the_axis(gain, worth_saying):
    """The reach holds 99 %, so up to 1 % is left; less than half a percent is not said. At gain 2 ReLU runs away."""
    shown = result_of(Elman(hidden_size=16, activation="relu"), initializer=Gaussian(scale=Gain(gain=gain)))
    totals = shown["one"].data["activation_totals"].sel(place="candidate").isel(layer=0)
    above = float(totals.sel(total="above"))
    assert (above >= 0.005) == worth_saying
    said = [note["text"] for note in ActivationUse()(shown, Text(), Look())["layout"]["annotations"]]
    assert (f"{fraction_in_words(above)} % ›" in said) == worth_saying


def test_relu_is_told_by_its_dead_units_and_tanh_by_both_ends():
    relu = ActivationUse().reading(result_of(GRU(hidden_size=4, activation="relu")), Text())
    tanh = ActivationUse().reading(result_of(GRU(hidden_size=4)), Text())
    assert "never switch on" in relu and "φ′ < 0.05 γ" in tanh and "γ = 1" in tanh
    assert "γ = 0.25" in ActivationUse().reading(result_of(Elman(hidden_size=4, activation="sigmoid")), Text())


def test_only_the_lstm_squashes_twice():
    assert [place_for(cell, "output") for cell in (LSTM(), GRU(), Elman())] == ["output", "candidate", "candidate"]
    shown = result_of(LSTM(hidden_size=4, forget_bias=5.0))
    candidate, output = (ActivationUse(place=place).data(shown) for place in ("candidate", "output"))
    assert not np.array_equal(candidate.fraction, output.fraction)
    assert "cell states" in ActivationUse(place="output").reading(shown, Text())


def test_every_layer_has_its_line_and_its_row():
    shown = result_of(LSTM(hidden_size=4, layers=3))
    drawn = Saturation()(shown, Text(), Look())["data"]
    slopes = shown["one"].data["activation_slopes"].sel(place="candidate")
    assert [line["yaxis"] for line in drawn] == ["y"] * 3 + ["y2"] * 3
    for line, expected in zip(drawn, [*slopes.values[1], *slopes.values[0]], strict=True):
        assert numbers(line["y"]) == pytest.approx(expected, abs=1e-6)
    assert len({line["line"]["dash"] for line in drawn[:3]}) == 3
    assert len(Saturation().table(shown, Text())) == 6 and len(ActivationUse().table(shown, Text())) == 6
    frame = Saturation().data(shown)
    assert frame.saturated.to_numpy() == pytest.approx(slopes.values[1].ravel())
    assert frame.layer.tolist() == [1] * 40 + [2] * 40 + [3] * 40


def test_the_worst_step_is_the_one_that_is_named():
    shown = result_of(Elman(hidden_size=16), initializer=Gaussian(scale=Gain(gain=3.0)))
    saturated = shown["one"].data["activation_slopes"].sel(of_slope="saturated", place="candidate").values[0]
    said = Saturation().reading(shown, Text())
    assert f"at step {int(np.argmax(saturated)) + 1}: **{fraction_in_words(saturated.max())}** %" in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figure", [ActivationUse, Saturation])
def test_a_run_that_overflowed_shows_what_came_before_and_one_without_a_step_says_so(figure, language):
    text = Text(language)
    wild = Gaussian(scale=Gain(gain=4.0))
    shown = result_of(Elman(hidden_size=64, activation="relu"), task=Noise(sequence_length=400), initializer=wild)
    assert shown["one"].data.attrs["outcome"] == "diverged"
    drawn = figure()(shown, text, Look())
    assert drawn["data"] and text("figure.overflow", time=shown["one"].data.attrs["overflow_time"]) in str(drawn)
    nothing = shown["one"].data.isel(place=slice(0), layer=slice(0), kept_time=slice(0))
    empty = {"one": Result(shown["one"].experiment, nothing)}
    assert figure()(empty, text, Look())["data"] == []
    assert figure().reading(empty, text) and figure().data(empty).empty and figure().table(empty, text).empty


def test_fractions_never_round_to_all_or_nothing():
    given = [0.0, 0.0000271, 0.042, 0.384, 0.9966, 1.0]
    assert [fraction_in_words(fraction) for fraction in given] == ["0", "0.0027", "4.2", "38", "99.7", "100"]
    assert fraction_in_words(0.99999) == "99.9"
    assert [top_of(np.array([most])) for most in (0.0, 0.1, 0.2, 0.6)] == [0.1, 0.1, 0.25, 1.0]
    assert math.isclose(top_of(np.empty(0)), 0.1)
