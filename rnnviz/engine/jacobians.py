"""Per-step Jacobians of the whole state, their products for every lag, and singular values.

The state s_t stacks (h, c) of layer 0, then of layer 1, and so on. P_t = ∂s_T/∂s_t = J_T ⋯ J_{t+1}.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from rnnviz.cells.kernel import Kernel
from rnnviz.engine.passes import CHECK_EVERY, Tick, nothing

LOG10_2 = math.log10(2.0)


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


def suffix_products(jacobians: Tensor, tick: Tick = nothing) -> tuple[Tensor, Tensor]:
    """P_t for every lag T − t = 0 … T as (mantissa, log10 scale): (lag, state, state before) and (lag,) float64.

    The true product is mantissa × 10^scale; powers of two are moved out every few steps, which costs no accuracy.
    """
    time, size = jacobians.shape[:2]
    product = jacobians.new_empty(time + 1, size, size)
    product[0] = torch.eye(size, dtype=jacobians.dtype)
    exponents = [0] * (time + 1)
    steps, exponent = product.unbind(0), 0
    for lag, j in enumerate(jacobians.flip(0).unbind(0), start=1):
        torch.mm(steps[lag - 1], j, out=steps[lag])
        if lag % CHECK_EVERY == 0:
            exponent += renormalise(steps[lag])
            tick(lag / time)
        exponents[lag] = exponent
    return product, torch.tensor(exponents, dtype=torch.float64) * LOG10_2


def renormalise(matrix: Tensor) -> int:
    """Divide in place by the power of two next to the largest entry; give its exponent."""
    largest = float(matrix.abs().max())
    if largest == 0 or not math.isfinite(largest):
        return 0
    exponent = math.frexp(largest)[1]
    matrix.mul_(math.ldexp(1.0, -exponent))
    return exponent


def largest_singular_values(matrices: Tensor) -> Tensor:
    """σ₁ of each of (…, n, m) matrices, float64: from the smaller Gram matrix, exact to rounding; NaN where not finite."""
    matrices = (
        matrices.double()
    )  # in float32 LAPACK does not converge for the Gram matrix of a strongly non-normal product
    wide = matrices.shape[-1] > matrices.shape[-2]
    gram = matrices @ matrices.mT if wide else matrices.mT @ matrices
    finite = torch.isfinite(gram).all(-1).all(-1)  # eigenvalues of NaN can end the process (pytorch#93124)
    largest = torch.linalg.eigvalsh(torch.where(finite[..., None, None], gram, 0))[..., -1]
    return torch.where(finite, largest.clamp_min(0).sqrt(), torch.nan)
