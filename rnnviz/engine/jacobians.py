"""Per-step Jacobians of the whole state, their products for every lag, and singular values.

The state s_t stacks (h, c) of layer 0, then of layer 1, and so on. P_t = ∂s_T/∂s_t = J_T ⋯ J_{t+1}.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.cells.kernel import Array, Kernel
from rnnviz.engine.passes import CHECK_EVERY, Tick, nothing

PullBack = Callable[[int, Array, Array], object]
LOG10_2 = math.log10(2.0)
TOLERANCE = 5e-6  # relative; the estimate has been right within a factor of two, the promise is 1e-5
SUBSPACE = 4  # vectors: with one, a start that happens to miss the largest direction could pass unseen
ROUNDS = (4, 8, 8, 8, 8)  # iterations until the error is looked at; with 1/√n ≤ σ₁ ≤ 1, 8 cannot underflow
MANY = 8  # matrices; for fewer all eigenvalues cost less than the iteration


def state_jacobians(layers: Sequence[Kernel], example: int) -> Tensor:
    """J_t = ∂s_t/∂s_{t−1} of all layers for one example, (time, state, state before).

    Block lower triangular: layer l sees layer m < l through this step's h of the layers between,
    J[l, m] = (∂s^l_t/∂x^l_t) (∂h^{l−1}_t/∂s^m_{t−1}).
    """
    own = [layer.jacobian(example) for layer in layers]
    if len(layers) == 1:
        return own[0]
    size = own[0].shape[-1]
    j = own[0].new_zeros(len(own[0]), size * len(layers), size * len(layers))
    for k, layer in enumerate(layers):
        rows = slice(k * size, (k + 1) * size)
        if k:
            below = j[:, (k - 1) * size : (k - 1) * size + layer.size, : k * size]
            j[:, rows, : k * size] = layer.input_jacobian(example) @ below
        j[:, rows, rows] = own[k]
    return j


def state_products(layers: Sequence[Kernel], example: int, tick: Tick = nothing) -> tuple[Tensor, Tensor]:
    """P_t of all layers for one example, as `suffix_products` gives them."""
    if len(layers) > 1:
        return suffix_products(state_jacobians(layers, example), tick)
    (layer,) = layers
    size = layer.cell_choice.state_size
    return products(layer.pull_back(example), (layer.time, size, size), layer.into_past.dtype, tick)


def suffix_products(jacobians: Tensor, tick: Tick = nothing) -> tuple[Tensor, Tensor]:
    """P_t for every lag T − t = 0 … T as (mantissa, log10 scale): (lag, state, state before) and (lag,) float64.

    The true product is mantissa × 10^scale; powers of two are moved out every few steps, which costs no accuracy.
    """
    transposed = jacobians.mT.numpy()
    return products(
        lambda t, after, before: np.dot(transposed[t - 1], after, before), jacobians.shape, transposed.dtype, tick
    )


def products(pull_back: PullBack, shape: Sequence[int], dtype: np.dtype[Any], tick: Tick) -> tuple[Tensor, Tensor]:
    """P_tᵀ = J_{t+1}ᵀ P_{t+1}ᵀ: column k of P_tᵀ is the gradient of coordinate k of s_T with respect to s_t."""
    time, size, _ = shape
    transposed = np.empty((time + 1, size, size), dtype)  # NumPy's: from 4 MB on it asks Linux for large pages
    transposed[0] = np.eye(size)
    exponents = np.zeros(time + 1)
    steps, exponent = list(transposed), 0
    with np.errstate(all="ignore"):
        for lag in range(1, time + 1):
            pull_back(time - lag + 1, steps[lag - 1], steps[lag])
            if lag % CHECK_EVERY == 0:
                exponent += renormalise(steps[lag])
                tick(lag / time)
            exponents[lag] = exponent
    return torch.from_numpy(transposed).mT, torch.from_numpy(exponents * LOG10_2)


def renormalise(matrix: Array) -> int:
    """Divide in place by the power of two next to the largest entry; give its exponent."""
    largest = float(max(matrix.max(), -matrix.min()))
    if largest == 0 or not math.isfinite(largest):
        return 0
    exponent = math.frexp(largest)[1]
    matrix *= math.ldexp(1.0, -exponent)
    return exponent


def largest_singular_values(matrices: Tensor) -> Tensor:
    """σ₁ of each of (…, n, m) matrices, float64. Many float32 matrices: to 1e-5 of its value; others to rounding.

    NaN for a matrix that is not finite.
    """
    many = matrices.reshape(-1, *matrices.shape[-2:])
    scale = many.abs().amax((-2, -1))  # squares of numbers below 1e-19 would be lost in float32
    usable = torch.isfinite(scale) & (scale > 0)
    scaled = many[usable] / scale[usable, None, None]
    iterate = len(scaled) >= MANY and many.dtype == torch.float32
    found = by_iteration(scaled.numpy()) if iterate else by_eigenvalues(scaled)
    values = torch.where(torch.isfinite(scale), 0.0, torch.nan).double()
    values[usable] = found * scale[usable].double()
    return values.reshape(matrices.shape[:-2])


def by_eigenvalues(matrices: Tensor) -> Tensor:
    """From the smaller Gram matrix. Only for finite ones: eigenvalues of NaN can end the process (pytorch#93124)."""
    matrices = matrices.double()  # in float32 LAPACK does not converge for a strongly non-normal product
    wide = matrices.shape[-1] > matrices.shape[-2]
    gram = matrices @ matrices.mT if wide else matrices.mT @ matrices
    return torch.linalg.eigvalsh(gram)[..., -1].clamp_min(0).sqrt()


def by_iteration(matrices: Array) -> Tensor:
    """Subspace iteration: the rows of Q (a few random vectors at first) become orthonormal rows of Q (P Pᵀ)^k.

    Where its own error estimate is not small enough after the last round (a cluster of almost equal singular values), all
    eigenvalues are computed instead. Four to ten times as fast as eigenvalues at n = 64 and 128.
    """
    norms = np.sqrt(np.einsum("kij,kij->k", matrices, matrices))
    matrices = matrices / norms[:, None, None]  # now 1/√n ≤ σ₁ ≤ 1
    q = np.random.default_rng(0).standard_normal((1, SUBSPACE, matrices.shape[1])).astype(matrices.dtype)
    values, left = np.empty(len(matrices)), np.arange(len(matrices))
    with np.errstate(all="ignore"):
        for iterations in ROUNDS:
            p = matrices[left]
            transposed = p.swapaxes(1, 2)
            for _ in range(iterations):
                q = (q @ p) @ transposed
            q = torch.linalg.qr(torch.from_numpy(q).mT)[0].mT.numpy()
            values[left], error = ritz_value(p, q)
            undecided = ~(error <= TOLERANCE)
            left, q = left[undecided], q[undecided]
            if len(left) == 0:
                break
    values[left] = by_eigenvalues(torch.from_numpy(matrices[left])).numpy()
    return torch.from_numpy(values * norms)


def ritz_value(p: Array, q: Array) -> tuple[Array, Array]:
    """The largest singular value of Q P and an estimate of its relative error.

    With θ the eigenvalues of Q P Pᵀ Qᵀ and r = P Pᵀu − θ₁u the residual of the Ritz vector u, which is orthogonal to Q,
    λ₁ − θ₁ ≈ rᵀ(θ₁ − C)⁻¹r ≤ ‖r‖²/(θ₁ − λ_b): C is what Q does not contain, and λ_b, the largest there, is about θ_b.
    Within a cluster, where ‖r‖ is not small beside that gap, only |λ₁ − θ₁| ≤ ‖r‖ can be trusted.
    """
    z = q @ p
    theta, vectors = (part.numpy() for part in torch.linalg.eigh(torch.from_numpy(z @ z.swapaxes(1, 2)).double()))
    first, gap = theta[:, -1], theta[:, -1] - theta[:, 0]
    weights = vectors[:, :, -1:].swapaxes(1, 2).astype(p.dtype)
    residual = (weights @ z) @ p.swapaxes(1, 2) - first.astype(p.dtype)[:, None, None] * (weights @ q)
    length = np.sqrt(np.square(residual).sum((1, 2)))
    return np.sqrt(first), np.where(length < 0.1 * gap, length / gap, 1) * length / (2 * first)
