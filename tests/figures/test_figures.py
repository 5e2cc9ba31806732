"""Every figure with every option, in both languages, light and dark: it draws, it draws the same again, it is valid."""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cells import LSTM, Elman
from rnnviz.choice import Choice, OneOf, Range
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose, diagnose_study
from rnnviz.experiment import Experiment, LossAtStep, comparison
from rnnviz.figures import FIGURES, FigureDict, GradientFlow, Look, Result, Results
from rnnviz.figures.figure import computed_for, power_of_ten
from rnnviz.figures.survival import reading, survival, table
from rnnviz.initializers import Gain, Gaussian, Identity, SpectralRadius
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text
from rnnviz.text.numbers import numeral

EVERYTHING = DIAGNOSTICS.values()


def pack(experiments: dict[str, Experiment]) -> dict[str, Result]:
    return {name: Result(experiment, diagnose(experiment, EVERYTHING)) for name, experiment in experiments.items()}


@cache
def nine() -> dict[str, Result]:
    """Every cell × activation, and among them each way a run can end: small, vanished, dead, diverged."""
    base = Experiment(task=Noise(sequence_length=200), cell=Elman(hidden_size=4), batch_size=4)
    made = comparison(base, changes={"lstm": {"initializer.scale.gain": 0.01}, "gru": {"cell.layers": 2}}).experiments()
    made["elman-relu"] = made["elman-relu"].changed(
        {"initializer": "gaussian", "initializer.scale.gain": 4.0, "seed": 3}
    )
    made["elman-sigmoid"] = made["elman-sigmoid"].changed({"initializer.scale.gain": 0.0})
    return pack(made)


@cache
def one() -> dict[str, Result]:
    return pack(
        {"only": Experiment(task=Noise(sequence_length=30), cell=LSTM(hidden_size=3), loss=LossAtStep(step=10))}
    )


def looks_of(figure: type[Choice]) -> Iterator[Choice]:
    """A figure with every combination of its options, from its declaration."""
    options = {}
    for parameter in figure.parameters_declared():
        if isinstance(parameter.domain, Range):
            options[parameter.name] = [parameter.domain.low, parameter.domain.high]
            continue
        assert isinstance(parameter.domain, OneOf)
        options[parameter.name] = [parameter.parse(word) for word in parameter.domain.words]
    for values in itertools.product(*options.values()):
        yield figure(**dict(zip(options, values, strict=True)))


def drawn_by(view: Choice, results: Results, text: Text, look: Look, pinned: Results | None = None) -> FigureDict:
    """A figure that compares takes what is pinned besides; one that opens up a single network has no use for it."""
    return view(results, text, look, pinned) if isinstance(view, GradientFlow) else view(results, text, look)


def singly(figure: type[Choice], results: dict[str, Result]) -> list[dict[str, Result]]:
    """All results at once for a figure that compares, each alone for one that opens up a single network."""
    return [results] if figure is GradientFlow else [{name: result} for name, result in results.items()]


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])


def words_of(figure: dict[str, Any]) -> Iterator[str]:
    """All text in a figure except hover templates, whose %{x} and %{y} plotly fills in."""
    for part in [*figure["data"], figure["layout"]]:
        yield from strings(
            {name: value for name, value in part.items() if name not in ("x", "y", "z", "hovertemplate")}
        )


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(strings, value.values()))
    elif isinstance(value, list | tuple):
        yield from itertools.chain.from_iterable(map(strings, value))


def as_json(figure: dict[str, Any]) -> str:
    return json.dumps(figure, allow_nan=False, sort_keys=True)  # as it travels: a NaN would make the page fall silent


every_figure = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)
every_language = pytest.mark.parametrize("language", LANGUAGES)
every_look = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


# — the law of figures —


