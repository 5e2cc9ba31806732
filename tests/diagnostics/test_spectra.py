"""Spectra of one step and of many: rows 1, 3, 6 and 7, and what holds for any network."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rnnviz.cells import GRU, LSTM, Cell, Elman
from rnnviz.diagnostics import (
    DIAGNOSTICS,
    gate_product,
    jacobian_norm,
    jacobian_paths,
    singular_spectrum,
    step_spectrum,
    weight_spectrum,
)
from rnnviz.engine import run
from rnnviz.engine.budget import NEED_ITEMISED, NEED_PRODUCTS, NEED_STATES, NEED_TANGENTS
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gain, Gaussian, NonNormal, Orthogonal, PyTorchDefault, SpectralRadius
from rnnviz.tasks import Noise
from rnnviz.trace import Trace

LENGTH = 25
ROUNDING = 1e-10
CELLS = [
    Elman(hidden_size=5), Elman(hidden_size=5, layers=2, activation="relu"), LSTM(hidden_size=5, forget_bias=2.0),
    LSTM(hidden_size=4, layers=2), GRU(hidden_size=5, update_bias=1.0), GRU(hidden_size=4, layers=3),
    GRU(hidden_size=4, reset="before"),
]  # fmt: skip
every_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda c: f"{c.kind}-{c.layers}-{getattr(c, 'reset', '')}")


def made(cell: Cell, **rest) -> Experiment:
    options = {"task": Noise(sequence_length=LENGTH), "batch_size": 2, "dtype": "float64"} | rest
    return Experiment(cell=cell, **options)


def product(trace: Trace, lag: int) -> np.ndarray:
    j = trace.data.jacobian.values
    return np.linalg.multi_dot([np.eye(j.shape[1]), np.eye(j.shape[1]), *j[::-1][:lag]])


@every_cell
def test_the_first_singular_value_is_the_norm_and_all_of_them_are_those_of_the_product(cell):
    trace = run(made(cell), example=1)
    spectrum = singular_spectrum(trace)
    assert spectrum["kept_lag"].values.tolist() == list(range(LENGTH + 1))
    assert spectrum.values[:, 0] == pytest.approx(jacobian_norm(trace).values, abs=1e-9)
    found = 10 ** spectrum.values[3]
    assert found == pytest.approx(np.linalg.svd(product(trace, 3), compute_uv=False), abs=1e-12)


def test_an_orthogonal_linear_network_shrinks_every_direction_alike():
    """Row 1: all singular values are g^lag, so the condition number stays 1."""
    experiment = made(Elman(hidden_size=6, activation="identity"), initializer=Orthogonal(scale=Gain(gain=0.9)))
    spectrum = singular_spectrum(run(experiment))
    lags = np.arange(LENGTH + 1)[:, None]
    assert spectrum.values == pytest.approx(np.broadcast_to(lags * math.log10(0.9), spectrum.shape), abs=ROUNDING)


@every_cell
def test_the_paths_add_up_to_the_product(cell):
    """Each part by enumeration: every way through time is a word over {kept, moved}; three steps have eight."""
    trace = run(made(cell), example=1)
    paths, lag = jacobian_paths(trace), 3
    j, size = trace.data.jacobian.values[::-1][:lag], trace.data.sizes["state"]
    keeping = np.zeros((LENGTH, cell.layers, cell.state_size // cell.hidden_size, cell.hidden_size))
    if cell.keeping_gate:
        gate = trace.data.gate.sel(gate_name=cell.keeping_gate).values[..., 1, :]
        keeping[:, :, -1] = np.moveaxis(gate, 0, 1)
    keeping = keeping.reshape(LENGTH, size)[::-1][:lag]
    keeps = keeping[0] > 0
    direct = np.diag(np.prod(keeping, axis=0) * keeps)
    whole = product(trace, lag)
    at = {str(name): 10 ** float(paths.sel(path=name, path_lag=lag)) for name in paths["path"].values}
    assert at["all"] == pytest.approx(np.linalg.norm(whole, 2), rel=1e-9)
    if keeps.any():
        assert at["direct"] == pytest.approx(direct.max(), rel=1e-9)
        detour = (whole - direct)[np.ix_(keeps, keeps)]
        assert at["detour"] == pytest.approx(np.linalg.norm(detour, 2), rel=1e-8)
    if not keeps.all():
        through = j[:, ~keeps][:, :, ~keeps]
        assert at["hidden"] == pytest.approx(
            np.linalg.norm(np.linalg.multi_dot([np.eye(through.shape[1]), *through]), 2), rel=1e-9
        )
    assert set(at) == {"all"} | ({"direct", "detour"} if keeps.any() else set()) | (
        set() if keeps.all() else {"hidden"}
    )


def test_the_direct_path_is_the_slowest_units_product_of_gates():
    for cell in (LSTM(hidden_size=6, forget_bias=1.0), GRU(hidden_size=6)):
        trace = run(made(cell, task=Noise(sequence_length=400)))
        paths = jacobian_paths(trace)
        slowest = gate_product(trace).sel(of_units="largest").values[0][paths["path_lag"].values]
        assert paths.sel(path="direct").values == pytest.approx(slowest, abs=1e-8)
        assert len(paths["path_lag"]) == 200 and paths["path_lag"].values[-1] == 400


def test_without_recurrent_weights_there_is_no_detour():
    """Rows 6 and 7: the gates are held, and c→c (z→z) is all there is, whatever the lag."""
    quiet = {"initializer": Orthogonal(scale=Gain(gain=0.0)), "task": Noise(sequence_length=LENGTH, variance=0.0)}
    for cell in (LSTM(hidden_size=3, forget_bias=3.0), GRU(hidden_size=3, update_bias=3.0)):
        paths = jacobian_paths(run(made(cell, **quiet)))
        assert np.isneginf(paths.sel(path="detour").values).all()
        assert paths.sel(path="direct").values[20] == pytest.approx(math.log10(0.378421), abs=1e-6)


def test_a_detour_far_below_the_direct_path_is_not_lost_in_rounding():
    """Weights of 1e-20: a detour c→h→c is of first order in them, where P − D would be the rounding of P at 1e-16."""
    experiment = made(LSTM(hidden_size=3, forget_bias=3.0))
    weight = 1e-20 * torch.from_numpy(np.random.default_rng(0).standard_normal((12, 3)))
    into = {"weight_ih_l0": torch.full((12, 1), 0.3).double()}
    one, half = (
        jacobian_paths(run(experiment, parameters=into | {"weight_hh_l0": factor * weight})).sel(path="detour").values
        for factor in (1.0, 0.5)
    )
    assert np.isneginf(one[:2]).all()  # the first step back leads from c to h, only the second from there to c
    assert one[2:] - half[2:] == pytest.approx(np.full(LENGTH - 1, math.log10(2)), abs=1e-9)
    assert (one[2:] < -19).all()


def test_one_step_of_a_linear_network_is_its_weight():
    experiment = made(Elman(hidden_size=7, activation="identity"), initializer=Gaussian(scale=Gain(gain=1.0)))
    trace = run(experiment)
    weight = trace.data.weight_hh.values[0]
    for data in (step_spectrum(trace).values[:, 4], weight_spectrum(trace).values[:, 0, 0]):
        found = np.sort_complex(data[0] + 1j * data[1])
        assert found == pytest.approx(np.sort_complex(np.linalg.eigvals(weight)), abs=ROUNDING)
        assert data[2] == pytest.approx(np.linalg.svd(weight, compute_uv=False), abs=ROUNDING)
        assert (np.diff(np.hypot(data[0], data[1])) <= 1e-12).all()


def test_a_chain_has_one_eigenvalue_and_a_larger_norm():
    """Row 3: ρ = .8, ‖W‖₂ = 1.22965: σ₁/ρ = 1.537. Eigenvalues of a defective matrix are known to ε^(1/4) ≈ 1e-4."""
    experiment = made(
        Elman(hidden_size=4), initializer=NonNormal(scale=SpectralRadius(spectral_radius=0.8), chain=0.625)
    )
    real, _, singular = weight_spectrum(run(experiment)).values[:, 0, 0]
    assert real == pytest.approx(np.full(4, 0.8), abs=1e-3) and singular[0] == pytest.approx(1.22965, abs=5e-6)


@every_cell
def test_the_spectral_radius_never_exceeds_the_norm_and_traces_and_determinants_fit(cell):
    trace = run(made(cell, initializer=PyTorchDefault()), example=1)
    real, imaginary, singular = step_spectrum(trace).values
    assert (np.hypot(real, imaginary)[:, 0] <= singular[:, 0] + 1e-12).all()
    j = trace.data.jacobian.values
    assert real.sum(1) == pytest.approx(np.trace(j, axis1=1, axis2=2), abs=1e-10)
    assert np.square(singular).sum(1) == pytest.approx(np.square(j).sum((1, 2)), abs=1e-10)
    assert weight_spectrum(trace).shape == (3, cell.layers, len(cell.gate_names), cell.hidden_size)


def test_a_long_sequence_is_looked_at_in_evenly_spread_places():
    trace = run(made(Elman(hidden_size=64), task=Noise(sequence_length=700)), record=["jacobian", "gate"])
    spectrum, steps = singular_spectrum(trace), step_spectrum(trace)
    assert spectrum["kept_lag"].values[[0, -1]].tolist() == [0, 700] and spectrum.shape == (45, 64)
    assert steps["kept_step"].values[[0, -1]].tolist() == [1, 700] and steps.shape == (3, 190, 64)


def test_whatever_needs_the_cube_of_the_state_is_in_the_budget():
    named = {*NEED_PRODUCTS, *NEED_TANGENTS, *NEED_ITEMISED, *NEED_STATES}
    assert named <= set(DIAGNOSTICS)
    heavy = {"jacobian_product", "tangent_growth", "itemised_log10_norm", "truncated_gradient"}
    assert {name for name, one in DIAGNOSTICS.items() if heavy & {*one.reads, *one.reads_if_there}} <= named


@pytest.mark.parametrize("diagnostic", [singular_spectrum, jacobian_paths, step_spectrum, weight_spectrum])
def test_an_overflow_leaves_what_came_before(diagnostic):
    wild = {"initializer": Gaussian(scale=Gain(gain=4.0)), "dtype": "float32", "task": Noise(sequence_length=400)}
    trace = run(made(Elman(hidden_size=32, activation="identity"), **wild))
    assert trace.outcome.state == "diverged" and np.isfinite(diagnostic(trace).values).all()
