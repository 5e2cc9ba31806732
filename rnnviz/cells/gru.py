"""The gated recurrent unit."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor

from rnnviz.cells.cell import Cell, Parameters, State
from rnnviz.cells.kernel import Kernel
from rnnviz.choice import Range
from rnnviz.initializers import Initializer


class GRU(Cell):
    """h_t = (1 − z) ∘ n + z ∘ h_{t−1}: PyTorch's z keeps the old state (Cho et al. and the lecture notes write 1 − z).

    reset="after":  n = φ(W_in x + b_in + r ∘ (W_hn h + b_hn)), as torch.nn.GRU computes it;
    reset="before": n = φ(W_in x + b_in + W_hn (r ∘ h) + b_hn), as the paper and the notes write it. Not the same function.
    A positive update bias keeps the old state longer, as the forget bias does in the LSTM; PyTorch starts at 0.
    Source: Cho et al. (2014).
    """

    gate_names = ("reset_gate", "update_gate", "candidate")

    kind: Literal["gru"] = Field("gru", repr=False)
    reset: Literal["after", "before"] = "after"
    update_bias: Annotated[float, Range(-6.0, 10.0, step=0.1, symbol="<i>b</i><sub>z</sub>")] = 0.0

    def draw(self, initializer: Initializer, inputs: int, generator: Generator) -> dict[str, Tensor]:
        drawn = super().draw(initializer, inputs, generator)
        drawn["bias_ih"][self.hidden_size : 2 * self.hidden_size] += (
            self.update_bias
        )  # once: two biases do not double it
        return drawn

    def step(self, parameters: Parameters, x: Tensor, state: State) -> tuple[State, Tensor]:
        p, h = parameters, state.hidden_state
        x_r, x_z, x_n = (x @ p["weight_ih"].T + p["bias_ih"]).chunk(3, -1)
        w_r, w_z, w_n = p["weight_hh"].chunk(3)
        b_r, b_z, b_n = p["bias_hh"].chunk(3)
        r = (x_r + h @ w_r.T + b_r).sigmoid()
        z = (x_z + h @ w_z.T + b_z).sigmoid()
        past = r * (h @ w_n.T + b_n) if self.reset == "after" else (r * h) @ w_n.T + b_n
        n = self.phi.function(x_n + past)
        return State((1 - z) * n + z * h), torch.stack([r, z, n])

    def kernel(self) -> type[Kernel] | None:
        return GRUKernel if self.reset == "after" else None


class GRUKernel(Kernel):
    """Reset after the product. With m = W_hn h + b_hn and d = ∂ℓ/∂h_t,

    δ_n = d (1−z) φ'(n),  δ_r = δ_n m r(1−r),  δ_z = d (h_{t−1} − n) z(1−z);  W_hn receives r ∘ δ_n;
    ∂ℓ/∂h_{t−1} = z ∘ d + W_hhᵀ (δ_r, δ_z, r ∘ δ_n).
    """

    def allocate(self) -> None:
        time, size, columns = self.time, self.size, self.columns
        # The candidate's input part must stay outside the reset gate: it is taken out of the one product per step.
        self.candidate_input_weight = self.weight[2 * size :, size:-1].clone()  # W_in and b_in
        self.weight[2 * size :, size:-1] = 0
        self.from_input = self.empty(time, size, columns)
        self.stored = self.empty(time, 3 * size, columns)  # r, z and m
        self.candidate = self.empty(time, size, columns)
        self.factor = self.empty(time, 3, size, columns)
        self.candidate_slope = self.empty(time, size, columns)
        self.gate_view = self.stored.view(time, 3, size, columns)
        self.steps = list(
            zip(
                self.inputs_of_step, self.stored.unbind(0), self.stored[:, : 2 * size].unbind(0),
                *(self.gate_view[:, k].unbind(0) for k in range(3)), self.from_input.unbind(0),
                self.candidate.unbind(0), self.h, self.h[1:], strict=False,
            )
        )  # fmt: skip
        self.delta_of_gate = self.delta_all.view(time + 2, 3, size, columns).unbind(0)
        self.factors, self.update = self.factor.unbind(0), self.gate_view[:, 1].unbind(0)

    def forward(self) -> None:
        mm, addcmul, lerp, weight, in_place = torch.mm, torch.addcmul, torch.lerp, self.weight, self.phi.in_place
        torch.matmul(self.candidate_input_weight, self.rows[:-1, self.size : -1], out=self.from_input)
        for x, a, a_rz, r, z, m, from_input, n, h_before, h in self.steps:
            mm(weight, x, out=a)
            a_rz.sigmoid_()
            addcmul(from_input, r, m, out=n)
            in_place(n)
            lerp(n, h_before, z, out=h)
        self.coefficients()

    def coefficients(self) -> None:
        r, z, m = self.gate_view.unbind(1)
        n, k = self.candidate, self.factor
        torch.mul(self.phi.slope(n), 1 - z, out=self.candidate_slope)
        torch.addcmul(r, r, r, value=-1, out=k[:, 0]).mul_(self.candidate_slope).mul_(m)
        torch.addcmul(z, z, z, value=-1, out=k[:, 1]).mul_(self.rows[:-1, : self.size] - n)
        torch.mul(self.candidate_slope, r, out=k[:, 2])

    def adjoint_step(self, t: int) -> None:
        torch.mul(self.factors[t - 1], self.dh[t], out=self.delta_of_gate[t])

    def carry_adjoint(self, t: int) -> None:
        super().carry_adjoint(t)
        if t < self.time:
            self.dh[t].addcmul_(self.dh[t + 1], self.update[t])

    def input_delta(self) -> Tensor:
        delta = self.deltas.clone()
        torch.mul(self.candidate_slope, self.hidden_adjoint, out=delta[:, 2 * self.size :])
        return delta

    def input_delta_step(self, t: int) -> Tensor:
        delta = self.delta[t].clone()
        torch.mul(self.candidate_slope[t - 1], self.dh[t], out=delta[2 * self.size :])
        return delta

    @property
    def gates(self) -> Tensor:
        return torch.cat([self.gate_view[:, :2], self.candidate[:, None]], 1)

    @property
    def activation_slope(self) -> Tensor:
        return self.phi.slope(self.candidate)

    def jacobian(self, example: int) -> Tensor:
        weight = self.weight_hh.view(3, self.size, self.size)
        j = torch.einsum("tgh,ghk->thk", self.factor[..., example], weight)
        j.diagonal(dim1=-2, dim2=-1).add_(self.gate_view[:, 1, :, example])
        return j

    def input_jacobian(self, example: int) -> Tensor:
        factor = torch.stack([*self.factor[:, :2, :, example].unbind(1), self.candidate_slope[..., example]], 1)
        return torch.einsum("tgh,ghk->thk", factor, self.weight_ih.view(3, self.size, -1))
