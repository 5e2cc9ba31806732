"""Characters that know the one before them: the transition matrix, a word factor by factor, and texts drawn from it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
import xarray as xr
from pydantic import Field

from rnnviz.baselines import ngram
from rnnviz.choice import Pattern, Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.demonstrations.sequence_data import CHARACTERS, TRAINED, visible
from rnnviz.streams import generator
from rnnviz.tasks.characters import ALPHABET, OTHER, ModuleName, classes, fingerprint_of, source

SHOWN = 27  # most frequent characters of the matrix; all others share one more place
SAMPLED = (0, 1, 2, 4)  # past characters that the drawn texts hang on
SAMPLE_LENGTH = 108


class MarkovText(Demonstration):
    """P(x_t | x_{t−1}) of the characters of a module of Python's standard library, counted and smoothed (Witten & Bell).

    The joint probability of a word is P(x_1) Π P(x_t | x_{t−1}): P(x_1) is how frequent its first character is.
    Texts are drawn from such counts with 0, 1, 2 and 4 past characters, as Shannon (1948) drew his.
    """

    kind: Literal["markov_text"] = Field("markov_text", repr=False)
    module: ModuleName = "textwrap"
    typed_word: Annotated[str, Pattern(r"^[^\x00-\x1f\x7f]{1,16}$")] = "string"
    sample: Annotated[int, Range(1, 50)] = 1

    def fingerprint(self) -> str:
        return fingerprint_of(self.module)

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """transition_count: how often the second followed the first, (earlier, later), by `place`.

        given_before, alone: P(x_t | x_{t−1}) and P(x_t) of each character of the word, (letter,); `shown` is the place
        of each in the matrix.   text: one drawn for each number of past characters, (window,), and its model's
        held_out_bits.
        """
        text = classes(source(self.module))[:CHARACTERS].tolist()
        counts = ngram.counted(text, max(SAMPLED))
        word = classes(self.typed_word).tolist()
        before = [ngram.probability(counts, word[max(0, t - 1) : t], c, OTHER + 1) for t, c in enumerate(word)]
        tick(0.3)
        places, at = matrix_places(np.array(text))
        pairs = np.zeros((len(places), len(places)))
        np.add.at(pairs, (at[text[:-1]], at[text[1:]]), 1)
        split = round(TRAINED * len(text))
        return xr.Dataset(
            {
                "transition_count": (("earlier", "later"), pairs),
                "given_before": ("letter", before),
                "alone": ("letter", [ngram.probability(counts, [], c, OTHER + 1) for c in word]),
                "character": ("letter", [visible(c) for c in self.typed_word]),
                "shown": ("letter", at[word]),
                "place": ("cell", np.array(places)),
                "text": ("window", [self.drawn(counts, past) for past in SAMPLED]),
                "held_out_bits": ("window", [ngram.held_out_bits(text, past, split, OTHER + 1) for past in SAMPLED]),
            },
            {"window": list(SAMPLED), "letter": np.arange(1, len(word) + 1)},
        )

    def drawn(self, counts: ngram.Counts, past: int) -> str:
        """A text, one character after another, each from P(· | the `past` characters before it)."""
        source_of_chance = generator(self.sample, "markov text", past)
        chances = torch.rand(SAMPLE_LENGTH, generator=source_of_chance, dtype=torch.float64).tolist()
        text: list[int] = []
        for chance in chances:
            context = text[len(text) - min(past, len(text)) :]
            cumulative = np.cumsum([ngram.probability(counts, context, c, OTHER + 1) for c in range(OTHER + 1)])
            text.append(min(int(np.searchsorted(cumulative, chance)), OTHER))
        return "".join(visible(ALPHABET[c]) if c < OTHER else "�" for c in text)


def matrix_places(text: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The names of the rows of the matrix, and the row of every class."""
    frequent = np.argsort(-np.bincount(text, minlength=OTHER + 1)[:OTHER], kind="stable")[:SHOWN]
    known = np.sort(frequent)
    at = np.full(OTHER + 1, SHOWN)
    at[known] = np.arange(SHOWN)
    return [visible(ALPHABET[k]) for k in known] + ["…"], at
