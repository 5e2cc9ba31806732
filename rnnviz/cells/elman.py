"""The vanilla (Elman) recurrent cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from rnnviz.activations import Call
from rnnviz.cells.cell import Cell, Parameters, State
from rnnviz.cells.kernel import Array, Kernel, Which, by_example, columns_of


class Elman(Cell):
    """h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh).  Source: Elman (1990); torch.nn.RNN for tanh and ReLU."""

    gate_names = ("candidate",)

    kind: Literal["elman"] = Field("elman", repr=False)

    def step(self, parameters: Parameters, x: Tensor, state: State) -> tuple[State, Tensor]:
        p = parameters
        a = x @ p["weight_ih"].T + p["bias_ih"] + state.hidden_state @ p["weight_hh"].T + p["bias_hh"]
        h = self.phi.function(a)
        return State(h), h[None]

    def kernel(self) -> type[Kernel]:
        return ElmanKernel


class ElmanKernel(Kernel):
    """D = φ'(a_t);  J_t = diag(D) W_hh;  δ_t = D ∘ ∂ℓ/∂h_t;  ∂ℓ/∂h_{t−1} = W_hhᵀ δ_t."""

    def allocate(self) -> None:
        pass

    def calls_of_phi(self) -> Sequence[Call]:
        return self.squash(self.hidden)

    def forward(self) -> None:
        dot, weight = np.dot, self.weight.numpy()
        for z, h, phi in zip(self.inputs_of_step, self.h[1:], self.calls[self.phi], strict=True):
            dot(weight, z, h)
            phi()

    def put_coefficients(self, block: slice) -> None:
        self.deltas[block] = self.phi.slope(self.hidden[block])

    def adjoint_step(self, t: int) -> None:
        delta = self.delta[t]
        np.multiply(delta, self.dh[t], delta)

    @property
    def gates(self) -> Tensor:
        return self.hidden[:, None]

    @property
    def activation_slope(self) -> Tensor:
        return self.phi.slope(self.hidden)

    def jacobian(self, example: Which) -> Tensor:
        return self.scaled(example, self.weight_hh)

    def input_jacobian(self, example: Which) -> Tensor:
        return self.scaled(example, self.weight_ih)

    def scaled(self, example: Which, weight: Tensor) -> Tensor:
        slopes = self.slope_of(example)
        return torch.mul(slopes, weight, out=self.empty(*slopes.shape[:-1], weight.shape[1]))

    def slope_of(self, example: Which) -> Tensor:
        """D, (…, time, unit, 1)."""
        return by_example(self.phi.slope(self.hidden[..., columns_of(example)]), example)[..., None]

    def pull_back(self, example: int) -> Callable[[int, Array, Array], object]:
        # J_tᵀ P = W_hhᵀ (D_t P): one product with the weights that all steps share, and J_t is never formed.
        slopes, into_past = list(self.slope_of(example).numpy()), self.into_past
        scratch = np.empty((self.size, self.size), into_past.dtype)

        def step(t: int, after: Array, before: Array) -> None:
            np.multiply(slopes[t - 1], after, scratch)
            np.dot(into_past, scratch, before)

        return step
