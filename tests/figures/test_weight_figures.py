"""The figures of the weight gradient, where what they must show is known."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest
import torch

from rnnviz.cells import CELLS, GRU, LSTM, Elman
from rnnviz.diagnostics import DIAGNOSTICS, weight_gradient
from rnnviz.diagnostics.diagnose import diagnose, results
from rnnviz.engine import run
from rnnviz.experiment import Experiment, LossAtStep
from rnnviz.figures import Look, Result, WeightBlocks, WeightCancellation, WeightShares
from rnnviz.figures.shares import block_for, blocks_of
from rnnviz.figures.weight_shares import ROUNDOFF, Seen, in_percent
from rnnviz.initializers import Gain, Gaussian, Orthogonal
from rnnviz.tasks import Noise
from rnnviz.text import LANGUAGES, Text

WEIGHT_FIGURES = (WeightShares, WeightCancellation, WeightBlocks)
FLOAT32 = 1e-6  # figures travel as float32


def result_of(cell, **rest) -> dict[str, Result]:
    made = Experiment(**{"task": Noise(sequence_length=40), "cell": cell, "batch_size": 4} | rest)
    return {"one": Result(made, diagnose(made, [weight_gradient]))}


def summing_unit() -> tuple[dict[str, Result], np.ndarray]:
    """h_t = h_{t−1} + x_t, y = h_T, one example: [∂L/∂u]_t = ∂L/∂h_T · x_t, so step t has the share x_t / Σx of ∂L/∂u."""
    made = Experiment(
        cell=Elman(hidden_size=1, activation="identity"), task=Noise(sequence_length=30), batch_size=1, dtype="float64"
    )
    one, zero = torch.ones(1, 1), torch.zeros(1)
    weights = {"weight_hh_l0": one, "weight_ih_l0": one, "bias_ih_l0": zero, "bias_hh_l0": zero}
    trace = run(made, parameters=weights)
    return {"one": Result(made, results(trace, [weight_gradient]))}, trace.data.input.values[:, 0, 0]


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), "<f4")


def test_every_cells_gates_can_be_chosen():
    words = WeightShares.parameters_declared()[1].domain.words
    for cell in CELLS:
        assert set(blocks_of(cell())) <= set(words)
        assert all(block_for(cell(), word) in blocks_of(cell()) for word in words)
    assert blocks_of(Elman()) == ("all",) and block_for(GRU(), "forget_gate") == "all"


def test_a_unit_that_sums_its_input_is_taught_by_each_step_in_proportion_to_it():
    shown, x = summing_unit()
    view, share = WeightShares(matrix="weight_ih"), x / x.sum()
    towards, against, size, plus, minus = view(shown, Text(), Look())["data"]
    assert numbers(towards["y"]) == pytest.approx(np.maximum(share, 0), abs=FLOAT32)
    assert numbers(against["y"]) == pytest.approx(np.minimum(share, 0), abs=FLOAT32)
    assert numbers(size["y"]) == pytest.approx(np.log10(np.abs(share)), abs=1e-5)
    assert numbers(plus["x"]).tolist() == (np.flatnonzero(share > 0) + 1).tolist()
    assert numbers(minus["y"]) == pytest.approx(np.log10(-share[share < 0]), abs=1e-5)
    said = view.reading(shown, Text())
    largest = int(np.argmax(share))
    assert f"**{in_percent(share[largest])}** %, is that of step {largest + 1}" in said
    assert f"{(share < 0).sum()} steps pull the other way, together **{in_percent(share[share < 0].sum())}** %" in said


def test_what_is_left_of_the_sum_is_said_and_drawn():
    """‖ΣS‖ / Σ‖S‖ = |Σx| / Σ|x| for the same unit; from the last step backwards the running sums are those of x."""
    shown, x = summing_unit()
    view = WeightCancellation(matrix="weight_ih")
    tail, sizes = view(shown, Text(), Look())["data"]
    back = np.cumsum(np.abs(x[::-1]))[::-1]
    gap = np.log10(np.abs(np.cumsum(x[::-1])[::-1]) / back)
    assert numbers(tail["y"]) - numbers(sizes["y"]) == pytest.approx(gap, abs=1e-5)
    assert numbers(sizes["y"]) - numbers(sizes["y"])[0] == pytest.approx(np.log10(back / back[0]), abs=1e-5)
    assert f"**{in_percent(abs(x.sum()) / np.abs(x).sum())}** % is left" in view.reading(shown, Text())


def test_ninety_percent_is_counted_from_the_last_step_that_sends_anything():
    """Sizes 4, 3, 2, 1, 0: nine of ten come from the first three and more, so from step 1 to step 4."""
    sizes = np.array([4.0, 3, 2, 1, 0])
    with np.errstate(divide="ignore"):
        curves = {"size": np.log10(sizes), "tail_of_sizes": np.log10(sizes[::-1].cumsum()[::-1]),
                  "projection": np.array([0.7, 0.4, -0.2, 0.1, 0.0])}  # fmt: skip
    seen = Seen.of(curves, np.arange(1, 6))
    assert (seen.first, seen.last) == (1, 4) and (seen.largest, seen.largest_at) == (0.7, 1)
    assert (seen.against, seen.pulling) == (pytest.approx(-0.2), 1)
    curves["tail_of_sizes"] = np.log10(np.array([100.0, 99, 91, 50, 1]))
    assert Seen.of(curves, np.arange(1, 6)).first == 3


def test_a_loss_at_an_earlier_step_ends_the_teaching_there():
    said = WeightShares().reading(result_of(LSTM(hidden_size=3), loss=LossAtStep(step=10)), Text())
    assert "to 10**" in said


@pytest.mark.parametrize("cell", [LSTM(hidden_size=4), GRU(hidden_size=4)], ids=lambda cell: cell.kind)
def test_the_heat_map_shows_every_gates_size_and_the_sentence_names_the_largest_part(cell):
    shown = result_of(cell)
    view, data = WeightBlocks(), shown["one"].data["weight_gradient"]
    maps = view(shown, Text(), Look())["data"]
    for drawn, matrix in zip(maps, ("weight_hh", "weight_ih"), strict=True):
        z = numbers(drawn["z"]).reshape(len(cell.gate_names), -1)[::-1]
        whole = float(data.sel(matrix=matrix, block="all", share="tail").values[0, 0])
        for gate, row in zip(cell.gate_names, z, strict=True):
            size = data.sel(matrix=matrix, block=gate, share="size").values[0]
            assert row[np.isfinite(size)] == pytest.approx(size[np.isfinite(size)] - whole, abs=1e-5)
            assert np.isnan(row[np.isneginf(size)]).all()
        parts = view.parts(shown["one"], matrix)
        assert sum(parts.values()) == pytest.approx(1.0)
        largest = max(parts, key=parts.get)
        assert Text()(f"option.block.{largest}.label") in view.reading(shown, Text())


def test_the_line_below_which_a_sum_loses_its_terms_is_drawn_where_it_is_in_sight():
    """2^−24 of the sum in float32: half of what its last digit is worth."""
    assert [10 ** ROUNDOFF[dtype] for dtype in ("float32", "float64")] == pytest.approx([2.0**-24, 2.0**-53])
    vanishing = result_of(Elman(hidden_size=4), initializer=Orthogonal(scale=Gain(gain=0.3)))
    (line,) = WeightShares()(vanishing, Text(), Look())["layout"]["shapes"]
    assert line["y0"] == pytest.approx(-24 * math.log10(2))
    assert WeightShares()(result_of(LSTM(hidden_size=4, forget_bias=5.0)), Text(), Look())["layout"]["shapes"] == []


@pytest.mark.parametrize("figure", WEIGHT_FIGURES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gradient_of_zero_and_no_gradient_at_all_are_said_and_not_drawn(figure, language):
    text, relu = Text(language), Elman(hidden_size=32, activation="relu")
    dead = result_of(relu, task=Noise(sequence_length=9, variance=0.0), initializer=Orthogonal(scale=Gain(gain=0.0)))
    wild = result_of(relu, task=Noise(sequence_length=400), initializer=Gaussian(scale=Gain(gain=4.0)))
    assert wild["one"].data.attrs["outcome"] == "diverged"
    zero = text("sentence.weight_gradient.zero", curve="", matrix="").split(" ")[-1]
    for shown, said in ((dead, zero), (wild, "float32")):
        assert figure()(shown, text, Look())["data"] == []
        assert said in figure().reading(shown, text)
        assert figure().table(shown, text).empty and figure().data(shown).empty


@pytest.mark.parametrize("figure", WEIGHT_FIGURES)
def test_the_data_are_what_is_drawn(figure):
    shown = {"one": Result(made := Experiment(cell=GRU(hidden_size=3)), diagnose(made, DIAGNOSTICS.values()))}
    frame, drawn = figure().data(shown), figure()(shown, Text(), Look())["data"]
    if figure is WeightBlocks:
        values = frame[frame.matrix == "weight_ih"].log10_size_of_gradient.to_numpy().reshape(3, -1)[::-1]
        shown_as = np.where(np.isfinite(values), values, np.nan)
        assert numbers(drawn[1]["z"]).reshape(3, -1) == pytest.approx(shown_as, abs=1e-5, nan_ok=True)
    else:
        column = frame.share.clip(lower=0) if figure is WeightShares else frame.log10_norm_of_sum
        assert numbers(drawn[0]["y"]) == pytest.approx(column.to_numpy(), abs=1e-5)


def test_percentages_are_short():
    said = {0.314: "31", 0.0421: "4.2", 0.000712: "0.071", -0.12: "−12", 1.234: "120", 0.0: "0"}
    assert [in_percent(share) for share in said] == list(said.values())
