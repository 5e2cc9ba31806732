"""The gated recurrent unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Generator, Tensor

from rnnviz.activations import Call
from rnnviz.cells.cell import Cell, Parameters, State
from rnnviz.cells.kernel import Array, Kernel, Which, by_example, columns_of, of, outer_products, sum_over_gates
from rnnviz.choice import Range
from rnnviz.initializers import Initializer


class GRU(Cell):
    """h_t = (1 − z) ∘ n + z ∘ h_{t−1}: PyTorch's z keeps the old state (Cho et al. and the lecture notes write 1 − z).

    reset="after":  n = φ(W_in x + b_in + r ∘ (W_hn h + b_hn)), as torch.nn.GRU computes it;
    reset="before": n = φ(W_in x + b_in + W_hn (r ∘ h) + b_hn), as the paper and the notes do: another function.
    A positive update bias keeps the old state longer, as the forget bias does in the LSTM; PyTorch starts at 0.
    Source: Cho et al. (2014).
    """

    gate_names = ("reset_gate", "update_gate", "candidate")
    keeping_gate = "update_gate"

    kind: Literal["gru"] = Field("gru", repr=False)
    reset: Literal["after", "before"] = "after"
    update_bias: Annotated[float, Range(-6.0, 10.0, step=0.1, symbol="<i>b</i><sub>z</sub>")] = 0.0

    def draw(self, initializer: Initializer, inputs: int, generator: Generator) -> dict[str, Tensor]:
        drawn = super().draw(initializer, inputs, generator)
        # Once: PyTorch's two biases do not double it.
        drawn["bias_ih"][self.hidden_size : 2 * self.hidden_size] += self.update_bias
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
        self.stored = self.empty(time, 3 * size, columns)  # r, z and m
        self.candidate = self.empty(time, size, columns)
        self.change = self.empty(time, size, columns)  # h_{t−1} − n
        self.gate_view = self.stored.view(time, 3, size, columns)
        # Step by step, for NumPy; entry t of the gates belongs to time step t + 1.
        r, z, m = self.gate_view.numpy().swapaxes(0, 1)
        self.forward_steps = list(zip(
            self.inputs_of_step, self.stored.numpy(), [gates.sigmoid_ for gates in self.stored[:, : 2 * size].unbind(0)],
            r, z, m, self.candidate.numpy(), self.change.numpy(), self.h, self.h[1:], strict=False,
        ))  # fmt: skip
        self.delta_of_gate = list(self.delta_all.view(time + 2, 4, size, columns).numpy())
        self.input_delta_rz = list(self.delta_all[:, : 2 * size].numpy())
        self.input_delta_n = list(self.delta_all[:, 3 * size :].numpy())
        self.update = list(self.gate_view[:, 1].numpy())
        self.kept = np.empty((size, columns), self.into_past.dtype)

    @property
    def delta_rows(self) -> int:
        return 4 * self.size  # δ_r, δ_z and r ∘ δ_n for W_hh; δ_n in place of the last for W_ih

    def load(self, cell: Cell, parameters: Mapping[str, Tensor], inputs: Tensor) -> None:
        super().load(cell, parameters, inputs)
        # The candidate's input part must stay outside the reset gate: it is taken out of the one product per step.
        of_candidate = self.weight[2 * self.size :, self.size : -1]
        self.candidate_input_weight = of_candidate.clone()  # W_in and b_in
        of_candidate.zero_()

    def calls_of_phi(self) -> Sequence[Call]:
        return self.squash(self.candidate)

    def forward(self) -> None:
        dot, multiply, add, subtract, weight = np.dot, np.multiply, np.add, np.subtract, self.weight.numpy()
        size, gated = self.size, np.empty(self.h[0].shape, weight.dtype)
        np.matmul(self.candidate_input_weight.numpy(), self.rows[:-1, size:-1].numpy(), out=self.candidate.numpy())
        steps = zip(self.forward_steps, self.calls[self.phi], strict=True)
        for (rows, a, sigmoid_rz, r_t, z_t, m_t, n, change, h_before, h), phi in steps:
            dot(weight, rows, a)
            sigmoid_rz()
            multiply(r_t, m_t, gated)
            add(n, gated, n)  # n holds W_in x + b_in until here
            phi()
            subtract(h_before, n, change)
            multiply(z_t, change, h)  # (1 − z) n + z h_{t−1} = n + z (h_{t−1} − n)
            add(h, n, h)

    def coefficients(self, time: slice, examples: slice, k: Tensor) -> None:
        """Fills k with the coefficients of δ_r, δ_z, r ∘ δ_n and δ_n, (time, 4, unit, example)."""
        gates = self.gate_view[time, ..., examples]
        (r, z, m), (k_r, k_z, k_rn, k_n) = gates.unbind(1), k.unbind(1)
        torch.addcmul(gates, gates, gates, value=-1, out=k[:, :3])  # s(1 − s)
        torch.mul(self.phi.slope(self.candidate[time, ..., examples]), 1 - z, out=k_n)
        torch.mul(k_n, r, out=k_rn)
        k_r.mul_(k_n).mul_(m)
        k_z.mul_(self.change[time, ..., examples])

    def coefficients_of(self, example: Which) -> Tensor:
        """The same for the whole sequence, (…, time, 4, unit)."""
        columns = columns_of(example)
        k = self.empty(self.time, 4, self.size, len(range(self.columns)[columns]))
        self.coefficients(slice(0, self.time), columns, k)
        return by_example(k, example)

    def put_coefficients(self, block: slice) -> None:
        k = self.delta_all[1:-1].view(self.time, 4, self.size, self.columns)
        self.coefficients(block, slice(None), k[block])

    def adjoint_step(self, t: int) -> None:
        delta = self.delta_of_gate[t]
        np.multiply(delta, self.dh[t], delta)

    def carry_adjoint(self, t: int) -> None:
        super().carry_adjoint(t)
        if t < self.time:
            np.multiply(self.dh[t + 1], self.update[t], self.kept)
            np.add(self.dh[t], self.kept, self.dh[t])

    @property
    def candidate_delta(self) -> Tensor:
        return self.delta_all[1:-1, 3 * self.size :]

    def input_delta(self) -> Tensor:
        return torch.cat([self.deltas[:, : 2 * self.size], self.candidate_delta], 1)

    def input_delta_step(self, t: int) -> Array:
        return np.concatenate([self.input_delta_rz[t], self.input_delta_n[t]])

    def input_adjoint_step(self, t: int) -> Array:
        split = 2 * self.size
        of_gates = self.into_input[:, :split] @ self.input_delta_rz[t]
        return of_gates + self.into_input[:, split:] @ self.input_delta_n[t]

    def weight_shares(self, exponents: Tensor | None, mean: float) -> tuple[Tensor, Tensor]:
        hh, ih = super().weight_shares(exponents, mean)
        inputs = self.rows[:-1, self.size : -2]
        ih[:, 2 * self.size :] = outer_products(self.candidate_delta, inputs, exponents, mean)
        return hh, ih

    @property
    def gates(self) -> Tensor:
        return torch.cat([self.gate_view[:, :2], self.candidate[:, None]], 1)

    @property
    def activation_slope(self) -> Tensor:
        return self.phi.slope(self.candidate)

    def jacobian(self, example: Which) -> Tensor:
        z, k = of(self.gate_view[:, 1], example), self.coefficients_of(example)
        j = self.empty(*z.shape, self.size)
        sum_over_gates(k[..., :3, :], self.weight_hh.reshape(3, self.size, -1), j)
        j.diagonal(dim1=-2, dim2=-1).add_(z)
        return j

    def input_jacobian(self, example: Which) -> Tensor:
        k = self.coefficients_of(example)
        j = self.empty(*k.shape[:-2], self.size, self.features)
        sum_over_gates(k[..., [0, 1, 3], :], self.weight_ih.reshape(3, self.size, -1), j)
        return j
