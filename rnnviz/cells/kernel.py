"""Closed forms of one layer over a whole sequence: forward with everything stored, adjoint, Jacobians.

Arrays are feature-major, (time, feature, example): rows [h; x; 1; 1] make one matrix product per step do W_hh, W_ih and
both biases, every gate's block is contiguous, and one batched product of the adjoints with the rows gives every time
step's share of the weight gradient. Both biases are kept: merging them changes how Adam would move them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from rnnviz.cells.cell import Cell


class Kernel(ABC):
    """One layer of a cell with given parameters, for inputs (time T, feature I, example N).

    Time indices: list entry t of `h`, `dh`, `delta` belongs to time step t = 0 … T; stored gates start at step 1.
    """

    def __init__(self, cell: Cell, parameters: Mapping[str, Tensor], inputs: Tensor):
        p = parameters
        self.cell_choice, self.phi, self.size = cell, cell.phi, cell.hidden_size
        self.time, self.features, self.columns = inputs.shape
        self.dtype, self.weight_hh, self.weight_ih = inputs.dtype, p["weight_hh"], p["weight_ih"]
        self.weight = torch.cat([p["weight_hh"], p["weight_ih"], p["bias_ih"][:, None], p["bias_hh"][:, None]], 1)
        self.weight_hh_transposed = p["weight_hh"].T.contiguous()
        self.rows = self.empty(self.time + 1, self.size + self.features + 2, self.columns)
        self.rows[0, : self.size] = 0
        self.rows[:-1, self.size : -2] = inputs
        self.rows[:, -2:] = 1
        self.inputs_of_step, self.h = self.rows[:-1].unbind(0), self.rows[:, : self.size].unbind(0)
        self.dh_all = self.empty(self.time + 2, self.size, self.columns)
        self.delta_all = self.empty(self.time + 2, len(self.weight), self.columns)
        self.dh, self.delta = self.dh_all.unbind(0), self.delta_all.unbind(0)
        self.allocate()

    def empty(self, *shape: int) -> Tensor:
        return torch.empty(shape, dtype=self.dtype)

    @abstractmethod
    def allocate(self) -> None:
        """Make the arrays that the forward pass fills and the adjoint reads."""

    @abstractmethod
    def forward(self) -> None:
        """h_1 … h_T from h_0 = 0, keeping every gate and every coefficient of the adjoint."""

    @property
    def hidden(self) -> Tensor:
        """h_1 … h_T, (time, unit, example)."""
        return self.rows[1:, : self.size]

    @property
    @abstractmethod
    def gates(self) -> Tensor:
        """(time, gate, unit, example), after their squashing, in the order of the cell's gate names."""

    @property
    @abstractmethod
    def activation_slope(self) -> Tensor:
        """φ'(a_t) of the candidate, (time, unit, example)."""

    @property
    def cell_states(self) -> Tensor | None:
        """c_1 … c_T, (time, unit, example), for a cell that has them."""
        return None

    # The adjoint runs backwards: begin, then for each t carry, add what the loss and the layer above send, step.

    def begin_adjoint(self, t: int) -> None:
        """Nothing comes from after step t."""
        self.dh_all[t + 1 :].zero_()
        self.delta_all[t + 1 :].zero_()

    def carry_adjoint(self, t: int) -> None:
        """∂ℓ/∂h_t, the part from step t + 1: W_hhᵀ δ_{t+1}."""
        torch.mm(self.weight_hh_transposed, self.delta[t + 1], out=self.dh[t])

    @abstractmethod
    def adjoint_step(self, t: int) -> None:
        """δ_t, the gradient of the pre-activations that W_hh feeds, from the finished ∂ℓ/∂h_t."""

    def rescale(self, t: int, factor: Tensor) -> None:
        """Multiply all that step t keeps, and hands on to t − 1, by a power of two per example."""
        self.dh[t].mul_(factor)
        self.delta[t].mul_(factor)

    def input_delta(self) -> Tensor:
        """The gradient of the pre-activations that W_ih feeds, (time, row, example); the GRU's differs from W_hh's."""
        return self.deltas

    def input_delta_step(self, t: int) -> Tensor:
        """The same for one step, (row, example)."""
        return self.delta[t]

    def input_adjoint_step(self, t: int) -> Tensor:
        """∂ℓ/∂x_t, (feature, example): what the layer below receives."""
        return self.weight_ih.T @ self.input_delta_step(t)

    @property
    def input_adjoint(self) -> Tensor:
        """∂ℓ/∂x_1 … ∂ℓ/∂x_T, (time, feature, example)."""
        return self.weight_ih.T @ self.input_delta()

    @property
    def deltas(self) -> Tensor:
        return self.delta_all[1:-1]

    @property
    def hidden_adjoint(self) -> Tensor:
        """∂ℓ/∂h_1 … ∂ℓ/∂h_T, (time, unit, example)."""
        return self.dh_all[1:-1]

    @property
    def cell_state_adjoint(self) -> Tensor | None:
        """∂ℓ/∂c_t with the path c_t → h_t, as autograd gives it, (time, unit, example)."""
        return None

    @property
    def state_adjoint(self) -> tuple[Tensor, ...]:
        """The gradient of the whole state, its parts as independent coordinates: what Jacobian products transport."""
        return (self.hidden_adjoint,)

    def weight_shares(self, scale: Tensor | None, mean: float) -> tuple[Tensor, Tensor]:
        """Each step's share of ∂L/∂W_hh (time, row, unit) and ∂L/∂W_ih (time, row, feature); over time they sum to it.

        `scale` (time, 1, example) multiplies each example's adjoint, `mean` all of them (1/N for a mean over examples).
        """
        delta, input_delta = self.deltas, self.input_delta()
        rows = self.rows[:-1, : self.size + self.features].transpose(1, 2)
        if input_delta is delta or input_delta.data_ptr() == delta.data_ptr():
            both = scaled_product(delta, rows, scale, mean)
            return both[..., : self.size], both[..., self.size :]
        return (
            scaled_product(delta, rows[..., : self.size], scale, mean),
            scaled_product(input_delta, rows[..., self.size :], scale, mean),
        )

    @abstractmethod
    def jacobian(self, example: int) -> Tensor:
        """∂s_t/∂s_{t−1} of this layer alone for one example, (time, state, state before)."""

    @abstractmethod
    def input_jacobian(self, example: int) -> Tensor:
        """∂s_t/∂x_t for one example, (time, state, feature)."""


def scaled_product(a: Tensor, b: Tensor, scale: Tensor | None, mean: float) -> Tensor:
    a = a if scale is None else a * scale
    return torch.baddbmm(a.new_empty(()), a, b, beta=0, alpha=mean)
