"""Clipping of a run's gradient, against torch's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.diagnostics import clipped_gradient
from rnnviz.engine import run
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.tasks import Noise
from rnnviz.trace import MissingQuantity
from tests.oracles import batch_of, graph, weight_gradient

RECORD = ("weight_hh_grad_share", "weight_ih_grad_share")
EXACT = 1e-12  # float64: sums over 20 steps


@pytest.mark.parametrize("kind", [Elman, LSTM, GRU])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_whole_is_clipped_as_torch_clips_it(kind, layers):
    """The recurrent weights of all layers and the input weights of the lowest, through clip_grad_norm_."""
    made = Experiment(
        task=Noise(sequence_length=20), cell=kind(hidden_size=4, layers=layers), batch_size=3, dtype="float64"
    )
    found = clipped_gradient(run(made, record=RECORD))
    drawn = graph(made, draw_parameters(made), *batch_of(made))
    names = ["weight_ih_l0", *(f"weight_hh_l{k}" for k in range(layers))]
    for threshold in (math.inf, 1.0, 0.01):
        weights = [torch.nn.Parameter(drawn.parameters[name].detach()) for name in names]
        for weight, name in zip(weights, names, strict=True):
            weight.grad = weight_gradient(made, drawn, name)
        torch.nn.utils.clip_grad_norm_(weights, threshold)
        left = math.sqrt(sum(float(weight.grad.square().sum()) for weight in weights))
        assert 10 ** float(found.sel(threshold=threshold, of_gradient="whole")) == pytest.approx(left, rel=EXACT)


def test_every_share_is_shortened_by_the_same_factor():
    """The law that the card is about: clipping by norm moves whole and shares by the same number of decades."""
    made = Experiment(task=Noise(sequence_length=20), cell=LSTM(hidden_size=4), dtype="float64")
    found = clipped_gradient(run(made, record=RECORD))
    moved = (found - found.sel(threshold=math.inf)).values
    assert moved == pytest.approx(np.repeat(moved[:, :1], 3, axis=1), abs=EXACT)
    assert moved[0, 0] == 0 > moved[2, 0]


def test_a_gradient_of_zero_stays_zero_and_one_that_overflowed_has_none():
    quiet = Experiment(task=Noise(variance=0.0), cell=Elman(hidden_size=2), batch_size=1)
    assert np.isneginf(clipped_gradient(run(quiet, record=RECORD)).sel(of_gradient="first_step")).all()
    wild = Experiment(
        task=Noise(sequence_length=400), cell=Elman(hidden_size=8, activation="relu"),
        initializer=Orthogonal(scale=Gain(gain=4.0)),
    )  # fmt: skip
    assert clipped_gradient(run(wild, record=RECORD)).shape == (0, 3)
    with pytest.raises(MissingQuantity):
        clipped_gradient(run(quiet, record=["loss"]))