@every_figure
@every_language
@every_look
def test_every_figure_draws_with_every_option(figure, language, dark):
    """Twice the same, without touching the results, with every word filled in; and it survives the way to the page."""
    text, look, before = Text(language), Look(dark), copy_of(nine())
    inputs = itertools.cycle([(nine(), nine()), (one(), nine()), (nine(), None)])
    turn = itertools.islice(
        inputs, list(LANGUAGES).index(language) + dark, None
    )  # another start for every language and look
    for view, (results, pinned) in zip(looks_of(figure), turn, strict=False):
        for shown in singly(figure, results):
            drawn = drawn_by(view, shown, text, look, pinned)
            assert as_json(drawn) == as_json(drawn_by(view, shown, text, look, pinned))
            for words in words_of(drawn):
                assert not re.search(r"[{}]|\bnan\b|\binf\b", words), (view, words)
            for hover in (trace["hovertemplate"] for trace in drawn["data"] if "hovertemplate" in trace):
                assert re.fullmatch(r"[^{}]*(%\{[xyz](:[^{}]*)?\}[^{}]*)*", hover)
    for name, result in nine().items():
        xr.testing.assert_identical(result.data, before[name])


@every_figure
@every_language
def test_every_sentence_and_table_is_filled_in(figure, language):
    """What depends on the words is the quantity, the part and the activations; the rest is how they are drawn."""
    text = Text(language)
    for view in looks_of(figure):
        drawing_only = isinstance(view, GradientFlow) and (view.arrangement == "grid" or view.axis == "linear")
        if not drawing_only:
            for results in (*singly(figure, nine()), one()):
                for said in (view.reading(results, text), *map(str, view.table(results, text).to_numpy().ravel())):
                    assert not re.search(r"[{}]|\bnan\b|\binf\b", said), (view, said)


def copy_of(results: dict[str, Result]) -> dict[str, xr.Dataset]:
    return {name: result.data.copy(deep=True) for name, result in results.items()}


@every_figure
def test_plotly_accepts_every_figure(figure):
    """plotly.graph_objects checks each name and value against plotly.js's own schema. One look and language: both only
    change colours and words."""
    for view in looks_of(figure):
        same = isinstance(view, GradientFlow) and not (
            view.bounds or (view.quantity == "jacobian" and view.part == "state")
        )
        if not same:
            for shown in singly(figure, nine()) if figure is GradientFlow else ({"a": nine()["gru-tanh"]}, one()):
                go.Figure(drawn_by(view, shown, Text(), Look(), one()))


@every_figure
def test_the_languages_and_looks_differ_where_they_should(figure):
    """Another language changes no number, another look changes no word."""
    view, results = (GradientFlow(arrangement="grid"), nine()) if figure is GradientFlow else (figure(), one())
    english, korean = (view(results, Text(language), Look()) for language in LANGUAGES)
    light, dark = (view(results, Text(), Look(dark)) for dark in (False, True))
    for axis in ("x", "y", "z"):
        assert [trace.get(axis) for trace in english["data"]] == [trace.get(axis) for trace in korean["data"]]
    assert english["layout"]["title"]["text"] != korean["layout"]["title"]["text"]
    assert [trace.get("name") for trace in light["data"]] == [trace.get("name") for trace in dark["data"]]
    assert light["layout"]["paper_bgcolor"] != dark["layout"]["paper_bgcolor"]


def test_the_data_of_a_figure_holds_every_point_of_every_curve():
    for quantity in ("gradient", "jacobian"):
        frame = GradientFlow(quantity=quantity).data(nine())
        assert set(frame.curve) == {
            name for name, r in nine().items() if quantity == "jacobian" or r.data.gradient_flow.size
        }
        result = nine()["lstm-tanh"]
        column = frame[frame.curve == "lstm-tanh"].log10_norm.to_numpy()
        expected = result.data.gradient_flow if quantity == "gradient" else result.data.jacobian_norm
        assert sorted(column) == sorted(expected.values.ravel())


