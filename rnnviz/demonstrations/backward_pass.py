"""Backpropagation through time by hand: one unit, a few steps, and every number that the way forward and back needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
import xarray as xr
from pydantic import Field

from rnnviz.activations import ACTIVATIONS, ActivationName
from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing

MOST_STEPS = 4
INPUT_WEIGHT, FIRST_STATE, FIRST_INPUT = 0.5, 1.0, -1.0


class Forward(NamedTuple):
    """h_0 … h_T (time + 1,), and φ'(a_1) … φ'(a_T) (time,)."""

    state: np.ndarray
    slope: np.ndarray


class BackwardPass(Demonstration):
    """h_t = φ(w h_{t−1} + ½ x_t) from h_0 = 1, driven by x = (−1, 0, 0, …); L = ½ h_T².

    With φ the identity, w = 0.8 and T = 2 the whole gradient is 0.264, and 0.072 where it is cut off after one step.
    """

    kind: Literal["backward_pass"] = Field("backward_pass", repr=False)
    activation: ActivationName = "identity"
    recurrent_weight: Annotated[float, Range(-2.0, 2.0, step=0.05, symbol="w")] = 0.8
    unrolled_steps: Annotated[int, Range(2, MOST_STEPS, symbol="T", unit="time steps")] = MOST_STEPS

    def inputs(self) -> np.ndarray:
        x = np.zeros(self.unrolled_steps)
        x[0] = FIRST_INPUT
        return x

    def forward(self) -> Forward:
        phi, state, slope = ACTIVATIONS[self.activation], [FIRST_STATE], []
        for x in self.inputs():
            after = phi.function(
                torch.tensor(self.recurrent_weight * state[-1] + INPUT_WEIGHT * x, dtype=torch.float64)
            )
            state.append(float(after))
            slope.append(float(phi.slope(after)))
        return Forward(np.array(state), np.array(slope))

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """state: h_0 … h_T, (moment,).   loss.   Of the steps 1 … T, (time,):

        input x_t, slope φ'(a_t), factor ∂h_t/∂h_{t−1} = φ'(a_t) w, adjoint δ_t = ∂L/∂h_t, and the step's share of the
        gradient, δ_t φ'(a_t) h_{t−1}.   truncated: ∂L/∂w from the last τ steps alone, (truncation,).
        by_autograd: ∂L/∂w, by torch and not by these equations.
        """
        state, slope = self.forward()
        factor, adjoint = slope * self.recurrent_weight, np.empty_like(slope)
        adjoint[-1] = state[-1]  # L = ½ h_T²
        for t in range(len(slope) - 1, 0, -1):
            adjoint[t - 1] = adjoint[t] * factor[t]
        share = adjoint * slope * state[:-1]
        steps = np.arange(1, len(slope) + 1)
        of_steps = {"input": self.inputs(), "slope": slope, "factor": factor, "adjoint": adjoint, "share": share}
        return xr.Dataset(
            {name: ("time", values) for name, values in of_steps.items()}
            | {"state": ("moment", state), "loss": state[-1] ** 2 / 2, "truncated": ("truncation", share[::-1].cumsum()),
               "by_autograd": self.by_autograd(ACTIVATIONS[self.activation].function)},
            {"time": steps, "truncation": steps, "moment": np.arange(len(state))},
        )  # fmt: skip

    def by_autograd(self, phi: Callable[[torch.Tensor], torch.Tensor]) -> float:
        w = torch.tensor(self.recurrent_weight, dtype=torch.float64, requires_grad=True)
        h = torch.tensor(FIRST_STATE, dtype=torch.float64)
        for x in self.inputs():
            h = phi(w * h + INPUT_WEIGHT * x)
        (gradient,) = torch.autograd.grad(h.square() / 2, w)
        return float(gradient)
