"""Autoregressions of every order, one step ahead and many, on values that they were not fitted to."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from rnnviz.baselines import ahead, linear, state_space
from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.demonstrations.sequence_data import LENGTH, TRAINED, SequenceData
from rnnviz.streams import generator
from rnnviz.tasks.stocks import PRICES

MOST_VALUES = 16
FARTHEST = 24
BEFORE = 20  # values kept from before the held-out part, to be seen beside it


class Autoregression(Demonstration):
    """x_t = a_0 + Σ_k a_k x_{t−k} + ε_t for τ = 1 … 16, fitted by least squares on the first two thirds of a series.

    k steps ahead a model is fed with its own forecasts. Errors are mean squares over all forecasts of the last third.
    ar2     x_t = 1.7 cos(2π/12) x_{t−1} − 0.85² x_{t−2} + ε_t, whose best forecast is known
    others  as in lesson 1 (SequenceData): a noisy sine, a plucked string, weekly returns
    """

    kind: Literal["autoregression"] = Field("autoregression", repr=False)
    signal: Literal["ar2", "sine", "sound", "returns"] = "ar2"
    tau: Annotated[int, Range(1, MOST_VALUES, symbol="τ", unit="time steps")] = 2
    steps_ahead: Annotated[int, Range(1, FARTHEST, symbol="k", unit="time steps")] = 8
    origin: Annotated[int, Range(0, 30, unit="time steps")] = 0

    def fingerprint(self) -> str:
        return PRICES.fingerprint() if self.signal == "returns" else ""

    def values(self) -> np.ndarray:
        """The series, (time,), of mean 0 and variance 1: of all its values, or as ar2 is drawn."""
        if self.signal == "ar2":
            return state_space.drawn(state_space.process("ar2"), 1, LENGTH, generator(0, "autoregression"))[0]
        return SequenceData(series=self.signal).values()

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """held_out_error, expected_error: of every order and reach, (window, ahead); `best_error` (ahead,) where known.

        value, one_step: the held-out values, some before them, and forecasts of the former from all before, (time,).
        path: the forecast from `origin` held-out values on, (ahead,).   coefficient: a_0 … a_τ, (term,).
        mean_error: what it costs always to answer the mean.   largest_root: of the chosen model.
        """
        series, orders = self.values(), range(1, MOST_VALUES + 1)
        split = round(TRAINED * len(series))
        error, expected = np.empty((2, len(orders), FARTHEST))
        for row, order in enumerate(orders):
            weights = linear.fitted(series[:split], order)
            found, came = ahead.held_out_paths(series, weights, split, FARTHEST)
            error[row] = np.nanmean((found - came) ** 2, axis=0)
            seen, answers = linear.windows(series[:split], order)
            spread = np.sum((answers - seen @ weights) ** 2) / (len(answers) - order - 1)
            expected[row] = ahead.foreseen(weights, float(spread), FARTHEST)
            if order == self.tau:
                chosen, forecasts = weights, found
            tick((row + 1) / len(orders))
        known = self.signal == "ar2"
        best = state_space.best_ahead(state_space.process("ar2"), FARTHEST) if known else np.full(FARTHEST, np.nan)
        return xr.Dataset(
            {
                "held_out_error": (("window", "ahead"), error),
                "expected_error": (("window", "ahead"), expected),
                "best_error": ("ahead", best),
                "value": ("time", series[split - BEFORE :]),
                "one_step": ("time", np.append(np.full(BEFORE, np.nan), forecasts[:, 0])),
                "path": ("ahead", forecasts[self.origin]),
                "coefficient": ("term", chosen),
                "mean_error": float(np.mean((series[split:] - series[:split].mean()) ** 2)),
                "largest_root": ahead.largest_root(chosen),
            },
            {
                "window": list(orders),
                "ahead": np.arange(1, FARTHEST + 1),
                "time": np.arange(split - BEFORE + 1, len(series) + 1),
            },
        )
