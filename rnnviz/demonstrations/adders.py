"""Small gated networks that have learnt to add two marked numbers: what lessons about a cell look into."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from rnnviz.cells import GRU, LSTM, ForgetBias, State
from rnnviz.cells.cell import Cell, Parameters
from rnnviz.demonstrations.demonstration import Tick, nothing
from rnnviz.engine.network import layer_parameters
from rnnviz.engine.training import Trainer
from rnnviz.experiment import Experiment
from rnnviz.initializers import Orthogonal
from rnnviz.optimizers import Adam
from rnnviz.streams import Examples
from rnnviz.tasks import Adding
from rnnviz.training import Training

STEPS, UNITS = 20, 6
UPDATES = 300
EXAMPLE = 100_024  # not trained on; its marks stand at steps 4 and 14
CELLS: dict[str, LSTM | GRU] = {
    "lstm": LSTM(hidden_size=UNITS, forget_bias=ForgetBias(value=2.0)),
    "gru": GRU(hidden_size=UNITS, update_bias=2.0),
}


class Network(NamedTuple):
    """One layer and its readout y = w · h_T + b, what it reads (time, feature), and what y should be; float64."""

    cell: Cell
    parameters: Parameters
    start: State
    inputs: Tensor
    weight_hy: Tensor
    bias_hy: Tensor
    target: float


def adder(kind: str, tick: Tick = nothing) -> Network:
    """The trained network with one example that it has not seen."""
    weights = {name: weight.double() for name, weight in trained(kind, tick).items()}
    inputs, targets, _ = Adding(sequence_length=STEPS).batch(Examples(0, 1, EXAMPLE))
    start = CELLS[kind].initial_state(1, torch.float64)
    own = layer_parameters(weights, 0)
    return Network(
        CELLS[kind], own, start, inputs[:, 0], weights["weight_hy"][0], weights["bias_hy"][0], float(targets[-1])
    )


@cache
def _trained(kind: str) -> dict[str, Tensor]:
    return {}


def trained(kind: str, tick: Tick = nothing) -> dict[str, Tensor]:
    """The weights after training, made once in a process: a gate that is held changes nothing in them."""
    kept = _trained(kind)
    if not kept:
        experiment = Experiment(
            task=Adding(sequence_length=STEPS), cell=CELLS[kind], initializer=Orthogonal(), batch_size=32,
            training=Training(updates=UPDATES, optimizer=Adam(learning_rate=0.02)),
        )  # fmt: skip
        trainer = Trainer(experiment, every=UPDATES, tick=tick)
        for _ in trainer.steps():
            pass
        kept.update(trainer.parameters)
    return kept
