"""A model for every length: what it costs in parameters, what is left of the data for each, and how it forecasts."""

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
from rnnviz.demonstrations.sequence_data import CHARACTERS, TRAINED
from rnnviz.streams import generator
from rnnviz.tasks.characters import classes, fingerprint_of, source

LONGEST = 20
JUDGED = 1_000  # sequences
MODULE = "textwrap"
MODELS = ("naive", "shared", "markov", "mean")


class ModelPerLength(Demonstration):
    """n sequences of 20 values, and forecasts of every x_t that are linear in what they see of x_1 … x_{t−1}.

    naive    all of it, with weights of its own for every t
    shared   the last τ values, with the same weights at every step; Markov's is τ = 1, the mean sees none
    Sequences are drawn from a process whose best forecast is known (baselines.state_space). Of characters a naive model
    is a table: a row for every text that can come before, K^{t−1} of them for an alphabet of K.
    """

    kind: Literal["model_per_length"] = Field("model_per_length", repr=False)
    process: Process = "wave"
    examples: Annotated[int, Range(10, 2_000, symbol="n", unit="sequences", log=True)] = 40
    chosen_length: Annotated[int, Range(1, LONGEST, symbol="t", unit="time steps")] = 6
    tau: Annotated[int, Range(1, MOST_VALUES, symbol="τ", unit="time steps")] = 4
    alphabet: Annotated[int, Range(2, 97, symbol="K", unit="characters")] = 27

    def fingerprint(self) -> str:
        return fingerprint_of(MODULE)

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """held_out_error (model, time) and training_error (time,), that of the naive one on what it was fitted to.

        best_error, expected_error: of all forecasts, and of the naive one in the mean over training sets, (time,).
        weights: parameters of the models up to t together, (model, time).   table_rows: log₁₀ K^{t−1}, (time,).
        context_seen: the share of held-out characters whose t − 1 characters before have all been seen in a row in the
        training text, (time,).
        """
        model = state_space.process(self.process)
        train, test = (
            state_space.drawn(model, examples, LONGEST, generator(0, "model per length", purpose))
            for purpose, examples in (("fitted", self.examples), ("judged", JUDGED))
        )
        naive = per_length.fitted_by_length(train)
        errors = [per_length.errors_by_length(naive, test)]
        for step, past in enumerate((self.tau, 1, 0)):
            errors.append(per_length.errors_with_past(train, test, past))
            tick((step + 1) / 4)
        best, t = state_space.best_errors(model, LONGEST), np.arange(1, LONGEST + 1)
        weights = [t * (t + 1) / 2, *(np.minimum(t, past + 1) for past in (self.tau, 1, 0))]
        return xr.Dataset(
            {
                "held_out_error": (("model", "time"), np.array(errors)),
                "training_error": ("time", per_length.errors_by_length(naive, train)),
                "best_error": ("time", best),
                "expected_error": ("time", per_length.expected_error(best, self.examples)),
                "weights": (("model", "time"), np.array(weights, dtype=float)),
                "table_rows": ("time", (t - 1) * np.log10(self.alphabet)),
                "context_seen": ("time", contexts_seen()),
            },
            {"model": list(MODELS), "time": t},
        )


def contexts_seen() -> np.ndarray:
    text = classes(source(MODULE))[:CHARACTERS].tolist()
    split = round(TRAINED * len(text))
    shares = []
    for length in range(LONGEST):
        known = {tuple(text[t - length : t]) for t in range(length, split)}
        shares.append(np.mean([tuple(text[t - length : t]) in known for t in range(split, len(text))]))
    return np.array(shares)
