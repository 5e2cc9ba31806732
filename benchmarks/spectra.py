"""Spectra: Lyapunov exponents, all singular values of long products, and 64 gains at once.

The peers are what one would write by hand: Jacobians by `jacrev`, a QR at every step; the product as one matrix and its SVD.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from benchmarks.peers import Case, mapped_jacobians, states_before
from benchmarks.timing import Row, race
from rnnviz.cells import Elman
from rnnviz.cells.kernel import Array
from rnnviz.cells.tangent import push_forward
from rnnviz.diagnostics import gradient_flow, jacobian_norm
from rnnviz.diagnostics.diagnose import diagnose
from rnnviz.engine.graded import product_singular_values
from rnnviz.engine.jacobians import state_jacobians
from rnnviz.engine.lyapunov import frame_growth
from rnnviz.engine.passes import forward
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.tasks import Noise

STEPS, LAGS = 200, 60
GAINS = np.linspace(0.5, 2.0, 64)
GOALS = {(32, 1): 5.0, (64, 4): 15.0}


def rows() -> Iterator[Row]:
    yield from exponents()
    yield from singular_values()
    for (size, batch), goal in GOALS.items():
        yield gains(size, batch, goal)


def exponents() -> Iterator[Row]:
    """The whole state of an LSTM with 32 units."""
    case = Case.of("LSTM", 32, 1, time=STEPS)
    exactly = {name: value.double() for name, value in case.parameters.items()}
    case = case._replace(parameters=exactly, inputs=case.inputs.double())
    with torch.no_grad():
        layers = forward(case.experiment.cell, case.parameters, case.inputs.mT)
    push, size = push_forward(layers, 0), layers[0].cell_choice.state_size

    def ours() -> Array:
        grown: Array = frame_growth(push, STEPS, size)[0].sum(0)
        return grown

    def by_hand() -> Array:
        return summed_growth(mapped_jacobians(case, states_before(case))[:, 0].numpy())

    raced = race(by_hand, ours, seconds=4)
    yield Row("Lyapunov spectrum, T = 200, 2H = 64: jacrev and QR / rnnviz", raced.ratio, note=raced.note)
    exact = summed_growth(np.asarray(state_jacobians(layers, 0)))
    error = float(np.abs(ours() - exact).max() / STEPS)
    yield Row("    error of an exponent against a QR at every step, nepers", error, 1e-8)


def summed_growth(jacobians: Array) -> Array:
    """Σ ln R_ii of the same starting frame, orthogonalised at every step."""
    size = jacobians.shape[-1]
    frame, growth = np.linalg.qr(np.random.default_rng(0).standard_normal((size, size)))[0], np.zeros(size)
    for jacobian in jacobians:
        frame, r = np.linalg.qr(jacobian @ frame)
        growth += np.log(np.abs(np.diag(r)))
    return growth


def singular_values() -> Iterator[Row]:
    """J_t = Q_t D Q_{t−1}ᵀ with the Q orthogonal: the singular values of the product are those of D, each to the lag."""
    drawn, size = np.random.default_rng(1), 32
    turns = [np.linalg.qr(drawn.standard_normal((size, size)))[0] for _ in range(STEPS + 1)]
    log10 = -np.linspace(0.0, 1.0, size)
    jacobians = np.stack([after @ np.diag(10**log10) @ before.T for before, after in pairwise(turns)])
    lags = np.linspace(0, STEPS, LAGS).round().astype(int)

    def ours() -> Array:
        return product_singular_values(jacobians, lags)

    raced = race(ours, lambda: one_matrix(jacobians, lags), seconds=4)
    yield Row(f"all σ of products at {LAGS} lags, n = 32: rnnviz / one SVD each", raced.ratio, note=raced.note)
    exact = lags[:, None] * log10
    ours_off, naive_off = (float(np.abs(found - exact).max()) for found in (ours(), one_matrix(jacobians, lags)))
    yield Row("    largest error of a log₁₀ σ over 200 decades", ours_off, 1e-8, note=f"one SVD each: {naive_off:.3g}")


def one_matrix(jacobians: Array, lags: Array) -> Array:
    """What NumPy gives for the product as it stands."""
    product, found = np.eye(len(jacobians[0])), []
    for lag in range(len(jacobians) + 1):
        product = product @ jacobians[-lag] if lag else product
        if lag in set(lags.tolist()):
            found.append(np.linalg.svd(product, compute_uv=False))
    return np.log10(np.maximum(np.stack(found), 1e-300))


def gains(size: int, batch: int, goal: float) -> Row:
    """Gradient flow and product norms of 64 networks that differ in their gain, one after the other as a sweep has them."""

    def at(gain: float) -> object:
        cell, task = Elman(hidden_size=size), Noise(sequence_length=100)
        initializer = Orthogonal(scale=Gain(gain=round(float(gain), 2)))
        experiment = Experiment(cell=cell, task=task, initializer=initializer, batch_size=batch)
        return diagnose(experiment, (gradient_flow, jacobian_norm))

    raced = race(lambda: [at(gain) for gain in GAINS], lambda: at(1.0), seconds=6)
    return Row(f"64 gains / one, RNN H = {size}, batch {batch}", raced.ratio, goal, note=raced.note)
