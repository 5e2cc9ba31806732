"""Tangents against autograd of the equation, and the frame's growth where the answer is a closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rnnviz.cells import GRU, LSTM, Cell, Elman
from rnnviz.cells.tangent import push_forward
from rnnviz.diagnostics import lyapunov_growth
from rnnviz.diagnostics.lyapunov_growth import exponents
from rnnviz.engine import run
from rnnviz.engine.budget import OverBudget, check_study
from rnnviz.engine.lyapunov import EVERY, WINDOWS, frame_growth, interval, orthogonalise
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.passes import forward
from rnnviz.experiment import Experiment, Study
from rnnviz.initializers import Gain, Gaussian, Identity, Orthogonal, PyTorchDefault
from rnnviz.tasks import Impulse, Noise
from tests.oracles import batch_of, graph, step_jacobian

SIZE, TIME = 5, 12
EXACT = 1e-12
EVERY_CELL = [
    kind(hidden_size=SIZE, layers=layers, activation=activation, **rest)
    for kind, rest in ((Elman, {}), (LSTM, {"forget_bias": 1.0}), (GRU, {}), (GRU, {"reset": "before"}))
    for activation in ("tanh", "sigmoid", "relu")
    for layers in (1, 3)
]
every_cell = pytest.mark.parametrize(
    "cell", EVERY_CELL, ids=lambda c: f"{c.kind}{getattr(c, 'reset', '')}-{c.activation}-{c.layers}"
)


def made(cell: Cell, length: int = TIME, **rest) -> Experiment:
    options = {"task": Noise(sequence_length=length), "initializer": PyTorchDefault(), "batch_size": 2}
    return Experiment(cell=cell, **options | {"dtype": "float64"} | rest)


@every_cell
def test_the_tangent_of_every_step_is_autograds_jacobian(cell):
    experiment = made(cell)
    parameters, (inputs, targets) = draw_parameters(experiment), batch_of(experiment)
    with torch.no_grad():
        push = push_forward(forward(cell, parameters, inputs.transpose(1, 2)), 1)
    drawn = graph(experiment, parameters, inputs, targets)
    unit = np.eye(cell.state_size * cell.layers)
    for t in (1, 2, TIME):
        moved = np.empty_like(unit)
        push(t, unit, moved)
        assert moved == pytest.approx(step_jacobian(experiment, drawn, inputs, t, 1).numpy(), abs=EXACT)


def test_blocks_of_a_cell_without_a_closed_form_follow_each_other(monkeypatch):
    monkeypatch.setattr("rnnviz.cells.tangent.BLOCK", 3 * SIZE**2)  # three steps each
    experiment = made(GRU(hidden_size=SIZE, reset="before", layers=2))
    in_blocks = run(experiment, record=["tangent_growth"]).data.tangent_growth.values
    monkeypatch.undo()
    assert in_blocks == pytest.approx(run(experiment, record=["tangent_growth"]).data.tangent_growth.values, abs=EXACT)


def test_a_diagonal_network_has_the_logarithms_of_its_diagonal_for_exponents():
    """h_t = diag(w) h_{t−1}: λ_i = ln|w_i| exactly, once the frame has turned: by ratios of 0.8^T, T = 400."""
    diagonal = np.array([1.2, -0.9, 0.7, 1e-3, 1e-9])
    growth, ends = frame_growth(lambda t, q, out: np.multiply(diagonal[:, None], q, out), 400, 5)
    found = exponents(growth, ends, 200)[-1]
    assert found == pytest.approx(np.log(np.abs(diagonal)), abs=1e-9)
    leading = exponents(*frame_growth(lambda t, q, out: np.multiply(diagonal[:, None], q, out), 400, 5, 2), 200)
    assert leading[-1] == pytest.approx(found[:2], abs=1e-9)


def test_the_sum_of_all_exponents_is_the_mean_logarithm_of_the_determinant():
    """∏ R_ii = |det J_t|, whatever the frame: exact at every length. For tanh, ln|det J| = Σ ln(1 − h²) + ln|det W|."""
    # In float32 each of the 2 400 slopes is rounded to 2^−24 in an order of operations that is the kernel's own.
    for dtype, tolerance in (("float64", 1e-8), ("float32", 2400 * 2.0**-24)):
        trace = run(made(Elman(hidden_size=8), 300, dtype=dtype))
        h, weight = (trace.data[name].values[0].astype(float) for name in ("hidden_state", "weight_hh"))
        slopes = 1 - trace.data["hidden_state"].values[0, :, 0] ** 2  # in the dtype of the run, as its tangent has them
        expected = np.log(slopes.astype(float)).sum() + 300 * np.linalg.slogdet(weight)[1]
        assert lyapunov_growth(trace).values.sum() == pytest.approx(expected, abs=tolerance), h.shape


def test_an_orthogonal_linear_network_keeps_every_length():
    """Row 1: every exponent is ln g, in every window, without any warm-up."""
    experiment = made(Elman(hidden_size=6, activation="identity"), 97, initializer=Orthogonal(scale=Gain(gain=0.9)))
    growth = lyapunov_growth(run(experiment))
    assert growth.values == pytest.approx(np.full((97, 6), math.log(0.9)), abs=1e-12)


def test_a_relu_that_masks_units_has_exponents_of_minus_infinity():
    """W = I, and inputs that switch unit 2 off: J = diag(1, 0, 1, 0) from then on."""
    experiment = made(
        Elman(hidden_size=4, activation="relu"), 20, initializer=Identity(), task=Impulse(sequence_length=20)
    )
    drawn = draw_parameters(experiment)
    x = float(batch_of(experiment)[0][0, 0, 0])
    into = torch.tensor([[1.0], [-1.0], [2.0], [-2.0]]).double() * (1 if x > 0 else -1)
    zero = torch.zeros(4).double()
    given = {"weight_hh_l0": drawn["weight_hh_l0"], "weight_ih_l0": into, "bias_ih_l0": zero, "bias_hh_l0": zero}
    growth = lyapunov_growth(run(experiment, parameters=given)).values
    assert growth[1:, :2] == pytest.approx(np.zeros((19, 2)), abs=1e-12) and (growth[1:, 2:] == -np.inf).all()
    assert np.isneginf(exponents(growth, np.arange(1, 21), 5)[-1, 2:]).all()


def test_orthogonalising_keeps_the_span_and_gives_the_lengths():
    frame = np.random.default_rng(1).standard_normal((6, 3))
    old = frame.copy()
    logs = orthogonalise(frame)
    assert frame.T @ frame == pytest.approx(np.eye(3), abs=EXACT)
    assert frame @ (frame.T @ old) == pytest.approx(old, abs=EXACT)
    assert logs.sum() == pytest.approx(0.5 * np.linalg.slogdet(old.T @ old)[1], abs=EXACT)


def test_frames_that_part_quickly_are_orthogonalised_more_often():
    assert interval(np.array([0.0, -1.0]), 5) == EVERY
    assert interval(np.array([0.0, -5.0]), 1) == 2 and interval(np.array([0.0, -20.0]), 1) == 1
    assert interval(np.array([0.0, -np.inf]), 5) == 1 and interval(np.full(3, -np.inf), 1) == 1


def test_windows_cover_the_trajectory_and_stay_few():
    push = lambda t, q, out: np.copyto(out, q)  # noqa: E731
    for time in (1, 7, 200, 1999):
        growth, ends = frame_growth(push, time, 2)
        assert len(ends) == len(growth) == min(time, WINDOWS) and ends[-1] == time and (np.diff(ends) > 0).all()


def test_a_warm_up_is_left_out_of_the_mean():
    growth, ends = np.array([[100.0], [1.0], [2.0], [3.0]]), np.array([10, 20, 30, 40])
    assert exponents(growth, ends, 10)[:, 0] == pytest.approx([0.1, 0.15, 0.2])
    assert exponents(growth, ends, 11)[:, 0] == pytest.approx([0.2, 0.25])  # window 2 holds a step of the warm-up
    assert len(exponents(growth, ends, 40)) == 0 and exponents(growth[:0], ends[:0], 0).shape == (0, 1)


def test_a_run_that_overflowed_gives_what_came_before_and_one_that_fell_at_once_gives_nothing():
    wild = {"initializer": Gaussian(scale=Gain(gain=4.0)), "dtype": "float32"}
    trace = run(made(Elman(hidden_size=32, activation="identity"), 400, **wild))
    growth = lyapunov_growth(trace)
    assert trace.outcome.state == "diverged" and growth["window"].values[-1] == trace.outcome.time - 1


def test_a_spectrum_that_is_too_much_work_is_refused_with_what_fits():
    study = Study(base=made(LSTM(hidden_size=128), 4000, batch_size=1))
    with pytest.raises(OverBudget) as refused:
        check_study(study, ["lyapunov_growth"])
    assert refused.value.parameter == "task.sequence_length"
    check_study(Study(base=study.base.changed({"task.sequence_length": refused.value.nearest})), ["lyapunov_growth"])
