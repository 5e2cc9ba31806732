"""What a cell costs: its parameters counted, what the way back needs to keep and how long a pass takes, measured."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import torch
import xarray as xr
from pydantic import Field
from torch import Tensor, nn

from rnnviz.cells import GRU, LSTM, Elman
from rnnviz.cells.cell import Cell
from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.initializers import PyTorchDefault
from rnnviz.streams import generator

STEPS, EXAMPLES, FEATURES = 30, 16, 8
REPEATS = 3


class GatedCosts(Demonstration):
    """A vanilla RNN, an LSTM and a GRU with its reset after and before the product; T = 30.

    Each runs forward and, by autograd, back again, by its equation and as a layer of PyTorch, which has no GRU with its
    reset before; float32, 16 examples of 8 features.
    """

    clocked: ClassVar[tuple[str, ...]] = ("milliseconds", "library_milliseconds")

    kind: Literal["gated_costs"] = Field("gated_costs", repr=False)
    measured_units: Annotated[int, Range(8, 256, symbol="H", unit="units", log=True)] = 64

    def cells(self) -> dict[str, Cell]:
        size = self.measured_units
        return {
            "elman": Elman(hidden_size=size),
            "lstm": LSTM(hidden_size=size),
            "gru_after": GRU(hidden_size=size),
            "gru_before": GRU(hidden_size=size, reset="before"),
        }

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """parameters: weights and biases of the layer.   state: numbers carried from step to step.

        bytes: what autograd keeps of a forward pass by the equation for the way back, without the weights.
        milliseconds, library_milliseconds: a pass forward and back by the equation, and of torch.nn's layer (NaN where
        there is none); the least of three taken in turns, since what else a machine does can only add.
        """
        layers = {name: Layer.of(cell) for name, cell in self.cells().items()}
        kept = [layer.bytes_kept() for layer in layers.values()]
        taken = np.empty((REPEATS, len(layers), 2))
        for turn in range(REPEATS):
            for row, layer in enumerate(layers.values()):
                taken[turn, row] = milliseconds(layer.forward), layer.library_milliseconds()
            tick((turn + 1) / REPEATS)
        by_equation, by_library = taken.min(0).T
        counted = [sum(value.numel() for value in layer.parameters.values()) for layer in layers.values()]
        return xr.Dataset(
            {
                "parameters": ("measured_cell", counted),
                "state": ("measured_cell", [layer.cell.state_size for layer in layers.values()]),
                "bytes": ("measured_cell", kept),
                "milliseconds": ("measured_cell", by_equation),
                "library_milliseconds": ("measured_cell", by_library),
            },
            {"measured_cell": list(layers)},
        )


class Layer(NamedTuple):
    """A cell with weights, and what it reads."""

    cell: Cell
    parameters: dict[str, Tensor]
    inputs: Tensor  # (time, example, feature)

    @classmethod
    def of(cls, cell: Cell) -> Layer:
        drawn = cell.draw(PyTorchDefault(), FEATURES, generator(0, "costs", cell.kind))
        parameters = {name: value.float().requires_grad_() for name, value in drawn.items()}
        return cls(cell, parameters, torch.randn(STEPS, EXAMPLES, FEATURES, generator=generator(0, "costs")))

    def forward(self) -> Tensor:
        state = self.cell.initial_state(EXAMPLES, torch.float32)
        for x in self.inputs:
            state, _ = self.cell.step(self.parameters, x, state)
        return state.hidden_state.sum()

    def bytes_kept(self) -> int:
        """Bytes of all tensors that autograd saves, each memory counted once; the weights are there anyway."""
        saved: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            memory = tensor.untyped_storage()
            saved[memory.data_ptr()] = memory.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            end = self.forward()  # as long as it lives, no memory that was kept is used again
        there = {value.untyped_storage().data_ptr() for value in (*self.parameters.values(), self.inputs, end)}
        return sum(size for place, size in saved.items() if place not in there)

    def library_milliseconds(self) -> float:
        kind = LIBRARY.get(type(self.cell))
        if kind is None or getattr(self.cell, "reset", "after") == "before":
            return math.nan
        module = kind(FEATURES, self.cell.hidden_size, device="meta")  # draws nothing: the global generator is shared
        module.load_state_dict({f"{name}_l0": value.detach() for name, value in self.parameters.items()}, assign=True)
        return milliseconds(lambda: module(self.inputs)[0][-1].sum())


LIBRARY: dict[type[Cell], Callable[..., nn.RNNBase]] = {Elman: nn.RNN, LSTM: nn.LSTM, GRU: nn.GRU}


def milliseconds(forward: Callable[[], Tensor]) -> float:
    began = time.perf_counter()
    forward().backward()  # type: ignore[no-untyped-call]
    return 1e3 * (time.perf_counter() - began)
