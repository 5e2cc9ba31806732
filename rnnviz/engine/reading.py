"""A trained character network reads a text: what every unit does at every character, and what is expected next."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rnnviz.engine.network import DTYPES
from rnnviz.engine.passes import forward
from rnnviz.engine.weights import Network
from rnnviz.tasks.characters import classes
from rnnviz.tasks.windows import one_hot


class Reading(NamedTuple):
    """Of one text of T characters, entry t − 1 after character t was read.

    hidden_state (time, unit) of the last layer; cell_state the same, None for a cell that has none;
    probability (time, character) of each next character, by the classes of `tasks.characters`.
    """

    hidden_state: Tensor
    cell_state: Tensor | None
    probability: Tensor


def read(network: Network, text: str) -> Reading:
    """From h_0 = 0, character by character."""
    e, p = network.experiment, network.parameters
    inputs = one_hot(classes(text), e.task.input_size).to(DTYPES[e.dtype])[..., None]
    with torch.no_grad():
        layer = forward(e.cell, p, inputs)[-1]
        hidden = layer.hidden[..., 0]
        scores = hidden @ p["weight_hy"].T + p["bias_hy"]
    states = layer.cell_states
    return Reading(hidden, None if states is None else states[..., 0], scores.softmax(-1))
