"""The same interface as a closed form, for a cell that has only its equation: autograd of `step`, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.func import jacrev, vjp, vmap

from rnnviz.activations import Call
from rnnviz.cells.kernel import Array, Kernel, Scaled, Which, aligned, of, times_power_of_two

if TYPE_CHECKING:
    from rnnviz.cells.cell import Cell


class AutogradKernel(Kernel):
    """Slower, and the oracle of every closed form. Weight shares come from the step's own vector–Jacobian product."""

    def allocate(self) -> None:
        self.states: list[Tensor] = []
        self.stored: list[Tensor] = []
        self.state_adjoints = self.empty(self.time + 2, self.columns, self.cell_choice.state_size)
        self.input_adjoints = self.empty(self.time + 2, self.features, self.columns)

    def calls_of_phi(self) -> Sequence[Call]:
        return ()  # the equation has its own

    def load(self, cell: Cell, parameters: Mapping[str, Tensor], inputs: Tensor) -> None:
        super().load(cell, parameters, inputs)
        self.parameters = {name: value.detach() for name, value in parameters.items()}

    def step(self, parameters: dict[str, Tensor], x: Tensor, state: Tensor) -> Tensor:
        return self.cell_choice.step(parameters, x, self.cell_choice.state(state))[0].flat()

    def forward(self) -> None:
        state = self.cell_choice.initial_state(self.columns, self.dtype)
        self.states, self.stored = [state.flat()], []
        for t in range(self.time):
            state, gates = self.cell_choice.step(self.parameters, self.input_of_step(t + 1), state)
            self.stored.append(gates.transpose(1, 2))
            self.states.append(state.flat())
            self.hidden[t] = state.hidden_state.T

    @property
    def gates(self) -> Tensor:
        return torch.stack(self.stored)

    @property
    def activation_slope(self) -> Tensor:
        return self.phi.slope(self.gates[:, self.cell_choice.gate_names.index("candidate")])

    @property
    def cell_states(self) -> Tensor | None:
        if not self.cell_choice.has_cell_state:
            return None
        return torch.stack(self.states[1:])[..., self.size :].transpose(1, 2)

    def begin_adjoint(self, t: int) -> None:
        super().begin_adjoint(t)
        self.state_adjoints[t:].zero_()
        self.input_adjoints[t:].zero_()

    def put_coefficients(self, block: slice) -> None:
        pass  # the adjoint of a step makes its own

    def carry_adjoint(self, t: int) -> None:
        self.dh_all[t] = self.state_adjoints[t, :, : self.size].T

    def adjoint_step(self, t: int) -> None:
        adjoint = self.state_adjoints[t]
        adjoint[:, : self.size] = self.dh_all[t].T
        pull_back = vjp(partial(self.step, self.parameters), self.input_of_step(t), self.states[t - 1])[1]
        x_grad, self.state_adjoints[t - 1] = pull_back(adjoint)
        self.input_adjoints[t] = x_grad.T

    def input_of_step(self, t: int) -> Tensor:
        return self.rows[t - 1, self.size : -2].T

    def rescale(self, t: int, factor: Array) -> None:
        super().rescale(t, factor)
        by_example = torch.from_numpy(factor)
        self.state_adjoints[t - 1 : t + 1] *= by_example[:, None]
        self.input_adjoints[t] *= by_example

    def input_adjoint_step(self, t: int) -> Array:
        return self.input_adjoints[t].numpy()

    @property
    def input_adjoint(self) -> Tensor:
        return self.input_adjoints[1:-1]

    @property
    def state_adjoint(self) -> tuple[Tensor, ...]:
        hidden = super().state_adjoint
        cells = self.state_adjoints[1:-1, :, self.size :].transpose(1, 2)
        return (*hidden, cells) if self.cell_choice.has_cell_state else hidden

    def state_adjoint_step(self, t: int) -> tuple[Array, ...]:
        return (self.state_adjoints[t].T.numpy(),)

    def weight_shares(self, exponents: Tensor | None, mean: float) -> tuple[Tensor, Tensor]:
        adjoints = self.state_adjoints[1:-1] * mean
        if exponents is not None:
            adjoints = times_power_of_two(adjoints, exponents[..., None])
        shares = [self.share_from(t, adjoint) for t, adjoint in enumerate(adjoints, start=1)]
        return torch.stack([hh for hh, _ in shares]), torch.stack([ih for _, ih in shares])

    def weight_share(self, t: int, exponents: Array) -> tuple[Scaled, Scaled]:
        adjoint, exponent = aligned(self.state_adjoints[t].T.numpy(), exponents)
        hh, ih = self.share_from(t, torch.from_numpy(adjoint.T))
        return (hh.numpy(), exponent), (ih.numpy(), exponent)

    def share_from(self, t: int, adjoint: Tensor) -> tuple[Tensor, Tensor]:
        """What ∂ℓ/∂s_t (example, state) sends to the two matrices through step t alone, in the adjoint's dtype."""
        dtype = adjoint.dtype
        parameters = {name: value.to(dtype) for name, value in self.parameters.items()}
        x, state = self.input_of_step(t).to(dtype), self.states[t - 1].to(dtype)
        (gradient,) = vjp(lambda p: self.step(p, x, state), parameters)[1](adjoint)
        return gradient["weight_hh"], gradient["weight_ih"]

    def jacobian(self, example: Which) -> Tensor:
        return self.jacobian_of(2, example)

    def input_jacobian(self, example: Which) -> Tensor:
        return self.jacobian_of(1, example)

    def jacobian_of(self, argument: int, example: Which) -> Tensor:
        states = torch.stack([state.T for state in self.states[:-1]])
        x, before = of(self.rows[:-1, self.size : -2], example), of(states, example)
        jacobians = vmap(jacrev(self.step, argnums=argument), in_dims=(None, 0, 0))
        if isinstance(example, slice):
            jacobians = vmap(jacobians, in_dims=(None, 0, 0))
        return jacobians(self.parameters, x, before)
