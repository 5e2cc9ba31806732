"""What truncated backpropagation saves and what it costs: memory, time and bias, measured for every window."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
import xarray as xr
from pydantic import Field
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from rnnviz.cells import Cell, State
from rnnviz.choice import Range, Word
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.engine.data import draw_batch
from rnnviz.engine.network import draw_parameters, layer_parameters
from rnnviz.experiment import Experiment
from rnnviz.tasks import Batch

CELLS = ("elman", "lstm")
ROUND = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 30, 40, 50, 64, 80, 100, 128, 150, 200)
EXAMPLES = 16
REPEATS = 3  # of the clock, of which the fastest counts: whatever else goes on only ever adds


class Measured(NamedTuple):
    """Of one way forward and back."""

    gradient: Tensor  # ∂L/∂W_hh
    kept: int  # bytes that were kept for the way back
    seconds: float  # of the processor, on one thread


class TruncationCost(Demonstration):
    """A vanilla RNN and an LSTM read noise and are asked for its first value at the end: one loss, after step T.

    The first T − τ steps run without a record, the last τ with one, as a loop with `detach()` has it; all by autograd of
    the cell's equation.
    """

    clocked = ("seconds",)

    kind: Literal["truncation_cost"] = Field("truncation_cost", repr=False)
    sequence_length: Annotated[int, Range(10, 200, symbol="T", unit="time steps", log=True)] = 100
    opening: Annotated[float, Range(0.0, 6.0, step=0.1, symbol="b")] = 3.0

    def experiment(self, cell: str) -> Experiment:
        """Weights as PyTorch draws them would hide the point, for both vanish: here W_hh is orthogonal."""
        words: dict[str, Word] = {"task": "noise", "task.sequence_length": self.sequence_length, "dtype": "float64"}
        of_cell: dict[str, Word] = {"cell.forget_bias": self.opening} if cell == "lstm" else {}
        return Experiment(batch_size=EXAMPLES).changed(words | {"cell": cell, "cell.hidden_size": 32} | of_cell)

    def windows(self) -> list[int]:
        return [*(tau for tau in ROUND if tau < self.sequence_length), self.sequence_length]

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """kept: bytes that the record holds; seconds; bias: ‖g_τ − g‖/‖g‖ of ∂L/∂W_hh: (network, truncation) each.

        share_error: ‖Σ_t (share of step t in ∂L/∂W_hh) − g‖/‖g‖, with g by autograd, (network,).
        """
        with one_thread():
            return self.measured(self.windows(), tick)

    def measured(self, windows: list[int], tick: Tick) -> xr.Dataset:
        kept, seconds, bias = (np.empty((len(CELLS), len(windows))) for _ in range(3))
        error = np.empty(len(CELLS))
        for row, name in enumerate(CELLS):
            loop = Loop(self.experiment(name))
            whole = loop.run(self.sequence_length).gradient
            for column, tau in enumerate(windows):
                runs = [loop.run(tau) for _ in range(REPEATS)]
                kept[row, column] = runs[0].kept
                seconds[row, column] = min(run.seconds for run in runs)
                bias[row, column] = float((runs[0].gradient - whole).norm() / whole.norm())
                tick((row * len(windows) + column + 1) / kept.size)
            error[row] = float((loop.shares().sum(0) - whole).norm() / whole.norm())
        dims = ("network", "truncation")
        return xr.Dataset(
            {"kept": (dims, kept), "seconds": (dims, seconds), "bias": (dims, bias), "share_error": ("network", error)},
            {"network": list(CELLS), "truncation": windows},
        )


@contextmanager
def one_thread() -> Iterator[None]:
    """As in a worker: several threads on matrices this small mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Loop:
    """A network as a loop over its own equation, which autograd records as far as it is asked to."""

    def __init__(self, experiment: Experiment):
        self.cell: Cell = experiment.cell
        self.batch: Batch = draw_batch(experiment)
        self.inputs = self.batch.inputs.double()
        self.parameters = draw_parameters(experiment)

    def run(self, window: int) -> Measured:
        """The gradient that the last `window` steps make, what they kept, and how long both ways took."""
        counted: dict[int, int] = {}

        def count(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            counted[storage.data_ptr()] = storage.nbytes()
            return tensor

        weights = layer_parameters(self.parameters, 0)
        weights["weight_hh"] = weights["weight_hh"].clone().requires_grad_()
        begun, until = time.process_time(), len(self.inputs) - window
        with torch.no_grad():
            state = self.steps(weights, range(until), self.cell.initial_state(self.inputs.shape[1], torch.float64))
        with saved_tensors_hooks(count, lambda tensor: tensor):
            loss = self.loss(self.steps(weights, range(until, len(self.inputs)), state))
        (gradient,) = torch.autograd.grad(loss, weights["weight_hh"])
        seconds = time.process_time() - begun
        shared = {value.untyped_storage().data_ptr() for value in (*weights.values(), self.inputs)}
        kept = sum(size for address, size in counted.items() if address not in shared)
        return Measured(gradient, kept, seconds)

    def shares(self) -> Tensor:
        """What each step adds to ∂L/∂W_hh, (time, row, column): W_hh stands there once per step, and each is asked for."""
        weights = layer_parameters(self.parameters, 0)
        own = [weights["weight_hh"].clone().requires_grad_() for _ in self.inputs]
        state = self.cell.initial_state(self.inputs.shape[1], torch.float64)
        for x, weight in zip(self.inputs, own, strict=True):
            state, _ = self.cell.step({**weights, "weight_hh": weight}, x, state)
        return torch.stack(torch.autograd.grad(self.loss(state), own))

    def steps(self, weights: Mapping[str, Tensor], steps: range, state: State) -> State:
        for t in steps:
            state, _ = self.cell.step(weights, self.inputs[t], state)
        return state

    def loss(self, state: State) -> Tensor:
        """The mean squared error of the answer after the last step."""
        answer = state.hidden_state @ self.parameters["weight_hy"].T + self.parameters["bias_hy"]
        return (answer - self.batch.targets[-1].double()).square().mean()
