"""The activation φ of a cell: the function, its slope φ' and the largest slope γ.

γ is what Pascanu, Mikolov & Bengio (2013) compare with the largest singular value of W_hh.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

ActivationName = Literal["sigmoid", "tanh", "relu", "identity"]


class Activation(NamedTuple):
    """`slope` takes the output y = φ(a), from which all four derivatives follow without a."""

    function: Callable[[Tensor], Tensor]
    in_place: Callable[[Tensor], object]
    slope: Callable[[Tensor], Tensor]
    largest_slope: float


def tanh_in_place(x: Tensor) -> object:
    # NumPy's vectorised tanh costs a third of torch.tanh on a CPU and keeps the relative accuracy of small values,
    # which 2σ(2x) − 1 loses: with it a state that dies out would stop at the rounding error of 1.
    y = x.numpy()
    return np.tanh(y, out=y)


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(torch.sigmoid, torch.sigmoid_, lambda y: y * (1 - y), 0.25),
    "tanh": Activation(torch.tanh, tanh_in_place, lambda y: 1 - y * y, 1.0),
    "relu": Activation(torch.relu, torch.relu_, lambda y: (y > 0).to(y.dtype), 1.0),
    "identity": Activation(lambda a: a, lambda a: a, torch.ones_like, 1.0),
}