def test_the_colours_of_cells_stand_out_from_the_paper():
    """Contrast of at least 3 : 1, as WCAG asks of graphics, for every cell, light and dark."""

    def luminance(colour: str) -> float:
        channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for look in (Look(), Look(dark=True)):
        paper = luminance(look.paper)
        for colour in (*(look.colour(cell) for cell in ("elman", "lstm", "gru")), look.ink, look.muted, look.alarm):
            low, high = sorted((luminance(colour), paper))
            assert (high + 0.05) / (low + 0.05) >= 3


# — three states of a curve —


def made_up(
    values: list[float], dtype: str = "float32", outcome: str = "completed", time: int = 0
) -> dict[str, Result]:
    """A result whose curve is known, from t = 1 to t = T; its band is the curve itself."""
    curve = np.array(values)
    flow = xr.DataArray(
        np.tile(curve, (1, 3, 1)), dims=("part", "band", "time"),
        coords={"part": ["state"], "band": ["low", "median", "high"], "time": np.arange(1, len(curve) + 1)},
    )  # fmt: skip
    data = {
        "gradient_flow": flow,
        "jacobian_norm": ("lag", curve[::-1].copy()),
        "jacobian_bounds": (("bound", "lag"), np.zeros((1, len(curve))), {}),
    }
    attributes = {"outcome": outcome, "overflow_time": time, "overflow_quantity": "hidden_state", "dtype": dtype}
    dataset = xr.Dataset(data, {"bound": ["step_norms"]}, attributes)
    return {"made-up": Result(Experiment(cell=Elman(activation="tanh"), dtype=dtype), dataset)}


FALLING = [-math.inf, -math.inf, -90.0, -60.0, -44.0, -20.0, 0.0]  # float32 ends at 10^−44.85


def draw(view: GradientFlow, results: dict[str, Result]) -> list[dict[str, Any]]:
    return view(results, Text(), Look())["data"]


@pytest.mark.parametrize("quantity", ["gradient", "jacobian"])
def test_a_value_a_value_below_the_dtype_and_an_exact_zero_look_different(quantity):
    """A full line down to the floor, a pale line below it, a cross where it becomes zero; the three meet."""
    full, pale, cross = draw(GradientFlow(quantity=quantity), made_up(FALLING))
    back = slice(None) if quantity == "gradient" else slice(None, None, -1)  # always in the order of time
    x, values = numbers(full["x"])[back], numbers(full["y"])[back]
    np.testing.assert_array_equal(values, np.array([np.nan] * 4 + [-44, -20, 0], np.float32))
    faint = np.array([np.nan] * 2 + [-90, -60, -44] + [np.nan] * 2, np.float32)
    np.testing.assert_array_equal(numbers(pale["y"])[back], faint)
    assert "opacity" not in full and pale["opacity"] < 0.5 and not pale["showlegend"]
    assert cross["marker"]["symbol"] == "x" and cross["mode"] == "markers"
    assert numbers(cross["y"]).tolist() == [-90] and numbers(cross["x"]).tolist() == [x[2]]
    assert Text()("figure.zero") in cross["hovertemplate"] and "float32" in pale["hovertemplate"]


def test_each_state_is_drawn_only_where_it_is_there():
    """A healthy curve is one line; one that reaches zero from above the floor has a cross and no pale part."""
    assert [trace["mode"] for trace in draw(GradientFlow(), made_up([-3.0, -2.0, 0.0]))] == ["lines"]
    assert [trace["mode"] for trace in draw(GradientFlow(), made_up([-math.inf, -2.0, 0.0]))] == ["lines", "markers"]
    assert [trace["mode"] for trace in draw(GradientFlow(), made_up([-50.0, -2.0, 0.0]))] == ["lines", "lines"]
    assert len(draw(GradientFlow(), made_up([-50.0, -2.0, 0.0], "float64"))) == 1  # float64 goes down to 10^−323


