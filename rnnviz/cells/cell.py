"""What a recurrent cell is: a starting state, one step, and the names of its gates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, NamedTuple

import torch
from torch import Generator, Tensor

from rnnviz.activations import ACTIVATIONS, Activation, ActivationName
from rnnviz.cells.kernel import Kernel
from rnnviz.choice import Choice, Range
from rnnviz.initializers import Initializer

Parameters = Mapping[str, Tensor]  # weight_ih (G·H, I), weight_hh (G·H, H), bias_ih (G·H), bias_hh (G·H)


class State(NamedTuple):
    """What a cell carries from one time step to the next; each (*example, unit)."""

    hidden_state: Tensor
    cell_state: Tensor | None = None

    def flat(self) -> Tensor:
        """h, or (h, c) side by side: the whole state, which is what a Jacobian must differentiate."""
        return self.hidden_state if self.cell_state is None else torch.cat([self.hidden_state, self.cell_state], -1)


class Cell(Choice, ABC):
    """A recurrent cell with PyTorch's parameter names, row order and two biases.

    `step` is the equation. `kernel` may name a closed form of the same equation that stores everything; a cell without
    one works everywhere through autograd of `step`.
    """

    gate_names: ClassVar[tuple[str, ...]]
    has_cell_state: ClassVar[bool] = False
    keeping_gate: ClassVar[str | None] = None  # the gate that multiplies the old state, if there is one

    hidden_size: Annotated[int, Range(1, 512, symbol="H", unit="units", log=True)] = 32
    layers: Annotated[int, Range(1, 4, unit="layers")] = 1
    activation: ActivationName = "tanh"

    @property
    def phi(self) -> Activation:
        return ACTIVATIONS[self.activation]

    @property
    def state_size(self) -> int:
        """Numbers that one layer carries from step to step."""
        return self.hidden_size * (2 if self.has_cell_state else 1)

    def initial_state(self, batch_size: int, dtype: torch.dtype) -> State:
        zeros = torch.zeros(batch_size, self.hidden_size, dtype=dtype)
        return State(zeros, zeros.clone() if self.has_cell_state else None)

    def state(self, flat: Tensor) -> State:
        """The inverse of `State.flat`."""
        return State(*flat.chunk(2, -1)) if self.has_cell_state else State(flat)

    def draw(self, initializer: Initializer, inputs: int, generator: Generator) -> dict[str, Tensor]:
        """The parameters of one layer, float64."""
        gates = len(self.gate_names)
        bias_ih, bias_hh = initializer.biases(gates, self.hidden_size, generator)
        return {
            "weight_ih": initializer.input_weights(gates, self.hidden_size, inputs, generator),
            "weight_hh": initializer.hidden_weights(gates, self.hidden_size, generator),
            "bias_ih": bias_ih,
            "bias_hh": bias_hh,
        }

    @abstractmethod
    def step(self, parameters: Parameters, x: Tensor, state: State) -> tuple[State, Tensor]:
        """Advance one time step. x (*example, feature); also returns the gates (gate_name, *example, unit)."""

    def kernel(self) -> type[Kernel] | None:
        """The closed form of this cell, if it has one."""
        return None
