"""Per-step Jacobians of the whole state, their products for every lag, and singular values.

The state s_t stacks (h, c) of layer 0, then of layer 1, and so on. P_t = ∂s_T/∂s_t = J_T ⋯ J_{t+1}.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnviz.cells.kernel import Array, Kernel, Which
from rnnviz.engine.passes import CHECK_EVERY, Tick, nothing

PullBack = Callable[[int, Array, Array], object]
LOG10_2 = math.log10(2.0)
NEAR_ONE = 2.0**24  # of a squared Frobenius norm
TOLERANCE = 5e-6  # relative; the estimate has been right within a factor of two, the promise is 1e-5
SUBSPACE = 4  # vectors: with one, a start that happens to miss the largest direction could pass unseen
ROUNDS = (4, 8, 8, 8, 0)  # iterations after each look at the error; after the last there is nothing left to try
NEIGHBOURS, FIRST, FOLLOWING = 16, 8, 3  # matrices with one start (1 MB at n = 128, a second cache); iterations
MANY = 8  # matrices; for fewer all eigenvalues cost less than the iteration


def state_jacobians(layers: Sequence[Kernel], example: Which) -> Tensor:
    """J_t = ∂s_t/∂s_{t−1} of all layers, (…, time, state, state before): of one example, or (example, …) of a slice.

    Block lower triangular: layer l sees layer m < l through this step's h of the layers between,
    J[l, m] = (∂s^l_t/∂x^l_t) (∂h^{l−1}_t/∂s^m_{t−1}).
    """
    own = [layer.jacobian(example) for layer in layers]
    if len(layers) == 1:
        return own[0]
    size = own[0].shape[-1]
    j = own[0].new_zeros(*own[0].shape[:-2], size * len(layers), size * len(layers))
    for k, layer in enumerate(layers):
        rows = slice(k * size, (k + 1) * size)
        if k:
            below = j[..., (k - 1) * size : (k - 1) * size + layer.size, : k * size]
            j[..., rows, : k * size] = layer.input_jacobian(example) @ below
        j[..., rows, rows] = own[k]
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
    """Divide in place by the power of two next to the largest entry, unless the norm is near one; give its exponent."""
    if 1 / NEAR_ONE < np.vdot(matrix, matrix) < NEAR_ONE:  # a sixth of the time of the largest entry
        return 0
    largest = float(max(matrix.max(), -matrix.min()))
    if largest == 0 or not math.isfinite(largest):
        return 0
    exponent = math.frexp(largest)[1]
    matrix *= math.ldexp(1.0, -exponent)
    return exponent


def largest_singular_values(matrices: Tensor, alike: bool = False) -> Tensor:
    """σ₁ of each of (…, n, m) matrices, float64, to rounding; of many float32 ones that are `alike`, to 1e-5 of its value.

    alike: each is largest in nearly the direction of the one after it, as products ∂s_T/∂s_t are. Of single steps, which
    are not, the iteration takes a smaller one for the largest now and then, and its estimate of the error sees nothing.
    NaN for a matrix that is not finite.
    """
    many = matrices.reshape(-1, *matrices.shape[-2:])
    iterate = alike and len(many) >= MANY and many.dtype == torch.float32
    values = torch.from_numpy(by_iteration(many.numpy())) if iterate else torch.full((len(many),), torch.nan).double()
    left = values.isnan()
    if left.any():
        values[left] = by_eigenvalues(many[left])
    return values.reshape(matrices.shape[:-2])


def by_eigenvalues(matrices: Tensor) -> Tensor:
    """From the smaller Gram matrix of each of (k, n, m); NaN for one that is not finite."""
    scale = matrices.abs().amax((-2, -1)).double()
    usable = torch.isfinite(scale)  # eigenvalues of NaN can end the process (pytorch#93124)
    # In float32 LAPACK does not converge for a strongly non-normal product, and squares below 1e-19 would be lost.
    scaled = matrices[usable].double() / scale[usable, None, None].clamp_min(1e-300)
    gram = scaled @ scaled.mT if scaled.shape[-1] > scaled.shape[-2] else scaled.mT @ scaled
    values = torch.full_like(scale, torch.nan)
    values[usable] = torch.linalg.eigvalsh(gram)[..., -1].clamp_min(0).sqrt() * scale[usable]
    return values


def by_iteration(matrices: Array) -> Array:
    """σ₁ of each of (k, n, m) matrices by subspace iteration; NaN where its own error estimate is not small enough.

    Four to ten times as fast as eigenvalues at n = 64 and 128: it reads every matrix a few times and copies none.
    """
    values = np.full(len(matrices), np.nan)
    with np.errstate(all="ignore"):
        norms = frobenius(matrices)
        left = np.flatnonzero((norms > 1e-15) & (norms < 1e15))  # else their squares are not float32 numbers
        if len(left) == 0:
            return values
        rest = matrices if len(left) == len(matrices) else matrices[left]
        shrink = 1 / np.square(norms[left])[:, None, None]  # with it 1/n ≤ σ₁² ≤ 1, and 8 iterations cannot underflow
        found = from_the_last(rest, shrink)
        for iterations in ROUNDS:
            squares, error = ritz_value(found)
            good = error <= TOLERANCE
            values[left[good]] = np.sqrt(squares[good]) * norms[left[good]]
            left, rest, shrink = left[~good], rest[~good], shrink[~good]
            if len(left) == 0:
                break
            found = iterated(found.image[~good], rest, shrink, iterations)
    return values


def frobenius(matrices: Array) -> Array:
    """‖P‖_F of each of (k, n, m)."""
    as_they_lie = matrices if matrices.flags.c_contiguous else matrices.swapaxes(1, 2)
    flat = as_they_lie.reshape(len(matrices), -1)
    norms: Array = np.sqrt(np.vecdot(flat, flat))  # a third of the time of einsum
    return norms


class Subspaces(NamedTuple):
    """Of k matrices P: Q with orthonormal rows (k, SUBSPACE, n), and what the next iteration has made of it already."""

    q: Array
    gram: Array  # Q P Pᵀ Qᵀ / ‖P‖², (k, SUBSPACE, SUBSPACE)
    image: Array  # Q P Pᵀ / ‖P‖²


def from_the_last(matrices: Array, shrink: Array) -> Subspaces:
    """Each group of neighbours starts from where the group after it has ended, the last from random vectors.

    All products ∂s_T/∂s_t begin at the same s_T, so the directions in which they are largest hardly change with the lag.
    """
    groups, iterations = [], FIRST
    q = np.random.default_rng(0).standard_normal((1, SUBSPACE, matrices.shape[1])).astype(matrices.dtype)
    for end in range(len(matrices), 0, -NEIGHBOURS):
        some = slice(max(0, end - NEIGHBOURS), end)
        groups.append(iterated(q, matrices[some], shrink[some], iterations))
        q, iterations = groups[-1].image[:1], FOLLOWING
    return Subspaces(*(np.concatenate(parts[::-1]) for parts in zip(*groups, strict=True)))


def iterated(q: Array, matrices: Array, shrink: Array, times: int) -> Subspaces:
    """Q becomes orthonormal rows of Q (P Pᵀ)^times, short of the last of them, which is its image."""
    transposed = matrices.swapaxes(1, 2)
    for _ in range(times - 1):
        q = (q @ matrices) @ transposed * shrink
    q = np.linalg.qr(q.swapaxes(1, 2))[0].swapaxes(1, 2)
    z = q @ matrices
    return Subspaces(q, z @ z.swapaxes(1, 2) * shrink, z @ transposed * shrink)


def ritz_value(found: Subspaces) -> tuple[Array, Array]:
    """σ₁²/‖P‖² as Q sees it, and an estimate of the relative error of σ₁.

    With θ the eigenvalues of Q P Pᵀ Qᵀ and r = P Pᵀu − θ₁u the residual of the Ritz vector u, which is orthogonal to Q,
    λ₁ − θ₁ ≈ rᵀ(θ₁ − C)⁻¹r ≤ ‖r‖²/(θ₁ − λ_b): C is what Q does not contain, and λ_b, the largest there, is about θ_b.
    Within a cluster, where ‖r‖ is not small beside that gap, only |λ₁ − θ₁| ≤ ‖r‖ can be trusted.
    """
    theta, vectors = np.linalg.eigh(found.gram.astype(float))
    first, gap = theta[:, -1], theta[:, -1] - theta[:, 0]
    weights = vectors[:, :, -1:].swapaxes(1, 2).astype(found.q.dtype)
    residual = weights @ found.image - first.astype(found.q.dtype)[:, None, None] * (weights @ found.q)
    length = np.sqrt(np.square(residual).sum((1, 2)))
    return first, np.where(length < 0.1 * gap, length / gap, 1) * length / (2 * first)
