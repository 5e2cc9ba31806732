"""A small recurrent network, trained here, beside autoregressions and the naive model: one score for all."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from rnnviz.baselines import per_length, state_space
from rnnviz.baselines.state_space import Process
from rnnviz.choice import Range
from rnnviz.demonstrations.autoregression import MOST_VALUES
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.demonstrations.latent import LatentModel
from rnnviz.demonstrations.model_per_length import JUDGED, LONGEST
from rnnviz.streams import generator

MODELS = ("mean", "markov", "shared", "naive", "latent", "hybrid")
READERS = ("window", "latent", "hybrid")


class LatentModels(Demonstration):
    """Sequences as in ModelPerLength, the very same ones; and two recurrent networks trained on them by the engine.

    latent  x̂_t from h_t alone; h_t = tanh(W_ih x_{t−1} + W_hh h_{t−1} + b) has read everything before t
    hybrid  x̂_t from h_t and, beside it, the last τ values as they are
    Each takes 300 steps of Adam on all sequences at once. The others are fitted by least squares.
    """

    kind: Literal["latent_models"] = Field("latent_models", repr=False)
    process: Process = "wave"
    examples: Annotated[int, Range(10, 2_000, symbol="n", unit="sequences", log=True)] = 200
    tau: Annotated[int, Range(1, MOST_VALUES, symbol="τ", unit="time steps")] = 4
    hidden_size: Annotated[int, Range(1, 16, symbol="H", unit="units")] = 8

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """held_out_error: (model, time).   training_error, weights: (model,).   best_error: (time,).

        recall: of x_{T−k}, the share of its variance that a linear reading of h_T explains in sequences that the reading
        was not fitted on, (reader, lag), k = 1 … T − 1; of the window of τ values likewise.
        """
        model = state_space.process(self.process)
        train, test = (
            state_space.drawn(model, examples, LONGEST, generator(0, "model per length", purpose))
            for purpose, examples in (("fitted", self.examples), ("judged", JUDGED))
        )
        networks = {}
        for place, (name, past) in enumerate((("latent", 0), ("hybrid", self.tau))):
            networks[name] = LatentModel(self.hidden_size, past, LONGEST, self.examples)
            networks[name].train(train, lambda part, place=place: tick((place + part) / 2))  # type: ignore[misc]
        naive = per_length.fitted_by_length(train)
        pasts = {"mean": 0, "markov": 1, "shared": self.tau}

        def errors(name: str, on: np.ndarray) -> np.ndarray:
            if name in networks:
                return networks[name].errors(on)
            return (
                per_length.errors_by_length(naive, on)
                if name == "naive"
                else per_length.errors_with_past(train, on, pasts[name])
            )

        sizes = {"naive": LONGEST * (LONGEST + 1) // 2} | {name: past + 1 for name, past in pasts.items()}
        sizes |= {name: network.size for name, network in networks.items()}
        readers = {"window": test[:, -1 - self.tau : -1]} | {name: one.summary(test) for name, one in networks.items()}
        return xr.Dataset(
            {
                "held_out_error": (("model", "time"), np.array([errors(name, test) for name in MODELS])),
                "training_error": ("model", [errors(name, train).mean() for name in MODELS]),
                "weights": ("model", [float(sizes[name]) for name in MODELS]),
                "best_error": ("time", state_space.best_errors(model, LONGEST)),
                "recall": (("reader", "lag"), np.array([recall(readers[name], test[:, -2::-1]) for name in READERS])),
            },
            {
                "model": list(MODELS),
                "reader": list(READERS),
                "time": np.arange(1, LONGEST + 1),
                "lag": np.arange(1, LONGEST),
            },
        )


def recall(summary: np.ndarray, values: np.ndarray) -> np.ndarray:
    """1 − error / variance of each value (example, value) as read linearly from a summary (example, number), (value,).

    Fitted on the first half of the examples and judged on the second, so it may fall a little below 0.
    """
    half = len(values) // 2
    seen = np.column_stack([np.ones(len(summary)), summary])
    weights = np.linalg.lstsq(seen[:half], values[:half], rcond=None)[0]
    left = np.mean((values[half:] - seen[half:] @ weights) ** 2, axis=0)
    return 1 - left / values[half:].var(axis=0)
