"""What language models pay per character on a text that they have not seen: counts of n characters, and networks."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from rnnviz import content
from rnnviz.baselines import ngram
from rnnviz.choice import Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.demonstrations.one_unit import shipped
from rnnviz.demonstrations.reading_matter import (
    FITTED,
    JUDGED,
    LONGEST,
    CharacterNetwork,
    Sha256,
    TrainingText,
    counted,
    reading_matter,
    trained,
)  # fmt: skip
from rnnviz.tasks.characters import fingerprint_of
from rnnviz.tasks.own_text import SAMPLE

KINDS = ("small", "capital", "digit", "space", "bracket", "other")


class LanguageModels(Demonstration):
    """n-grams for n = 1 … 7 (smoothed, Witten & Bell), a vanilla RNN that reads one-hot characters, one that learns a vector
    for each, and for Python the LSTM in `assets/`: all learn from the same text and are judged on another.

    library   six modules of Python's standard library, judged on a seventh
    own_text  the first four fifths of an upload, judged on the last
    """

    kind: Literal["language_models"] = Field("language_models", repr=False)
    training_text: TrainingText = "library"
    sha256: Sha256 = content.built_in(SAMPLE)
    updates: Annotated[int, Range(50, 400, step=50, symbol="U", unit="updates")] = 200

    def fingerprint(self) -> str:
        return fingerprint_of(FITTED) + fingerprint_of(JUDGED) if self.training_text == "library" else ""

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """perplexity (of_text, n): 2 to the mean of −log₂ P per character, of the held-out text and of as many characters of
        the text learnt from.   contexts (n,): how many different ones were counted.

        network_perplexity, network_size (network,): held out; learnt numbers; NaN for the LSTM on a text of one's own.
        vector (letter, axis): the learnt vectors of the characters that were read often, on their two principal axes;
        letter_kind (letter,).   classes: how many probabilities every answer has.
        """
        matter, counts = reading_matter(self.training_text, self.sha256), counted(self.training_text, self.sha256)
        tick(0.3)
        texts = {"held_out": matter.judged, "learnt": matter.fitted[-len(matter.judged) :]}
        orders = range(1, LONGEST + 2)
        classes = len(matter.alphabet)
        perplexity = [[perplexity_of(counts[:n], text, n - 1, classes) for n in orders] for text in texts.values()]
        one_hot, embedded = (
            trained(matter, kind, self.updates, lambda part, at=at: tick(0.4 + 0.3 * at + 0.3 * part))  # type: ignore[misc]
            for at, kind in enumerate((False, True))
        )
        networks = {"lstm": self.lstm(), "one_hot": one_hot, "embedded": embedded}
        letters, vectors = often_read(matter.fitted, matter.alphabet, embedded)
        return xr.Dataset(
            {
                "perplexity": (("of_text", "n"), perplexity),
                "contexts": ("n", [len(counts[n - 1]) for n in orders]),
                "network_perplexity": ("network", [paid(one, list(matter.judged)) for one in networks.values()]),
                "network_size": ("network", [one.size if one else math.nan for one in networks.values()]),
                "vector": (("letter", "axis"), vectors),
                "letter_kind": ("letter", [kind_of(letter) for letter in letters]),
                "classes": ((), classes),
            },
            {"of_text": list(texts), "n": list(orders), "network": list(networks), "letter": letters},
        )

    def lstm(self) -> CharacterNetwork | None:
        """The one in `assets/`, whose characters are those of the library."""
        return None if self.training_text == "own_text" else shipped_network()


def shipped_network() -> CharacterNetwork:
    network = shipped()
    weights = dict(network.parameters)
    return CharacterNetwork(network.experiment.cell, weights, None, sum(value.numel() for value in weights.values()))


def perplexity_of(counts: ngram.Counts, text: tuple[int, ...], past: int, classes: int) -> float:
    """Of all characters but the first; the first few have shorter contexts."""
    bits = [
        -math.log2(ngram.probability(counts, text[max(0, t - past) : t], text[t], classes)) for t in range(1, len(text))
    ]
    return float(2 ** (math.fsum(bits) / len(bits)))


def paid(network: CharacterNetwork | None, text: list[int]) -> float:
    """The perplexity of a network on the same characters."""
    if network is None:
        return math.nan
    chance = network.probability(text)[np.arange(len(text) - 1), text[1:]]
    return float(2 ** -np.log2(np.maximum(chance, 1e-300)).mean())


def often_read(
    text: tuple[int, ...], alphabet: tuple[str, ...], network: CharacterNetwork
) -> tuple[list[str], np.ndarray]:
    """The characters that make up a thousandth of the text or more, and their vectors on two principal axes."""
    assert network.embedding is not None
    often = np.flatnonzero(np.bincount(text, minlength=len(alphabet))[:-1] >= len(text) / 1000)
    vectors = network.embedding.double().numpy().T[often]
    centred = vectors - vectors.mean(0)
    axes = np.linalg.svd(centred)[2][:2]  # all axes: a text of one character alone has only zeros along both
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(1)])[:, None]  # a principal axis has no sign of its own
    return [alphabet[k] for k in often], centred @ axes.T


def kind_of(letter: str) -> str:
    kinds = {
        "small": letter.isalpha() and not letter.isupper(), "capital": letter.isupper(), "digit": letter.isdigit(),
        "space": letter.isspace(), "bracket": letter in "()[]{}\"'",
    }  # fmt: skip
    return next((kind for kind, is_it in kinds.items() if is_it), "other")
