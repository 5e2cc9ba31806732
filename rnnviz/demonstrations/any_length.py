"""Sequences of every length, one answer each: networks with a fixed input beside one that is applied again and again."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
import xarray as xr
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.streams import generator

LONGEST = 24
EXAMPLES = 4_000
MODELS = ("this_step", "fixed_input", "recurrent")


class AnyLength(Demonstration):
    """y_t = x_1 + … + x_t of white noise, forecast by three linear models, for every length t = 1 … 24.

    this_step    sees x_t
    fixed_input  sees the last n values, zeros before the first
    recurrent    ŷ_t = a ŷ_{t−1} + b x_t, ŷ_0 = 0: two numbers, applied again at every step
    All are fitted by least squares on sequences of at most n steps, and judged on other sequences of every length.
    """

    kind: Literal["any_length"] = Field("any_length", repr=False)
    inputs: Annotated[int, Range(2, 16, symbol="n", unit="time steps")] = 8

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """error: mean squared error over the variance of the answer, (model, length).   parameters: of each, (model,)."""
        (x, y), (new_x, new_y) = (sums(purpose) for purpose in ("fitted", "judged"))
        error = np.empty((len(MODELS), LONGEST))
        for row, width in enumerate((1, self.inputs)):
            weights = fitted_window(x, y, width, self.inputs)
            for t in range(LONGEST):
                error[row, t] = share(last(new_x, t, width) @ weights, new_y[:, t])
        a, b = fitted_step(x, y, self.inputs)
        state = np.zeros(EXAMPLES)
        for t in range(LONGEST):
            state = a * state + b * new_x[:, t]
            error[2, t] = share(state, new_y[:, t])
        coords = {"model": list(MODELS), "length": np.arange(1, LONGEST + 1)}
        return xr.Dataset({"error": (("model", "length"), error), "parameters": ("model", [1, self.inputs, 2])}, coords)


def sums(purpose: str) -> tuple[np.ndarray, np.ndarray]:
    """White noise and its running sum, (example, time) each."""
    x = torch.randn(EXAMPLES, LONGEST, generator=generator(0, "any length", purpose), dtype=torch.float64).numpy()
    return x, x.cumsum(1)


def last(x: np.ndarray, t: int, width: int) -> np.ndarray:
    """The last values up to step t (from 0), newest first, zeros before the first, (example, width)."""
    seen = np.zeros((len(x), width))
    there = min(width, t + 1)
    seen[:, :there] = x[:, t - there + 1 : t + 1][:, ::-1]
    return seen


def fitted_window(x: np.ndarray, y: np.ndarray, width: int, longest: int) -> np.ndarray:
    seen = np.concatenate([last(x, t, width) for t in range(longest)])
    return np.linalg.lstsq(seen, y[:, :longest].T.ravel(), rcond=None)[0]


def fitted_step(x: np.ndarray, y: np.ndarray, longest: int) -> tuple[float, float]:
    """a and b of y_t = a y_{t−1} + b x_t."""
    before = np.column_stack([np.zeros(len(y)), y[:, : longest - 1]])
    a, b = np.linalg.lstsq(
        np.column_stack([before.ravel(), x[:, :longest].ravel()]), y[:, :longest].ravel(), rcond=None
    )[0]
    return float(a), float(b)


def share(forecast: np.ndarray, answer: np.ndarray) -> float:
    """Mean squared error as a share of what it costs always to answer 0."""
    return float(np.mean((answer - forecast) ** 2) / np.mean(answer**2))
