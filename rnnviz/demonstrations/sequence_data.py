"""Four kinds of sequence, as recorded and shuffled: who follows whom, and how well the next value can be forecast."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
import xarray as xr
from pydantic import Field

from rnnviz.baselines import linear, ngram
from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.streams import generator
from rnnviz.tasks.characters import ALPHABET, classes, fingerprint_of, source
from rnnviz.tasks.stocks import PRICES, returns

MOST_PAST = 8
TEXT_PAST = 5  # longer contexts hardly come twice in so short a text
ORDERS = ("recorded", "shuffled")
LENGTH = 2_000  # values of a synthesised series
CHARACTERS = 12_000  # of the text
TRAINED = 2 / 3  # of the series; the rest is held out
CELLS = 8  # bins of equal count for numbers
LETTERS = 12  # most frequent characters; all others share one more place
MODULE, COMPANY = "textwrap", "GOOG"


class SequenceData(Demonstration):
    """One series, in its own order and shuffled, and the best forecast of x_t from x_{t−1} … x_{t−τ} for every τ.

    sound       three decaying harmonics of a plucked string, 220 Hz at 8 kHz, and a little noise
    characters  source code of Python's standard library
    returns     weekly log returns of a share, standardised
    sine        sin(2πt/25) and noise of standard deviation 0.3
    Forecasts of numbers are linear and fitted by least squares, those of characters are counted; both on the first two
    thirds, and scored on the last.
    """

    kind: Literal["sequence_data"] = Field("sequence_data", repr=False)
    series: Literal["sound", "characters", "returns", "sine"] = "sine"
    ordering: Literal["recorded", "shuffled"] = "recorded"
    past: Annotated[int, Range(0, MOST_PAST, symbol="τ", unit="time steps")] = 2
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0

    def fingerprint(self) -> str:
        return {"characters": fingerprint_of(MODULE), "returns": PRICES.fingerprint()}.get(self.series, "")

    @property
    def of_characters(self) -> bool:
        return self.series == "characters"

    def values(self) -> np.ndarray:
        """The series as recorded, (time,): numbers of mean 0 and variance 1, or classes of characters."""
        match self.series:
            case "characters":
                return classes(source(MODULE))[:CHARACTERS].numpy()
            case "returns":
                return np.array(returns(COMPANY))
            case "sound":
                return standardised(sound(self.seed))
        t = np.arange(LENGTH)
        return standardised(np.sin(2 * math.pi * t / 25) + 0.3 * noise(self.seed, "sine"))

    def in_order(self, order: str) -> np.ndarray:
        values = self.values()
        if order == "recorded":
            return values
        return values[torch.randperm(len(values), generator=generator(self.seed, "shuffle")).numpy()]

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """value: the chosen order, (time,).   pair_count: how often the second followed the first, (earlier, later).

        error: held-out error of the best forecast for each τ, (in_order, window), mean square or bits per character.
        mutual_information: between neighbours, from the counts, (in_order,), bits.   place: the names of the cells of
        `pair_count`, characters or the middle of a bin.
        """
        orders = {order: self.in_order(order) for order in ORDERS}
        places, cell = self.places(orders["recorded"])
        counts = {order: pairs(cell(values), len(places)) for order, values in orders.items()}
        pasts = range((TEXT_PAST if self.of_characters else MOST_PAST) + 1)
        errors = np.empty((len(ORDERS), len(pasts)))
        for row, values in enumerate(orders.values()):
            for past in pasts:
                errors[row, past] = self.held_out(values, past)
                tick((row * len(pasts) + past + 1) / errors.size)
        chosen = orders[self.ordering]
        return xr.Dataset(
            {
                "value": ("time", chosen.astype(float)),
                "pair_count": (("earlier", "later"), counts[self.ordering]),
                "mutual_information": ("in_order", [mutual_information(counts[order]) for order in ORDERS]),
                "error": (("in_order", "window"), errors),
                "place": ("cell", np.array(places)),
            },
            {"in_order": list(ORDERS), "window": list(pasts), "time": np.arange(1, len(chosen) + 1)},
        )

    def held_out(self, values: np.ndarray, past: int) -> float:
        split = round(TRAINED * len(values))
        if self.of_characters:
            return ngram.held_out_bits(values.tolist(), past, split, len(ALPHABET) + 1)
        return linear.held_out_error(values, past, split)

    def places(self, values: np.ndarray) -> tuple[list[str], Callable[[np.ndarray], np.ndarray]]:
        """The names of the cells, and the function that says in which cell each value lies."""
        if self.of_characters:
            frequent = np.argsort(-np.bincount(values, minlength=len(ALPHABET) + 1), kind="stable")[:LETTERS]
            known = np.sort(frequent)
            names = [visible(ALPHABET[k]) for k in known] + ["…"]
            at = np.full(len(ALPHABET) + 1, LETTERS)
            at[known] = np.arange(LETTERS)
            return names, lambda some: at[some]
        edges = np.quantile(values, np.linspace(0, 1, CELLS + 1))
        names = [f"{(low + high) / 2:.2f}".replace("-", "−") for low, high in pairwise(edges)]
        return names, lambda some: np.clip(np.searchsorted(edges, some, "right") - 1, 0, CELLS - 1)


def sound(seed: int) -> np.ndarray:
    """A quarter of a second of a plucked string."""
    seconds = np.arange(LENGTH) / 8_000
    waves = [np.sin(2 * math.pi * 220 * k * seconds) / k for k in (1, 2, 3)]
    return np.exp(-4 * seconds) * sum(waves) + 0.05 * noise(seed, "sound")


def noise(seed: int, purpose: str) -> np.ndarray:
    return torch.randn(LENGTH, generator=generator(seed, purpose), dtype=torch.float64).numpy()


def standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def pairs(cells: np.ndarray, size: int) -> np.ndarray:
    """How often cell j followed cell i, (earlier, later)."""
    counts = np.zeros((size, size))
    np.add.at(counts, (cells[:-1], cells[1:]), 1)
    return counts


def mutual_information(counts: np.ndarray) -> float:
    """I = Σ p(i, j) log₂ (p(i, j) / p(i) p(j)), of the counts; of finite data it is a little too large."""
    joint = counts / counts.sum()
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log2(joint[there] / apart[there])).sum())


def visible(character: str) -> str:
    return {" ": "␣", "\n": "↵"}.get(character, character)
