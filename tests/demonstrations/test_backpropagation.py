"""Lesson 9: rows 9 and 13 of the known numbers, the drawing moment by moment, and what a window costs by another route."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
import xarray as xr

from rnnviz.activations import ACTIVATIONS, ActivationName
from rnnviz.demonstrations import BackwardPass, TruncationCost
from rnnviz.demonstrations.truncation_cost import EXAMPLES
from rnnviz.engine.data import draw_batch
from rnnviz.engine.gradients import Pass
from rnnviz.engine.network import draw_parameters
from rnnviz.figures import Look
from rnnviz.figures.demonstrations import BackwardDrawing, TruncationSaving
from rnnviz.text import Text
from rnnviz.training import Truncated

EXACT = 1e-12  # relative, float64: a few dozen roundings of 1e-16


@cache
def cost(opening: float = 3.0) -> xr.Dataset:
    return TruncationCost(sequence_length=40, opening=opening).compute()


def test_row_9_the_whole_gradient_and_the_truncated_one():
    """Row 9 (E): z = .3, .24; dL/dλ = .264 by full BPTT, .072 truncated at one step."""
    found = BackwardPass(activation="identity", recurrent_weight=0.8, unrolled_steps=2).compute()
    assert found["state"].values == pytest.approx([1, 0.3, 0.24], rel=EXACT)
    assert found["adjoint"].values == pytest.approx([0.192, 0.24], rel=EXACT)
    assert found["share"].values == pytest.approx([0.192, 0.072], rel=EXACT)
    assert found["truncated"].values == pytest.approx([0.072, 0.264], rel=EXACT)
    assert float(found["by_autograd"]) == pytest.approx(0.264, rel=EXACT)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("weight", [-1.7, 0.4, 1.0, 1.9])
def test_row_13_by_hand_and_every_truncation_by_autograd(activation: ActivationName, weight: float) -> None:
    """Σ_t shares is autograd's gradient; the last τ of them is what autograd gives once the state before is detached."""
    made = BackwardPass(activation=activation, recurrent_weight=weight)
    found, phi = made.compute(), ACTIVATIONS[activation].function
    assert float(found["share"].sum()) == pytest.approx(float(found["by_autograd"]), rel=EXACT, abs=1e-300)
    for tau in range(1, 5):
        w, h = torch.tensor(weight, dtype=torch.float64, requires_grad=True), torch.ones((), dtype=torch.float64)
        for t, x in enumerate(made.inputs(), 1):
            h = phi(w * h + 0.5 * x)
            h = h.detach() if t == 4 - tau else h
        expected = torch.autograd.grad(h.square() / 2, w)[0]
        assert float(found["truncated"].sel(truncation=tau)) == pytest.approx(float(expected), rel=EXACT, abs=1e-300)


def test_row_13_of_the_networks():
    """Σ_t (share of step t in ∂L/∂W_hh) = autograd's W_hh.grad, to rounding (float64 ≤ 1e-12 relative)."""
    assert (cost()["share_error"] < EXACT).all() and (cost()["share_error"] > 0).any()


@pytest.mark.parametrize("network", ["elman", "lstm"])
def test_the_bias_of_a_window_is_that_of_the_closed_form(network: str) -> None:
    """The loop with `detach()` by autograd against the engine's adjoint, cut off by its own truncation."""
    experiment = TruncationCost(sequence_length=40).experiment(network)
    parameters, batch = draw_parameters(experiment), draw_batch(experiment)
    assert experiment.batch_size == EXAMPLES == batch.inputs.shape[1]
    whole = Pass(experiment, parameters, batch).gradients()["weight_hh_l0"]
    for tau in (1, 5, 20):
        cut = Pass(experiment, parameters, batch, Truncated(window=tau, stride=1)).gradients()["weight_hh_l0"]
        expected = float((cut - whole).norm() / whole.norm())
        found = float(cost()["bias"].sel(network=network, truncation=tau))
        assert found == pytest.approx(expected, rel=1e-9)  # a difference of nearly equal gradients: digits are lost


