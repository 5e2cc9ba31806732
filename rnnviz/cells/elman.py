"""The vanilla (Elman) recurrent cell."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from rnnviz.cells.cell import Cell, Parameters, State
from rnnviz.cells.kernel import Kernel


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
        self.slope = self.empty(self.time, self.size, self.columns)
        self.slopes = self.slope.unbind(0)

    def forward(self) -> None:
        mm, weight, in_place = torch.mm, self.weight, self.phi.in_place
        for z, h in zip(self.inputs_of_step, self.h[1:], strict=False):
            mm(weight, z, out=h)
            in_place(h)
        self.slope.copy_(self.phi.slope(self.hidden))

    def adjoint_step(self, t: int) -> None:
        torch.mul(self.dh[t], self.slopes[t - 1], out=self.delta[t])

    @property
    def gates(self) -> Tensor:
        return self.hidden[:, None]

    @property
    def activation_slope(self) -> Tensor:
        return self.slope

    def jacobian(self, example: int) -> Tensor:
        return self.slope[:, :, example, None] * self.weight_hh

    def input_jacobian(self, example: int) -> Tensor:
        return self.slope[:, :, example, None] * self.weight_ih