def test_a_linear_axis_shows_the_values_themselves():
    (line, *_) = draw(GradientFlow(axis="linear"), made_up([-math.inf, -2.0, 0.0, 1.0]))
    assert numbers(line["y"])[1:] == pytest.approx([0.01, 1, 10], rel=1e-6)


def test_a_figure_without_a_curve_to_show_is_an_empty_frame():
    """Asked for ReLU of a study that has none: the frame, the sentence and the table are there, and empty."""
    view, results = GradientFlow(activations="relu"), made_up([-1.0, 0.0])
    assert view(results, Text(), Look())["data"] == [] and view.reading(results, Text()) == ""
    assert view.table(results, Text()).empty and view.data(results).empty


def test_a_curve_that_overflowed_at_once_is_still_named():
    diverged = made_up([], outcome="diverged", time=1)
    (line,) = draw(GradientFlow(), diverged)
    assert Text()("figure.overflow", time=1) in line["name"] and np.isnan(numbers(line["y"])).all()
    assert "step 1" in GradientFlow().reading(diverged, Text())


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    values = np.linspace(-40, 0, 10_000)
    (line, *_) = draw(GradientFlow(), made_up(values.tolist()))
    drawn = numbers(line["y"])
    assert len(drawn) <= 1_500 and (drawn[0], drawn[-1]) == (-40, 0) and (np.diff(drawn) > 0).all()


def test_a_shadow_of_what_was_pinned_lies_under_the_curve():
    now, before = made_up([-3.0, 0.0]), made_up([-9.0, 0.0])
    shadow, line = GradientFlow()(now, Text(), Look(), before)["data"]
    assert numbers(shadow["y"]).tolist() == [-9, 0] and numbers(line["y"]).tolist() == [-3, 0]
    assert shadow["line"]["width"] < line["line"]["width"] and not shadow["showlegend"]


# — sentences —


def test_what_a_curve_keeps_is_counted_from_the_loss():
    seen = survival(made_up(FALLING)["made-up"], "gradient")
    assert (seen.kept, seen.steps) == (-math.inf, 6)
    lags = {name: tuple(one) for name, one in seen.lost.items()}  # lags 0, 1, 2, … are 0, −20, −44, −60, −90, −∞
    assert lags == {"float16": (1, 1), "bfloat16": (2, 2), "float32": (2, 3), "float64": (5, 5)}
    early = survival(made_up([-3.0, -1.0, -math.inf, -math.inf])["made-up"], "gradient")  # judged at the second step
    assert (early.kept, early.steps, early.per_step) == (-2.0, 1, -2.0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([-2.0, -1.0, 0.0], "0.01** of the gradient is left after 2 steps"),
        ([-62.0, -31.0, 0.0], "only **10⁻⁶²** of the gradient is left after 2 steps. float16 loses it at lag 1"),
        ([5.0, 2.0, 0.0], "the gradient grows **10⁵**-fold over 2 steps"),
        ([-math.inf, -1.0, 0.0], "only **0** of the gradient is left after 2 steps. float16 loses it at lag 2"),
    ],
)
def test_the_sentence_says_what_is_seen(values, said):
    assert said in reading(made_up(values), "gradient", "state", Text())


@every_language
def test_the_table_has_a_row_for_every_curve(language):
    text = Text(language)
    frame = table(nine(), "gradient", "state", text)
    assert len(frame) == 9 and frame.columns.is_unique and not frame.isna().any(axis=None)
    overflow = nine()["elman-relu"].data.attrs["overflow_time"]
    assert overflow and str(overflow) in frame[text("table.outcome")][list(nine()).index("elman-relu")]


