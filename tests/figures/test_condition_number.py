"""The condition number as a curve, where it is known: 1 for rotations, a power for a diagonal W, ∞ behind a dead ReLU."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest

from rnnviz.cells import Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.experiment import Experiment
from rnnviz.figures import ConditionNumber, Look, Result
from rnnviz.figures.condition_number import before_infinity, of_spectrum
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.precision import PRECISIONS
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text

every_language = pytest.mark.parametrize("language", LANGUAGES)


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")


def computed(cell: Elman, **rest) -> dict[str, Result]:
    made = Experiment(**{"task": Noise(sequence_length=40), "cell": cell, "batch_size": 1, "dtype": "float64"} | rest)
    return {"one": Result(made, diagnose(made, [DIAGNOSTICS["singular_spectrum"]]))}


def with_spectrum(logs: list[list[float]]) -> dict[str, Result]:
    """A real result, whose singular values are these."""
    results = computed(Elman(hidden_size=len(logs[0])), task=Noise(sequence_length=len(logs) - 1))
    experiment, data = results["one"]
    return {"one": Result(experiment, data.assign(singular_spectrum=(("kept_lag", "singular"), np.array(logs))))}


def test_a_rotation_keeps_every_direction_alike():
    results = computed(Elman(hidden_size=6, activation="identity"), initializer=Orthogonal(scale=Gain(gain=0.9)))
    _, condition = ConditionNumber().curve(results["one"])
    assert condition == pytest.approx(np.zeros(41), abs=1e-12)  # NUMBERS row 1: every σ is g^lag
    assert "keeps **1** times what the worst" in ConditionNumber().reading(results, Text())


def test_it_is_infinite_where_a_direction_is_lost_and_says_from_where():
    results = with_spectrum([[0.0, 0.0], [-1.0, -4.0], [-2.0, -math.inf], [-math.inf, -math.inf]])
    assert of_spectrum(results["one"].data["singular_spectrum"].values).tolist() == [0.0, 3.0, math.inf, math.inf]
    drawn = ConditionNumber()(results, Text(), Look())
    (field,) = [one for one in drawn["layout"]["shapes"] if one["type"] == "rect"]
    assert (field["x0"], field["x1"]) == (2, 3) and "∞" in [note["text"] for note in drawn["layout"]["annotations"]]
    line, mark = drawn["data"]
    assert np.isnan(numbers(line["y"])[2:]).all() and numbers(mark["y"]).tolist() == [3.0]
    assert "**∞** from lag 2 on" in ConditionNumber().reading(results, Text())
    assert ConditionNumber().table(results, Text())[Text()("table.condition")].tolist() == ["1", "1000", "∞", "∞"]
    assert ConditionNumber().data(results).log10_condition_number.tolist() == [0.0, 3.0, math.inf, math.inf]


def test_the_last_finite_place_before_infinity():
    assert before_infinity(np.array([0.0, 1.0, math.inf])) == 1
    assert before_infinity(np.array([0.0, 1.0])) is None and before_infinity(np.array([math.inf])) is None
    assert of_spectrum(np.empty((0, 0))).size == 0


def test_a_dead_relu_has_no_condition_number():
    results = computed(Elman(hidden_size=8, activation="relu"))
    _, condition = ConditionNumber().curve(results["one"])
    assert np.isposinf(condition[-1]) and condition[0] == 0


@every_language
def test_the_roundoff_of_the_formats_that_are_chosen_is_marked(language):
    text, results = Text(language), with_spectrum([[0.0, 0.0], [-1.0, -9.0], [-1.0, -19.0]])

    def marks(precisions: str) -> dict[str, float]:
        layout = ConditionNumber(precisions=precisions)(results, text, Look(dark=True))["layout"]
        words = {text("figure.condition_number.roundoff", dtype=name): name for name in PRECISIONS}
        assert all(one["type"] == "line" for one in layout["shapes"])  # no field of infinity where there is none
        return {words[note["text"]]: note["y"] for note in layout["annotations"]}

    assert marks("none") == {}
    assert marks("all") == {name: -one.roundoff for name, one in PRECISIONS.items()}
    assert ConditionNumber().needs == ("singular_spectrum",)
    said = ConditionNumber().reading(results, text)
    assert "float16" in said and "float64" in said and "{" not in said


@every_language
def test_a_run_that_overflowed_at_its_first_step_says_so(language):
    wild = {"initializer": Orthogonal(scale=Gain(gain=4.0)), "task": Noise(sequence_length=800)}
    results = computed(Elman(hidden_size=2, activation="identity"), dtype="float32", **wild)
    assert results["one"].data.attrs["outcome"] == "diverged"
    figure = ConditionNumber()
    assert figure.reading(results, Text(language)) and figure(results, Text(language), Look())["layout"]
