"""The activation φ of a cell: the function, its slope φ' and the largest slope γ.

γ is what Pascanu, Mikolov & Bengio (2013) compare with the largest singular value of W_hh.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

ActivationName = Literal["sigmoid", "tanh", "relu", "identity"]
Call = Callable[[], object]


class Activation(NamedTuple):
    """`slope` takes the output y = φ(a), from which all four derivatives follow without a.

    `by_step(a, y)` gives for every entry of two equally long tensors, which may be the same, the call that puts φ(a_t)
    into y_t.
    """

    function: Callable[[Tensor], Tensor]
    by_step: Callable[[Tensor, Tensor], Sequence[Call]]
    slope: Callable[[Tensor], Tensor]
    largest_slope: float


def sigmoid_by_step(a: Tensor, y: Tensor) -> Sequence[Call]:
    if a is y:
        return [each.sigmoid_ for each in y.unbind(0)]
    return [partial(torch.sigmoid, before, out=after) for before, after in zip(a, y, strict=True)]


def tanh_by_step(a: Tensor, y: Tensor) -> Sequence[Call]:
    # NumPy's vectorised tanh costs a third of torch.tanh on a CPU and keeps the relative accuracy of small values,
    # which 2σ(2x) − 1 loses: with it a state that dies out would stop at the rounding error of 1.
    return [partial(np.tanh, before, after) for before, after in zip(a.numpy(), y.numpy(), strict=True)]


def relu_by_step(a: Tensor, y: Tensor) -> Sequence[Call]:
    zero: np.ndarray[Any, Any] = torch.zeros((), dtype=y.dtype).numpy()
    return [partial(np.maximum, before, zero, out=after) for before, after in zip(a.numpy(), y.numpy(), strict=True)]


def identity_by_step(a: Tensor, y: Tensor) -> Sequence[Call]:
    return [partial(np.copyto, after, before) for before, after in zip(a.numpy(), y.numpy(), strict=True)]


ONE = {dtype: torch.ones((), dtype=dtype) for dtype in (torch.float32, torch.float64)}
ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(torch.sigmoid, sigmoid_by_step, lambda y: torch.addcmul(y, y, y, value=-1), 0.25),
    "tanh": Activation(torch.tanh, tanh_by_step, lambda y: torch.addcmul(ONE[y.dtype], y, y, value=-1), 1.0),
    "relu": Activation(torch.relu, relu_by_step, lambda y: (y > 0).to(y.dtype), 1.0),
    "identity": Activation(lambda a: a, identity_by_step, torch.ones_like, 1.0),
}
