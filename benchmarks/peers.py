"""What one would write without rnnviz: torch's own layers, a loop that retains gradients, autograd for the Jacobians."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import jacrev, vmap

from rnnviz.cells import GRU, LSTM, Cell, Elman
from rnnviz.engine.network import draw_parameters, layer_parameters
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.tasks import Noise

KINDS: dict[str, type[Cell]] = {"LSTM": LSTM, "GRU": GRU, "RNN": Elman}
LAYERS = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN}
CELLS = {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell, "RNN": nn.RNNCell}
FEATURES = 8


class Case(NamedTuple):
    """A network, inputs (time, example, feature), and a gradient that enters at every step, (time, unit, example).

    torch's layers read their gradient the other way round and get it so: nobody pays for the turn.
    """

    kind: str
    experiment: Experiment
    parameters: dict[str, Tensor]
    inputs: Tensor
    gradient: Tensor

    @classmethod
    def of(cls, kind: str, size: int, batch: int, time: int = 100, activation: str = "tanh") -> Case:
        task = Noise(sequence_length=time, features=FEATURES)
        cell = KINDS[kind](hidden_size=size, activation=activation)
        experiment = Experiment(task=task, cell=cell, batch_size=batch, loss=LossAtEvery())
        parameters = draw_parameters(experiment)
        generator = torch.Generator().manual_seed(0)
        inputs = torch.randn(time, batch, FEATURES, generator=generator)
        gradient = torch.randn(time, size, batch, generator=generator) / time
        return cls(kind, experiment, parameters, inputs, gradient)

    @property
    def recurrent(self) -> dict[str, Tensor]:
        return {name: value for name, value in self.parameters.items() if not name.endswith("_hy")}


class BareLayer:
    """nn.RNN, nn.LSTM or nn.GRU, forward and backward: ∂L/∂W and nothing that could be drawn."""

    def __init__(self, case: Case):
        size = case.experiment.cell.hidden_size
        self.case, self.layer = case, LAYERS[case.kind](FEATURES, size)
        self.layer.load_state_dict(case.recurrent)
        self.gradient = case.gradient.mT.contiguous()

    def __call__(self) -> object:
        self.layer.zero_grad(set_to_none=True)
        return self.layer(self.case.inputs)[0].backward(self.gradient)


class RetainGrad:
    """The loop of a notebook: a cell of torch, `retain_grad` on every state, norms of what is left in `.grad`."""

    def __init__(self, case: Case):
        size = case.experiment.cell.hidden_size
        self.case, self.cell = case, CELLS[case.kind](FEATURES, size)
        self.cell.load_state_dict({name.removesuffix("_l0"): value for name, value in case.recurrent.items()})
        self.gradient = case.gradient.mT.contiguous()

    def __call__(self) -> object:
        self.cell.zero_grad(set_to_none=True)
        state, hidden, cells = None, [], []
        for x in self.case.inputs:
            state = self.cell(x, state)
            h, c = state if isinstance(state, tuple) else (state, None)
            h.retain_grad()
            hidden.append(h)
            if c is not None:
                c.retain_grad()
                cells.append(c)
        torch.stack(hidden).backward(self.gradient)
        return [torch.stack([s.grad for s in states]).norm(dim=-1) for states in (hidden, cells) if states]


class StateStep:
    """The equation of one step on the flat state (h, c), for autograd."""

    def __init__(self, case: Case):
        self.cell, self.parameters = case.experiment.cell, layer_parameters(case.parameters, 0)

    def __call__(self, state: Tensor, x: Tensor) -> Tensor:
        return self.cell.step(self.parameters, x, self.cell.state(state))[0].flat()


def batched_products(case: Case) -> Tensor:
    """∂s_T/∂s_t of the first example for every t: one graph, all rows of the identity sent back at once."""
    step, x = StateStep(case), case.inputs[:, :1]
    state = case.experiment.cell.initial_state(1, x.dtype).flat().requires_grad_()
    states = [state]
    for each in x:
        states.append(step(states[-1], each))
    rows = torch.eye(state.shape[1], dtype=x.dtype)[:, None]
    products = torch.autograd.grad(states[-1], states[:-1], rows, is_grads_batched=True)
    return torch.stack([product[:, 0] for product in products])


def states_before(case: Case) -> Tensor:
    """s_0 … s_{T−1}, (time, example, state)."""
    step = StateStep(case)
    states = [case.experiment.cell.initial_state(case.inputs.shape[1], case.inputs.dtype).flat()]
    with torch.no_grad():
        for x in case.inputs[:-1]:
            states.append(step(states[-1], x))
    return torch.stack(states)


def mapped_jacobians(case: Case, states: Tensor) -> Tensor:
    """∂s_t/∂s_{t−1} of every step and example, (time, example, state, state before)."""
    return vmap(vmap(jacrev(StateStep(case))))(states, case.inputs)
