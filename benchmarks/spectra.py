"""Spectra: Lyapunov exponents, all singular values of long products, and 64 gains at once.

The peers are what one would write by hand: Jacobians by `jacrev`, a QR at every step; the product as one matrix and its SVD.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch

from benchmarks.grid import frobenius
from benchmarks.peers import Case, mapped_jacobians, states_before
from benchmarks.timing import Row, race
from rnnviz.cells import Elman
from rnnviz.cells.kernel import Array, Kernel
from rnnviz.cells.tangent import push_forward
from rnnviz.diagnostics import gradient_flow, gradient_kept, gradient_rate, jacobian_norm
from rnnviz.diagnostics.diagnose import diagnose, diagnose_each
from rnnviz.engine.data import draw_batch
from rnnviz.engine.gains import Gains
from rnnviz.engine.graded import product_singular_values
from rnnviz.engine.jacobians import state_jacobians, state_products
from rnnviz.engine.lyapunov import frame_growth
from rnnviz.engine.network import DTYPES, draw_parameters, loss_gradient
from rnnviz.engine.norms import log10_norm
from rnnviz.engine.passes import backward, forward
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
        yield from gains(size, batch, goal)


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


def gains(size: int, batch: int, goal: float) -> Iterator[Row]:
    """Gradient norms of 64 networks that differ in their gain, from weights and data that are there already.

    One network goes the way of every other. Then with the norms of all products of Jacobians of one example (Frobenius);
    and as a sweep has them, described and diagnosed: at once where only the gradient is read, else one by one.
    """
    base = Experiment(
        cell=Elman(hidden_size=size),
        task=Noise(sequence_length=100),
        initializer=Orthogonal(scale=Gain()),
        batch_size=batch,
    )
    weights, data = draw_parameters(base), draw_batch(base)

    def at_once(products: bool) -> object:
        with torch.no_grad():
            found = Gains(base, weights, data, GAINS)
            return found.gradient_norms(), products and found.kernel.product_norms(0)

    def alone(products: bool) -> object:
        """By what `run` is made of."""
        with torch.no_grad():
            layers = forward(base.cell, weights, data.inputs.to(DTYPES[base.dtype]).transpose(1, 2))
            last = layers[0].hidden[-1:]
            gradient, _ = loss_gradient(weights, last, data.targets[-1:], base.task.judgement)
            exponents = backward(layers, range(layers[0].time, layers[0].time + 1), gradient)
            return log10_norm(layers[0].state_adjoint, exponents), products and product_norms(layers)

    raced = race(lambda: at_once(False), lambda: alone(False), seconds=6)
    yield Row(f"64 gains / one, RNN H = {size}, batch {batch}", raced.ratio, goal, note=raced.note)
    raced = race(lambda: at_once(True), lambda: alone(True), seconds=6)
    yield Row("    and the norms of all products", raced.ratio, note=raced.note)
    many = {str(gain): base.changed({"initializer.scale.gain": gain}) for gain in GAINS.round(2).tolist()}
    for needs, words in (
        ((gradient_kept, gradient_rate), "    as results of 64 experiments, the gradient"),
        ((gradient_flow, jacobian_norm), "    as results of 64 experiments, every σ₁ (one by one)"),
    ):
        raced = race(lambda n=needs: dict(diagnose_each(many, n)), lambda n=needs: diagnose(base, n), seconds=6)
        yield Row(words, raced.ratio, note=raced.note)


def product_norms(layers: Sequence[Kernel]) -> torch.Tensor:
    products, scale = state_products(layers, 0)
    return scale + torch.from_numpy(np.log10(frobenius(products.numpy())))
