"""The long short-term memory cell."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from pydantic import BeforeValidator, Field
from torch import Generator, Tensor

from rnnviz.cells.cell import Cell, Parameters, State
from rnnviz.cells.kernel import Kernel
from rnnviz.choice import Choice, Range
from rnnviz.initializers import Initializer


class ForgetBias(Choice):
    """Added once to the forget gate, however many bias vectors the library keeps: PyTorch's two do not double it."""

    kind: Literal["constant"] = Field("constant", repr=False)
    value: Annotated[float, Range(-6.0, 10.0, step=0.1, symbol="<i>b</i><sub>f</sub>")] = 0.0

    def apply(self, bias_ih: Tensor, bias_hh: Tensor, size: int, generator: Generator) -> None:
        bias_ih[size : 2 * size] += self.value


class Chrono(Choice):
    """b_f = ln U(1, T_max − 1), b_i = −b_f: forgetting times spread up to T_max.  Source: Tallec & Ollivier (2018).

    Drawn once and set as the sum of the two biases; drawing both vectors would square the time constants.
    """

    kind: Literal["chrono"] = Field("chrono", repr=False)
    longest_lag: Annotated[int, Range(3, 10_000, symbol="<i>T</i><sub>max</sub>", unit="time steps", log=True)] = 100

    def apply(self, bias_ih: Tensor, bias_hh: Tensor, size: int, generator: Generator) -> None:
        spread = torch.rand(size, generator=generator, dtype=torch.float64)
        bias_hh[: 2 * size] = 0.0
        bias_ih[size : 2 * size] = (1 + spread * (self.longest_lag - 2)).log()
        bias_ih[:size] = -bias_ih[size : 2 * size]


def bare_number(given: Any) -> Any:
    """`LSTM(forget_bias=1)` means ForgetBias(value=1.0)."""
    return ForgetBias(value=given) if isinstance(given, int | float) and not isinstance(given, bool) else given


class LSTM(Cell):
    """c_t = f ∘ c_{t−1} + i ∘ g,  h_t = o ∘ φ(c_t);  i, f, o = σ(…), g = φ(…), in PyTorch's order i, f, g, o.

    φ squashes the candidate and the output; the gates stay sigmoid.
    Source: Hochreiter & Schmidhuber (1997); forget gate: Gers, Schmidhuber & Cummins (2000).
    """

    gate_names = ("input_gate", "forget_gate", "candidate", "output_gate")
    has_cell_state = True

    kind: Literal["lstm"] = Field("lstm", repr=False)
    forget_bias: Annotated[
        Annotated[ForgetBias | Chrono, Field(discriminator="kind")], BeforeValidator(bare_number)
    ] = ForgetBias()

    def draw(self, initializer: Initializer, inputs: int, generator: Generator) -> dict[str, Tensor]:
        drawn = super().draw(initializer, inputs, generator)
        self.forget_bias.apply(drawn["bias_ih"], drawn["bias_hh"], self.hidden_size, generator)
        return drawn

    def step(self, parameters: Parameters, x: Tensor, state: State) -> tuple[State, Tensor]:
        p = parameters
        assert state.cell_state is not None
        a = x @ p["weight_ih"].T + p["bias_ih"] + state.hidden_state @ p["weight_hh"].T + p["bias_hh"]
        i, f, g, o = a.chunk(4, -1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), self.phi.function(g), o.sigmoid()
        c = f * state.cell_state + i * g
        return State(o * self.phi.function(c), c), torch.stack([i, f, g, o])

    def kernel(self) -> type[Kernel]:
        return LSTMKernel


