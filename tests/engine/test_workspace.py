"""A pass in arrays that were used before is the pass in new ones, whatever those arrays held."""

from __future__ import annotations

import numpy as np
import pytest
from xarray import DataArray

from rnnviz.cells import CELLS, GRU, LSTM, Cell, Elman
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose, diagnose_each
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.engine import run, workspace
from rnnviz.engine.workspace import Workspace
from rnnviz.experiment import Experiment, LossAtStep, comparison
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.tasks import Noise

NARROW = Elman(hidden_size=5)


def experiment(cell: Cell = NARROW, **given: object) -> Experiment:
    return Experiment(task=Noise(sequence_length=20, features=3), batch_size=4, cell=cell, **given)


ONE_SHAPE = [
    experiment(kind(hidden_size=5, layers=2, activation=activation), seed=seed)
    for kind in CELLS
    for seed, activation in enumerate(("tanh", "sigmoid", "tanh", "relu"))
]
BY_AUTOGRAD = [experiment(GRU(hidden_size=5, reset="before", activation=name)) for name in ("tanh", "relu")]


@pytest.mark.parametrize("experiments", [ONE_SHAPE, BY_AUTOGRAD], ids=["closed form", "autograd"])
def test_old_arrays_leave_no_trace(experiments):
    lent = Workspace()
    for one in experiments:
        again, fresh = (run(one, workspace=each) for each in (lent, None))
        assert set(again.data) == set(fresh.data) >= {"gate", "weight_hh_grad_share", "jacobian_product"}
        for name in fresh.data:
            np.testing.assert_array_equal(again.data[name].values, fresh.data[name].values, err_msg=name)


def test_a_run_that_overflows_or_is_judged_early_leaves_none_either():
    cell = LSTM(hidden_size=5, layers=2, activation="relu")
    exploding = experiment(cell, initializer=Orthogonal(scale=Gain(gain=4.0)), dtype="float32")
    exploding = exploding.changed({"task.sequence_length": 400})
    early = experiment(cell, loss=LossAtStep(step=4)).changed({"task.sequence_length": 400})
    lent = Workspace()
    assert run(exploding, workspace=lent).outcome.state == "diverged"
    for one in (early.changed({"seed": 1, "loss.step": 300}), early, exploding, early):
        again, fresh = (run(one, workspace=each) for each in (lent, None))
        assert again.outcome == fresh.outcome
        for name in fresh.data:
            np.testing.assert_array_equal(again.data[name].values, fresh.data[name].values, err_msg=name)


def test_a_pass_that_was_stopped_in_the_middle_leaves_none_either():
    class Stopped(Exception):
        pass

    def stop(progress):
        raise Stopped

    lent = Workspace()
    for one in ONE_SHAPE:
        with pytest.raises(Stopped):
            run(one, workspace=lent, tick=stop)
    for one in ONE_SHAPE:
        again, fresh = (run(one, workspace=each) for each in (lent, None))
        np.testing.assert_array_equal(again.data.hidden_state_grad.values, fresh.data.hidden_state_grad.values)


def test_the_same_arrays_are_used_for_one_shape_and_new_ones_for_another():
    lent = Workspace()
    narrow, wide = experiment(), experiment(Elman(hidden_size=6))
    one, other, last = (run(e, record=["gate"], workspace=lent).data.gate.values for e in (narrow, narrow, wide))
    assert np.shares_memory(one, other)
    assert not np.shares_memory(one, last)


def test_no_more_is_kept_than_there_is_room_for(monkeypatch):
    lent = Workspace()
    run(experiment(), workspace=lent)
    (kernel,) = lent.kernels.values()
    assert kernel.nbytes >= kernel.rows.nbytes + kernel.dh_all.nbytes + kernel.delta_all.nbytes
    monkeypatch.setattr(workspace, "ROOM", kernel.nbytes - 1)
    lent = Workspace()
    run(experiment(), workspace=lent)
    assert not lent.kernels


def test_what_a_diagnostic_gives_outlives_the_next_run():
    """All of them and one that gives a view, for a study whose experiments lend each other their arrays."""
    study = comparison(experiment())
    view = Diagnostic("view", ("hidden_state",), lambda trace: DataArray(trace.data.hidden_state.values[0, :, 0]))
    needs = (*DIAGNOSTICS.values(), view)
    found, kept = {}, {}
    for name, data in diagnose_each(study.experiments(), needs, workspace=Workspace()):
        found[name], kept[name] = data, data.copy(deep=True)
    for name, one in study.experiments().items():
        assert found[name].identical(kept[name]), name
        assert found[name].identical(diagnose(one, needs)), name
