"""The long short-term memory cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, Field
from torch import Generator, Tensor

from rnnviz.activations import Call
from rnnviz.cells.cell import Cell, Parameters, State
from rnnviz.cells.kernel import Array, Kernel, Which, by_example, columns_of, few, of, sum_over_gates
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
    keeping_gate = "forget_gate"

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
        self.cell_adjoint = self.empty(time + 1, size, columns)  # ∂ℓ/∂c_t
        self.carried = self.empty(time + 1, size, columns)  # its part from the future: f_{t+1} ∘ ∂ℓ/∂c_{t+1}
        self.cell[0] = 0
        self.gate_view = self.stored.view(time, 4, size, columns)
        # Step by step, for NumPy; entry t of the gates and of ∂h/∂c belongs to time step t + 1.
        self.dc, self.carry = list(self.cell_adjoint.numpy()), list(self.carried.numpy())
        delta = self.delta_all.view(time + 2, 4, size, columns)
        self.delta_view = delta[1:-1]
        self.delta_ifg, self.delta_o = list(delta[:, :3].numpy()), list(delta[:, 3].numpy())
        self.forget = list(self.gate_view[:, 1].numpy())
        i, _, g, o = self.gate_view.unbind(1)
        c = list(self.cell.numpy())
        self.forward_steps = list(zip(
            self.inputs_of_step, self.stored.numpy(),
            [gates.sigmoid_ for gates in self.stored[:, : 2 * size].unbind(0)], [gate.sigmoid_ for gate in o.unbind(0)],
            i.numpy(), self.forget, g.numpy(), o.numpy(), c, c[1:], self.squashed_cell.numpy(), self.h[1:], strict=False,
        ))  # fmt: skip
        self.output_path: dict[int, Array] = {}  # ∂h_t/∂c_t = o φ'(c_t) of the steps that are prepared

    def calls_of_phi(self) -> Sequence[tuple[Call, Call]]:
        candidate = self.squash(self.gate_view[:, 2])
        return list(zip(candidate, self.squash(self.squashed_cell, self.cell[1:]), strict=True))

    def forward(self) -> None:
        dot, multiply, add, weight = np.dot, np.multiply, np.add, self.weight.numpy()
        new = np.empty(self.h[0].shape, weight.dtype)
        steps = zip(self.forward_steps, self.calls[self.phi], strict=True)
        for (z, a, sigmoid_if, sigmoid_o, i_t, f_t, g_t, o_t, c_before, c_t, q_t, h_t), (phi_g, phi_c) in steps:
            dot(weight, z, a)
            sigmoid_if()
            sigmoid_o()
            phi_g()
            multiply(f_t, c_before, c_t)
            multiply(i_t, g_t, new)
            add(c_t, new, c_t)
            phi_c()
            multiply(o_t, q_t, h_t)

    def coefficients(self, time: slice, examples: slice, out: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(k_i, k_f, k_g, k_o), (time, 4, unit, example), in `out` if given, and ∂h_t/∂c_t = o φ'(c_t)."""
        gates, q = self.gate_view[time, ..., examples], self.squashed_cell[time, ..., examples]
        k = torch.addcmul(gates, gates, gates, value=-1, out=out)  # s(1 − s)
        (i, _, g, o), (k_i, k_f, k_g, k_o) = gates.unbind(1), k.unbind(1)
        k_i.mul_(g)
        k_f.mul_(self.cell[time, ..., examples])
        torch.mul(self.phi.slope(g), i, out=k_g)
        k_o.mul_(q)
        return k, self.phi.slope(q).mul_(o)

    def coefficients_of(self, example: Which) -> tuple[Tensor, Tensor]:
        """The same for the whole sequence: (…, time, 4, unit) and (…, time, unit)."""
        k, path = self.coefficients(slice(0, self.time), columns_of(example))
        return by_example(k, example), by_example(path, example)

    def adjoint_step(self, t: int) -> None:
        dh, dc, delta_ifg, delta_o, multiply = self.dh[t], self.dc[t], self.delta_ifg[t], self.delta_o[t], np.multiply
        multiply(dh, self.output_path[t - 1], dc)
        np.add(dc, self.carry[t], dc)
        multiply(delta_ifg, dc, delta_ifg)
        multiply(delta_o, dh, delta_o)
        multiply(self.forget[t - 1], dc, self.carry[t - 1])

    def begin_adjoint(self, t: int) -> None:
        super().begin_adjoint(t)
        self.carried[t:].zero_()
        self.cell_adjoint[t + 1 :].zero_()

    def put_coefficients(self, block: slice) -> None:
        _, paths = self.coefficients(block, slice(None), self.delta_view[block])
        self.output_path = dict(zip(range(block.start, block.stop), paths.numpy(), strict=True))

    def rescale(self, t: int, factor: Array) -> None:
        super().rescale(t, factor)
        for adjoint in (self.dc[t], self.carry[t], self.carry[t - 1]):
            adjoint *= factor

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
        return *super().state_adjoint, self.carried[1:]

    def state_adjoint_step(self, t: int) -> tuple[Array, ...]:
        return self.dh[t], self.carry[t]

    def jacobian(self, example: Which) -> Tensor:
        f, size = of(self.gate_view[:, 1], example), 2 * self.size
        j = torch.zeros(*f.shape[:-1], size, size, dtype=self.dtype)
        of_hidden, of_cell = j.chunk(2, -1)
        path = self.fill_jacobian(example, self.weight_hh, of_hidden)
        into_hidden, into_cell = of_cell.chunk(2, -2)
        torch.mul(f, path, out=into_hidden.diagonal(dim1=-2, dim2=-1))
        into_cell.diagonal(dim1=-2, dim2=-1).add_(f)
        return j

    def input_jacobian(self, example: Which) -> Tensor:
        shape = of(self.cell_states, example).shape[:-1]
        j = self.empty(*shape, 2 * self.size, self.features)
        self.fill_jacobian(example, self.weight_ih, j)
        return j

    def fill_jacobian(self, example: Which, weight: Tensor, j: Tensor) -> Tensor:
        """Fills j (…, time, 2 unit, column) with what (h_t, c_t) get through the gates from W's columns; gives ∂h_t/∂c_t."""
        (k, path), weights = self.coefficients_of(example), weight.reshape(4, self.size, -1)
        into_hidden, into_cell = j.chunk(2, -2)
        if few(into_cell):
            (k_i, k_f, k_g, k_o), (w_i, w_f, w_g, w_o) = k[..., None].unbind(-3), weights.unbind(0)
            torch.mul(k_i, w_i, out=into_cell).addcmul_(k_f, w_f).addcmul_(k_g, w_g)
            torch.mul(k_o, w_o, out=into_hidden).addcmul_(
                path[..., None], into_cell
            )  # what c_t gets, and h_t through it
        else:
            sum_over_gates(k[..., :3, :], weights[:3], into_cell)
            k[..., :3, :] *= path[..., None, :]
            sum_over_gates(k, weights, into_hidden)
        return path

    def pull_back(self, example: int) -> Callable[[int, Array, Array], object]:
        # The right half of J_t is diagonal, so half of the dense product is enough.
        size, left, f = self.size, self.empty(self.time, 2 * self.size, self.size), self.gate_view[:, 1, :, example]
        path = self.fill_jacobian(example, self.weight_hh, left)
        transposed = list(left.mT.numpy())
        diagonals = list(torch.cat([f * path, f], 1)[..., None].numpy())  # of ∂h_t/∂c_{t−1} and of ∂c_t/∂c_{t−1}
        terms = np.empty((2 * size, 2 * size), self.into_past.dtype)
        through_hidden, through_cell = terms[:size], terms[size:]

        def step(t: int, after: Array, before: Array) -> None:
            np.dot(transposed[t - 1], after, before[:size])
            np.multiply(diagonals[t - 1], after, terms)
            np.add(through_hidden, through_cell, before[size:])

        return step