class LSTMKernel(Kernel):
    """With q_t = φ(c_t) and k the slope of each gate times what it multiplies,

    ∂ℓ/∂c_t = ∂ℓ/∂h_t ∘ o φ'(c_t) + f_{t+1} ∘ ∂ℓ/∂c_{t+1};   δ = (k_i, k_f, k_g) ∘ ∂ℓ/∂c_t and k_o ∘ ∂ℓ/∂h_t,
    k_i = i(1−i) g,  k_f = f(1−f) c_{t−1},  k_g = φ'(g) i,  k_o = o(1−o) q_t.
    """

    def allocate(self) -> None:
        time, size, columns = self.time, self.size, self.columns
        self.stored = self.empty(time, 4 * size, columns)  # i, f, g, o after their squashing
        self.cell = self.empty(time + 1, size, columns)
        self.squashed_cell = self.empty(time, size, columns)
        self.factor = self.empty(time, 4, size, columns)
        self.through_output = self.empty(time, size, columns)  # ∂h_t/∂c_t = o φ'(c_t)
        self.cell_adjoint = self.empty(time + 1, size, columns)  # ∂ℓ/∂c_t
        self.carried = self.empty(time + 1, size, columns)  # its part from the future: f_{t+1} ∘ ∂ℓ/∂c_{t+1}
        self.cell[0] = 0
        self.gate_view = self.stored.view(time, 4, size, columns)
        self.steps = list(
            zip(
                self.inputs_of_step, self.stored.unbind(0),
                self.stored[:, : 2 * size].unbind(0), *(self.gate_view[:, k].unbind(0) for k in range(4)),
                self.cell.unbind(0), self.cell[1:].unbind(0), self.squashed_cell.unbind(0), self.h[1:], strict=False,
            )
        )  # fmt: skip
        self.dc, self.carry = self.cell_adjoint.unbind(0), self.carried.unbind(0)
        delta = self.delta_all.view(time + 2, 4, size, columns)
        self.delta_ifg, self.delta_o = delta[:, :3].unbind(0), delta[:, 3].unbind(0)
        self.factor_ifg, self.factor_o = self.factor[:, :3].unbind(0), self.factor[:, 3].unbind(0)
        self.forget, self.output_path = self.gate_view[:, 1].unbind(0), self.through_output.unbind(0)

    def forward(self) -> None:
        mm, mul, weight, in_place = torch.mm, torch.mul, self.weight, self.phi.in_place
        for z, a, a_if, i, f, g, o, c_before, c, q, h in self.steps:
            mm(weight, z, out=a)
            a_if.sigmoid_()
            o.sigmoid_()
            in_place(g)
            mul(f, c_before, out=c)
            c.addcmul_(i, g)
            q.copy_(c)
            in_place(q)
            mul(o, q, out=h)
        self.coefficients()

    def coefficients(self) -> None:
        i, _, g, o = self.gate_view.unbind(1)
        k, q = self.factor, self.squashed_cell
        torch.addcmul(self.gate_view, self.gate_view, self.gate_view, value=-1, out=k)  # s(1 − s); g's is replaced
        k[:, 0].mul_(g)
        k[:, 1].mul_(self.cell[:-1])
        torch.mul(self.phi.slope(g), i, out=k[:, 2])
        k[:, 3].mul_(q)
        torch.mul(self.phi.slope(q), o, out=self.through_output)

    def adjoint_step(self, t: int) -> None:
        dh, dc, carry = self.dh[t], self.dc[t], self.carry[t]
        torch.addcmul(carry, dh, self.output_path[t - 1], out=dc)
        torch.mul(self.factor_ifg[t - 1], dc, out=self.delta_ifg[t])
        torch.mul(self.factor_o[t - 1], dh, out=self.delta_o[t])
        torch.mul(self.forget[t - 1], dc, out=self.carry[t - 1])

    def begin_adjoint(self, t: int) -> None:
        super().begin_adjoint(t)
        self.carried[t:].zero_()
        self.cell_adjoint[t + 1 :].zero_()

    def rescale(self, t: int, factor: Tensor) -> None:
        super().rescale(t, factor)
        for adjoint in (self.dc[t], self.carry[t], self.carry[t - 1]):
            adjoint.mul_(factor)

    @property
    def gates(self) -> Tensor:
        return self.gate_view

    @property
    def activation_slope(self) -> Tensor:
        return self.phi.slope(self.gate_view[:, 2])

    @property
    def cell_states(self) -> Tensor:
        return self.cell[1:]

    @property
    def cell_state_adjoint(self) -> Tensor:
        return self.cell_adjoint[1:]

    @property
    def state_adjoint(self) -> tuple[Tensor, ...]:
        # (h, c) as independent coordinates: the path c_t → h_t is in ∂ℓ/∂h_t's own future, not counted again for c.
        return self.hidden_adjoint, self.carried[1:]

    def jacobian(self, example: int) -> Tensor:
        size, weight = self.size, self.weight_hh.view(4, self.size, self.size)
        k, path, f = self.factor[..., example], self.through_output[..., example], self.gate_view[:, 1, :, example]
        j = torch.zeros(self.time, 2 * size, 2 * size, dtype=weight.dtype)
        into_cell = torch.einsum("tgh,ghk->thk", k[:, :3], weight[:3])  # ∂c_t/∂h_{t−1}
        j[:, size:, :size] = into_cell
        j[:, :size, :size] = k[:, 3, :, None] * weight[3] + path[..., None] * into_cell
        j[:, size:, size:].diagonal(dim1=-2, dim2=-1).copy_(f)
        j[:, :size, size:].diagonal(dim1=-2, dim2=-1).copy_(f * path)
        return j

    def input_jacobian(self, example: int) -> Tensor:
        weight = self.weight_ih.view(4, self.size, -1)
        k, path = self.factor[..., example], self.through_output[..., example]
        into_cell = torch.einsum("tgh,ghk->thk", k[:, :3], weight[:3])
        return torch.cat([k[:, 3, :, None] * weight[3] + path[..., None] * into_cell, into_cell], 1)