def test_words_from_outside_are_escaped():
    """A subtitle is HTML to plotly. Words that could come from a person's file must not become markup."""

    class Rude(Text):
        def __call__(self, key: str, /, **values: object) -> str:
            return "<a href='javascript:x'>&</a>" if key.startswith("option.task") else super().__call__(key, **values)

    said = computed_for(Experiment(), Rude())
    assert "<" not in said and "&lt;a href=" in said and "&amp;&lt;/a&gt;" in said
    drawn = GradientFlow()(made_up([-1.0, 0.0]), Rude(), Look())
    assert drawn["layout"]["title"]["subtitle"]["text"] == computed_for(made_up([0.0])["made-up"].experiment, Rude())


@pytest.mark.parametrize(
    ("initializer", "size"),
    [
        (Gaussian(scale=Gain(gain=0.5)), "g = 0.5"),
        (Identity(scale=SpectralRadius(spectral_radius=1.25)), "ρ = 1.25"),
        (Gaussian(), "Gaussian ·"),
    ],
)
def test_a_figure_says_what_it_was_computed_for(initializer, size):
    made = Experiment(
        task=Noise(sequence_length=70), cell=LSTM(hidden_size=9, layers=2), initializer=initializer, seed=41
    )
    said = computed_for(made, Text())
    assert all(words in said for words in ("T = 70", "H = 9 × 2", size, "N = 16", "41", "float32"))


# — numbers as words —


@pytest.mark.parametrize(
    ("decades", "plain", "html"),
    [
        (0.0, "1", "1"),
        (math.log10(0.31), "0.31", "0.31"),
        (math.log10(4.2), "4.2", "4.2"),
        (2.0, "100", "100"),
        (-2.0, "0.01", "0.01"),
        (-62.3, "10⁻⁶²", "10<sup>−62</sup>"),
        (13.0, "10¹³", "10<sup>13</sup>"),
        (-3.0, "10⁻³", "10<sup>−3</sup>"),
        (-5000.0, "10⁻⁵⁰⁰⁰", "10<sup>−5000</sup>"),
        (-math.inf, "0", "0"),
        (math.nan, "—", "—"),
    ],
)
def test_a_power_of_ten_is_said_as_a_reader_would(decades, plain, html):
    assert power_of_ten(decades) == plain and power_of_ten(decades, html=True) == html


@given(st.floats(-400, 400) | st.floats(-4, 4))
def test_a_power_of_ten_never_needs_a_second_look(decades):
    """Never 1e+03, never 1000000: at most seven characters, and close to what it stands for."""
    said = power_of_ten(decades)
    assert len(said) <= 7 and "e" not in said
    digits = said.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    value = math.log10(float(said)) if -2.5 < decades < 3.5 else int(digits[2:])
    assert abs(value - decades) <= 0.5


def test_positive_infinity_is_not_a_power_of_ten():
    """A Jacobian product that overflowed would be told as ∞, not raise in the middle of a page."""
    assert power_of_ten(math.inf) == "∞"


def test_the_study_of_the_page_is_drawn_from_what_the_worker_sends():
    """Grid and overlay of a freshly computed study, without synthetic data."""
    base = Experiment(task=Noise(sequence_length=20), cell=Elman(hidden_size=3), batch_size=2)
    study = comparison(base)
    data = diagnose_study(study, EVERYTHING)
    results = {name: Result(experiment, data[name]) for name, experiment in study.experiments().items()}
    for view in (
        GradientFlow(),
        GradientFlow(arrangement="grid"),
        GradientFlow(arrangement="grid", quantity="jacobian"),
    ):
        drawn = view(results, Text(), Look())
        groups = {trace["legendgroup"] for trace in drawn["data"]} - {"step_norms", "pascanu", "spectral_radius"}
        assert groups == set(study.experiments())


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (-0.31, "−0.31"), (2510.0, "2510"), (1.19e34, "1.19 × 10³⁴"), (-4.2e-8, "−4.20 × 10⁻⁸"),
     (9999.9, "1.00 × 10⁴"), (np.nan, "—"), (-np.inf, "−∞")],
)  # fmt: skip
def test_a_number_is_said_as_people_write_it(value, words):
    assert numeral(value) == words
