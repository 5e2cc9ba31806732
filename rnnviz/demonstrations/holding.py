"""Gates left alone or held at a value, for a cell whose equation stays as it is."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from rnnviz.cells.cell import Cell, Parameters
from rnnviz.choice import Choice, Range


class Free(Choice):
    """The gate is what the cell computes."""

    kind: Literal["free"] = Field("free", repr=False)


class Held(Choice):
    """The gate is the same for every unit at every step: 0 is shut, 1 is open."""

    kind: Literal["held"] = Field("held", repr=False)
    held_at: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.0


Hold = Annotated[Free | Held, Field(discriminator="kind")]


def held(cell: Cell, parameters: Parameters, gate: str, value: float) -> dict[str, Tensor]:
    """The parameters with which `cell.step` finds this gate at `value`, whatever it reads.

    A gate is σ(W_ih x + b_ih + W_hh h + b_hh): its rows of both matrices become 0 and its bias ln(v/(1 − v)), which is
    ∓∞ for 0 and 1, where σ and its slope are exact.
    """
    size, place = cell.hidden_size, cell.gate_names.index(gate)
    rows = slice(place * size, (place + 1) * size)
    made = {name: tensor.clone() for name, tensor in parameters.items()}
    for tensor in made.values():
        tensor[rows] = 0.0
    made["bias_ih"][rows] = torch.tensor(value, dtype=made["bias_ih"].dtype).logit()
    return made
