"""A vanilla network of two units over four steps: every number of its forward pass, and what each hangs on."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
import xarray as xr
from pydantic import Field
from torch import Tensor
from torch.func import jacrev

from rnnviz.activations import ActivationName
from rnnviz.cells import Elman
from rnnviz.cells.cell import State
from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing

STEPS = 4
UNITS = 2
INPUTS = (1.0, -0.5, 0.5, 1.0)  # x_1 … x_4
WEIGHT_XH = ((0.5,), (-0.8,))
WEIGHT_HH = ((0.9, -0.6), (0.4, 0.7))  # its first entry can be set
WEIGHT_HY = ((1.0, -0.5),)
BIAS = (0.1, -0.2)


class ForwardPass(Demonstration):
    """h_t = φ(W_xh x_t + W_hh h_{t−1} + b) and y_t = W_hy h_t for t = 1 … 4, with weights of one decimal.

    Small enough to be done again by hand. The first entry of W_hh can be set, and h_0, whose two entries are alike.
    """

    kind: Literal["forward_pass"] = Field("forward_pass", repr=False)
    first_weight: Annotated[float, Range(-2.0, 2.0, step=0.1, symbol="w")] = 0.9
    initial_state: Annotated[float, Range(-1.0, 1.0, step=0.1, symbol="h₀")] = 0.0
    activation: ActivationName = "tanh"

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """hidden_state (moment, unit) with moment 0 … 4, from h_0 on; preactivation (time, unit), output (time,), x (time,).

        weight_xh (unit,), weight_hh (unit, before), weight_hy (unit,), bias (unit,): what they are made with.
        weight_effect: ‖∂h_t/∂W_hh‖_F, (time,).   jacobian_norm: ‖∂h_4/∂h_k‖₂, (moment,); 1 for k = 4. By autograd.
        """
        weight = self.weight_hh
        states, sums = self.states(weight, self.start)
        readout = torch.tensor(WEIGHT_HY, dtype=torch.float64)
        of_weight = jacrev(lambda w: self.states(w, self.start)[0][1:])(weight)
        tick(0.5)
        kept = [
            torch.linalg.matrix_norm(jacrev(lambda h, k=k: self.onward(h, k))(states[k]), 2) for k in range(STEPS + 1)
        ]
        return xr.Dataset(
            {
                "x": ("time", list(INPUTS)),
                "hidden_state": (("moment", "unit"), states.numpy()),
                "preactivation": (("time", "unit"), sums.numpy()),
                "output": ("time", (states[1:] @ readout.T)[:, 0].numpy()),
                "weight_xh": ("unit", [row[0] for row in WEIGHT_XH]),
                "weight_hh": (("unit", "before"), weight.numpy()),
                "weight_hy": ("unit", list(WEIGHT_HY[0])),
                "bias": ("unit", list(BIAS)),
                "weight_effect": ("time", of_weight.flatten(1).norm(dim=1).numpy()),
                "jacobian_norm": ("moment", torch.stack(kept).numpy()),
            },
            {"time": range(1, STEPS + 1), "moment": range(STEPS + 1)},
        )

    @property
    def weight_hh(self) -> Tensor:
        weight = torch.tensor(WEIGHT_HH, dtype=torch.float64)
        weight[0, 0] = self.first_weight
        return weight

    @property
    def start(self) -> Tensor:
        return torch.full((UNITS,), self.initial_state, dtype=torch.float64)

    def states(self, weight_hh: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """h_0 … h_4 (moment, unit), and what φ was applied to at each step (time, unit)."""
        states, sums = [start], []
        for t in range(1, STEPS + 1):
            states.append(self.step(weight_hh, t, states[-1], self.activation))
            sums.append(self.step(weight_hh, t, states[-2], "identity"))
        return torch.stack(states), torch.stack(sums)

    def onward(self, state: Tensor, k: int) -> Tensor:
        """h_4 as it follows from h_k."""
        for t in range(k + 1, STEPS + 1):
            state = self.step(self.weight_hh, t, state, self.activation)
        return state

    def step(self, weight_hh: Tensor, t: int, before: Tensor, activation: ActivationName) -> Tensor:
        bias = torch.tensor(BIAS, dtype=torch.float64)
        parameters = {
            "weight_ih": torch.tensor(WEIGHT_XH, dtype=torch.float64), "weight_hh": weight_hh,
            "bias_ih": bias, "bias_hh": torch.zeros_like(bias),
        }  # fmt: skip
        x = torch.tensor([INPUTS[t - 1]], dtype=torch.float64)
        cell = Elman(hidden_size=UNITS, activation=activation)
        return cell.step(parameters, x, State(before))[0].hidden_state
