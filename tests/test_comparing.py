"""What is trained side by side: the arms, the seeds, and the width at which two networks are equally large."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.clipping import ByNorm
from rnnviz.comparing import (
    COMPARISONS,
    HIGHEST_SEED,
    Activations,
    Cells,
    Clippings,
    ForgetBiases,
    IdentityStart,
    parameter_count,
    side_by_side,
    width_for,
)
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment, Study
from rnnviz.tasks import Adding, Copying
from rnnviz.training import Training

BASE = Experiment(cell=LSTM(hidden_size=10), training=Training(updates=5, clipping=ByNorm(threshold=0.5)))


@pytest.mark.parametrize("cell", [Elman, GRU, LSTM])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("task", [Adding(), Copying()], ids=["adding", "copying"])
def test_the_parameters_are_counted_as_they_are_drawn(cell, layers, task):
    made = Experiment(cell=cell(hidden_size=7, layers=layers), task=task)
    assert parameter_count(made) == sum(value.numel() for value in draw_parameters(made).values())


@settings(max_examples=40, deadline=None)
@given(
    cell=st.sampled_from(["elman", "gru", "lstm"]), layers=st.integers(1, 3), parameters=st.integers(1, 60_000),
)  # fmt: skip
def test_no_other_width_comes_closer(cell, layers, parameters):
    made = BASE.changed({"cell": cell, "cell.layers": layers})
    found = width_for(made, parameters)
    distance = {
        width: abs(parameter_count(made.changed({"cell.hidden_size": width})) - parameters)
        for width in range(max(1, found - 3), min(512, found + 3) + 1)
    }
    assert distance[found] == min(distance.values())  # the count is convex in the width: near is enough


def test_a_width_that_there_is_not_becomes_the_largest():
    assert width_for(BASE.changed({"cell": "elman"}), 10**9) == 512


def test_equal_size_widens_all_but_the_largest():
    study = side_by_side(BASE, Cells(), 1, equal_parameters=True)
    cells = {one.cell.kind: one for one in study.experiments().values()}
    assert cells["lstm"].cell.hidden_size == 10 < cells["gru"].cell.hidden_size < cells["elman"].cell.hidden_size
    largest = parameter_count(cells["lstm"])
    for one in cells.values():  # one unit more or less is the step: 2·gates·H parameters and some
        step = parameter_count(one.changed({"cell.hidden_size": one.cell.hidden_size + 1})) - parameter_count(one)
        assert abs(parameter_count(one) - largest) <= step / 2


@pytest.mark.parametrize("compared", COMPARISONS, ids=lambda kind: kind.__name__)
def test_arms_differ_in_what_is_compared_and_runs_of_an_arm_in_their_seed(compared):
    study = side_by_side(BASE, compared(), 3)
    made = study.experiments()
    assert len(made) == 9 and len({one.key for one in made.values()}) == 9
    assert list(made)[2].endswith("-s0")  # the first seed of every arm goes first
    assert len({one.model_copy(update={"seed": 0}) for one in made.values()}) == 3
    assert {one.seed for one in made.values()} == {0, 1, 2}
    assert Study.from_flat(study.flat()).key == study.key


def test_what_each_comparison_compares():
    def of(compared, path):
        return [one.flat().get(path) for one in side_by_side(BASE, compared, 1).experiments().values()]

    assert of(Cells(), "cell") == ["elman", "lstm", "gru"]
    assert of(Activations(of="gru"), "cell.activation") == ["sigmoid", "tanh", "relu"]
    assert of(Activations(of="gru"), "cell") == ["gru"] * 3
    assert of(Clippings(), "training.clipping") == ["none", "norm", "value"]
    assert of(Clippings(), "training.clipping.threshold") == [None, 0.5, 0.5]  # the base's, where there is one
    assert of(ForgetBiases(), "cell.forget_bias.value") == [0.0, 1.0, 5.0]
    assert of(IdentityStart(), "initializer") == ["identity", "orthogonal", "orthogonal"]
    assert of(IdentityStart(), "cell.activation") == ["relu", "tanh", "tanh"]


def test_what_belongs_to_one_cell_goes_to_that_cell():
    study = side_by_side(BASE, Cells(), 1, own={"gru": {"cell.update_bias": 2.5}})
    assert [one.flat().get("cell.update_bias") for one in study.experiments().values()] == [None, None, 2.5]


def test_seeds_are_counted_up_from_the_bases_and_end_where_they_end():
    seeds = {one.seed for one in side_by_side(BASE.changed({"seed": 7}), Cells(), 2).experiments().values()}
    assert seeds == {7, 8}
    last = side_by_side(BASE.changed({"seed": HIGHEST_SEED}), Cells(), 4)
    assert len(last.experiments()) == 3
