"""The precision lens: marks where the formats lose a gradient, and the backward pass that was really run in one."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest

from rnnviz.cells import LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.experiment import Experiment
from rnnviz.figures import (
    BpttMap,
    GateProduct,
    GradientFlow,
    JacobianPaths,
    LayerGradient,
    Look,
    Result,
    SingularSpectrum,
    lens,
    rounded,
)
from rnnviz.figures.lens import Lost
from rnnviz.initializers import Gain, Identity, PyTorchDefault
from rnnviz.precision import PRECISIONS
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text

every_language = pytest.mark.parametrize("language", LANGUAGES)


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")


def computed(figure, cell=None, length=120, **rest) -> dict[str, Result]:
    made = Experiment(
        cell=cell or LSTM(hidden_size=4), batch_size=3, dtype="float64",
        **({"initializer": PyTorchDefault(), "task": Noise(sequence_length=length)} | rest),
    )  # fmt: skip
    return {"one": Result(made, diagnose(made, [DIAGNOSTICS[name] for name in figure.needs]))}


def halving(length: int = 200) -> dict[str, Result]:
    """h_t = ½ h_{t−1} of one unit: the gradient is a power of two times where it starts."""
    cell = Elman(hidden_size=1, activation="identity")
    return computed(GradientFlow(backward="float16"), cell, length, initializer=Identity(scale=Gain(gain=0.5)))


# — where it is lost —


def test_powers_of_a_half_are_lost_where_row_14_says():
    """NUMBERS row 14 gives the last lag that is normal, and the last that is not zero: 14 / 24 and 126 / 149."""
    curve = -np.arange(1100) * math.log10(2.0)
    assert lens.lost(curve) == {
        "float16": Lost(15, 25),
        "bfloat16": Lost(127, 134),
        "float32": Lost(127, 150),
        "float64": Lost(1023, 1075),
    }
    assert lens.lost(curve[::10], np.arange(0, 1100, 10))["float32"] == Lost(130, 150)


def test_the_way_back_begins_at_the_loss():
    flow = np.array([-math.inf, -9.0, -5.0, 0.0, -math.inf, -math.inf])
    found = lens.of_way_back(flow)
    assert found["float16"] == Lost(1, 2) and found["float32"] == Lost(3, 3)
    assert lens.of_way_back(np.full(3, -math.inf))["float16"] == Lost(None, None)


def test_every_format_is_named_in_the_sentence():
    text = Text()
    assert lens.in_words(lens.lost(np.array([0.0, -2.0])), text) == ""
    said = lens.in_words(lens.lost(-np.arange(0.0, 42.0)), text)
    assert said == (
        "float16 loses it at lag 8 (subnormal from 5), bfloat16 loses it at lag 41 (subnormal from 38), "
        "float32 holds it only as a subnormal number from lag 38; nothing is lost in float64."
    )


# — marks —

LENSED = (
    GradientFlow(),
    GradientFlow(arrangement="grid"),
    GradientFlow(quantity="jacobian"),
    LayerGradient(),
    SingularSpectrum(),
    JacobianPaths(),
    GateProduct(),
    BpttMap(time=120),
    # The norm of what all steps send to the weights never lies that low: WeightCancellation has its marks where it does.
)


@pytest.mark.parametrize("figure", LENSED, ids=lambda one: f"{one.kind}-{getattr(one, 'arrangement', '')}")
@every_language
def test_every_figure_of_gradients_marks_the_formats_that_are_chosen(figure, language):
    text, results = Text(language), computed(figure)

    def marks(precisions: str) -> list[str]:
        drawn = figure.changed({"precisions": precisions})(results, text, Look())["layout"]
        names = [note["text"] for note in drawn["annotations"]]
        floors = {text(f"lens.{word}", dtype=name): name for name in PRECISIONS for word in ("floor", "below_normal")}
        levels = {shape["y0"] for shape in drawn["shapes"] if shape["type"] == "line"}
        found = [floors[name] for name in names if name in floors]
        assert all(PRECISIONS[name].least in levels for name in found)
        return found

    assert marks("none") == []
    assert marks("float16") == ["float16"]
    assert set(marks("common")) == set(marks("all")) & {"float16", "float32"} or isinstance(figure, BpttMap)


def test_the_band_of_subnormal_numbers_ends_where_zero_begins():
    band, line = lens.bands("float16", (-10.0, 1.0), "x domain", "y", Look())
    assert (band["y0"], band["y1"]) == (PRECISIONS["float16"].least, PRECISIONS["float16"].normal)
    assert line["y0"] == line["y1"] == PRECISIONS["float16"].least and band["layer"] == "below"


def test_a_mark_is_drawn_where_it_is_in_sight_and_only_on_a_log_axis():
    assert lens.in_sight("common", (-10.0, 1.0)) == {"float16": PRECISIONS["float16"].least}
    assert lens.in_sight("all", (-2.0, 1.0)) == {}
    assert list(lens.in_sight("all", (-400.0, 1.0))) == list(PRECISIONS)
    assert lens.in_sight("float16", (-5.0, 1.0)) == {"float16": PRECISIONS["float16"].normal}  # its zero lies below
    drawn = GradientFlow(axis="linear")(halving(), Text(), Look())["layout"]
    assert drawn["shapes"] == []


def placed(span, curve, precisions="common"):
    notes = lens.names(precisions, span, "x domain", "y", Text(), Look(), curves=[np.asarray(curve, float)])
    return [(note["xanchor"], note["yanchor"]) for note in notes]


def test_a_name_stands_where_no_curve_runs():
    span, low = (-60.0, 5.0), PRECISIONS["float16"].least
    assert placed(span, np.zeros(100)) == [("right", "top")] * 2
    assert placed(span, np.linspace(-60, 0, 100)) == [
        ("left", "top"),
        ("right", "top"),
    ]  # through the first on the right
    assert placed(span, np.full(100, low - 1)) == [("right", "bottom"), ("right", "top")]
    assert placed(span, [0.0, np.nan, -np.inf]) == [("right", "top")] * 2
    assert not any("bgcolor" in note for note in lens.names("all", span, "x", "y", Text(), Look()))


def test_no_name_leaves_the_frame_or_stands_in_another():
    low = PRECISIONS["float16"].least
    assert placed((low - 0.1, 1.0), np.zeros(9), "float16") == [("right", "bottom")]  # below it is the axis
    assert placed((-1200.0, 150.0), np.zeros(9)) == [("right", "bottom"), ("right", "top")]
    assert placed((-1.0, 1.0), np.zeros(9)) == []


def drawn_states(results: dict[str, Result], precision: str) -> dict[str, np.ndarray]:
    view = GradientFlow(backward=precision, activations="all")
    symbols = {"circle-open": "subnormal", "x": "zero", "triangle-up": "overflow"}
    found = {}
    for trace in view(results, Text(), Look())["data"]:
        state = symbols[trace["marker"]["symbol"]] if "marker" in trace else "exact" if "opacity" in trace else "value"
        found[state] = numbers(trace["y"])
    return found


def test_a_value_a_subnormal_number_and_an_exact_zero_look_different():
    """From its start the gradient halves with every step: float16 holds it down to 2⁻²⁴, and digits of it down to 2⁻¹⁴."""
    found, results = drawn_states(halving(60), "float16"), halving(60)
    assert set(found) == {"exact", "value", "subnormal", "zero"}
    value, subnormal = (np.isfinite(found[name]) for name in ("value", "subnormal"))
    assert not (value & subnormal).any() and subnormal.sum() == 10  # 2⁻¹⁵ … 2⁻²⁴
    assert found["value"][value].min() >= np.float32(PRECISIONS["float16"].normal)
    assert found["zero"].tolist() == [np.nanmin(found["subnormal"])]
    assert np.isfinite(found["exact"]).all()  # while the exact gradient goes on
    one = rounded.ended(results["one"], "float16")
    assert one is not None and one.zero == one.subnormal + 10 and one.at_first == -math.inf and one.overflow is None


def test_an_overflow_is_marked_where_it_happens():
    cell = Elman(hidden_size=1, activation="identity")
    grown = {"initializer": Identity(scale=Gain(gain=4.0))}
    results = computed(
        GradientFlow(backward="float16"), cell, 40, task=Noise(sequence_length=40, variance=0.0), **grown
    )
    found = drawn_states(results, "float16")
    assert set(found) == {"exact", "value", "overflow"}
    assert found["overflow"].tolist() == [np.nanmax(found["value"])] and found["overflow"][0] < 4.82
    one = rounded.ended(results["one"], "float16")
    assert one is not None and one.overflow is not None and one.zero is None
    assert f"overflows to ∞ at lag {one.overflow}" in rounded.reading(results, "float16", Text())
    high = GradientFlow(backward="float16")(results, Text(), Look())["layout"]["yaxis"]["range"][1]
    assert high > np.nanmax(found["exact"])
    at_once = drawn_states(computed(GradientFlow(backward="float16"), cell, 40, **grown), "float16")
    assert np.isnan(at_once["value"]).all()  # the states themselves have left float16, and so has the loss
    assert at_once["overflow"].tolist() == [at_once["exact"][-1]]


@every_language
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("arrangement", ["overlay", "grid"])
def test_every_format_is_drawn_said_and_put_into_the_table(language, precision, arrangement):
    text, results = Text(language), halving()
    view = GradientFlow(backward=precision, arrangement=arrangement)
    assert view(results, text, Look(dark=True))["data"]
    assert text("rounded.sentence.head", dtype=precision) in view.reading(results, text)
    assert text("rounded.table", dtype=precision) in view.table(results, text).columns
    data = view.data(results)
    column = data[f"log10_norm_in_{precision}"]
    assert len(data) == 200 * 6 and column.notna().sum() == 200 * 3  # of the whole state alone


def test_a_part_of_the_state_and_products_have_no_rounded_pass():
    assert GradientFlow(backward="float16").needs == ("gradient_flow", "rounded_gradient")
    assert GradientFlow(backward="float16", part="hidden_state").needs == ("gradient_flow",)
    assert GradientFlow(backward="float16", quantity="jacobian").needs == ("jacobian_norm", "jacobian_bounds")


def test_a_network_that_overflowed_at_once_is_still_named():
    wild = {"cell": Elman(hidden_size=2, activation="relu"), "initializer": Identity(scale=Gain(gain=4.0))}
    results = computed(GradientFlow(backward="float16"), wild["cell"], 800, initializer=wild["initializer"])
    assert results["one"].data.attrs["outcome"] == "diverged"
    view = GradientFlow(backward="float16")
    assert [trace["name"] for trace in view(results, Text(), Look())["data"] if trace.get("showlegend")]
    assert view.table(results, Text()).iloc[0][Text()("rounded.table", dtype="float16")] == "—"