def test_memory_goes_with_the_window_and_time_only_partly():
    found = cost()
    tau, kept = found["truncation"].values, found["kept"].values
    slope = np.diff(kept) / np.diff(tau)  # every step of the window keeps the same tensors, so many bytes
    assert (slope == slope[:, :1]).all() and (slope > 0).all()
    assert slope[0, 0] == EXAMPLES * 32 * 8  # the vanilla RNN: h_t in float64, which is also all that tanh' needs
    assert (found["bias"].sel(truncation=40) == 0).all()
    seconds = found["seconds"].sel(truncation=[1, 40]).values
    assert (seconds > 0).all() and (seconds[:, 0] < seconds[:, 1]).all()


def test_a_gate_that_is_half_closed_makes_the_window_harmless():
    """f ≈ ½: ‖∂s_T/∂s_(T−20)‖ is some 2^−20 and a factor for the other ways, so cutting there costs next to nothing."""
    closed, opened = (float(cost(b)["bias"].sel(network="lstm", truncation=20)) for b in (0.0, 6.0))
    assert closed < 0.05 < 0.5 < opened


# — the drawing —


def said(drawing: BackwardDrawing, **setting: object) -> tuple[list[str], list[str], str, str]:
    """The numbers in the upper and the lower row, all notes, and the sentence."""
    shown = BackwardPass.from_flat({}).changed(setting).shown()  # type: ignore[arg-type]
    figure, text = drawing(shown, Text(), Look()), Text()
    notes = " ".join(note["text"] for note in figure["layout"]["annotations"])
    there, back = (trace["text"] for trace in figure["data"])
    return there, back, notes, drawing.reading(shown, text)


def test_the_way_back_begins_after_the_loss():
    two = {"unrolled_steps": 2}
    rows = [said(BackwardDrawing(moment=moment), **two)[:2] for moment in range(6)]
    assert [there for there, _ in rows[:4]] == [
        ["1", "", "", ""], ["1", "0.3", "", ""], ["1", "0.3", "0.24", ""], ["1", "0.3", "0.24", "0.029"],
    ]  # fmt: skip
    assert [back for _, back in rows] == [["", ""]] * 4 + [["", "0.24"], ["0.192", "0.24"]]
    assert said(BackwardDrawing(moment=9), **two) == said(BackwardDrawing(moment=5), **two)


def test_the_product_and_the_sum_are_written_out_and_the_factors_are_red():
    _, _, notes, sentence = said(BackwardDrawing())
    assert "0.8 · 0.8 · 0.8 = 0.512" in notes and notes.count("×0.8") == 3 and Look().alarm in notes
    assert "0.0786 + 0.0295<br>   + 0.0295 + 0.0295 = 0.167" in notes and "0.167" in sentence
    assert "−0.5 · (−0.5) · (−0.5) = −0.125" in said(BackwardDrawing(), recurrent_weight=-0.5)[2]


def test_what_the_window_leaves_out_is_not_gone_to():
    _, back, notes, sentence = said(BackwardDrawing(truncation_length=1), unrolled_steps=2)
    assert back == ["", "0.24"] and "✂" in notes and "0.192" not in notes
    assert "**0.072** instead of 0.264" in sentence


def test_the_chosen_window_is_marked_where_it_was_measured():
    shown = TruncationCost(sequence_length=40).shown()
    (line,) = TruncationSaving(truncation_length=200)(shown, Text(), Look())["layout"]["shapes"]
    assert line["x0"] == 40


def test_the_film_shows_every_moment_as_the_drawing_would():
    shown = BackwardPass.from_flat({}).shown()
    film = BackwardDrawing()(shown, Text(), Look())["layout"]["meta"]["film"]
    assert film["updates"] == list(range(10)) and len(film["pictures"]) == 10
    for moment, picture in enumerate(film["pictures"]):
        drawn = BackwardDrawing(moment=moment)(shown, Text(), Look())
        assert picture["frame"] == {name: drawn["layout"][name] for name in ("annotations", "shapes")}
        assert picture["lines"]["text"] == [trace["text"] for trace in drawn["data"]]
