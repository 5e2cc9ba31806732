"""What the next character will be: an n-gram and a network are asked after every character that a reader types."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
import torch
import xarray as xr
from pydantic import Field

from rnnviz import content
from rnnviz.baselines import ngram
from rnnviz.choice import Pattern, Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.demonstrations.language_models import shipped_network
from rnnviz.demonstrations.reading_matter import (
    FITTED,
    LONGEST,
    CharacterNetwork,
    Sha256,
    TrainingText,
    counted,
    reading_matter,
    trained,
)  # fmt: skip
from rnnviz.engine.network import layer_parameters
from rnnviz.streams import generator
from rnnviz.tasks.characters import fingerprint_of
from rnnviz.tasks.own_text import SAMPLE

SAMPLED = 240  # characters of each sample


class NextCharacter(Demonstration):
    """P(next) after each character of `prompt`: of an n-gram, which sees the last n − 1, and of a network that has read all.

    The network is the LSTM in `assets/` for Python; for a text of one's own a vanilla RNN that is trained on it first.
    Both then write on by themselves, each character drawn by its own probabilities.
    """

    kind: Literal["next_character"] = Field("next_character", repr=False)
    training_text: TrainingText = "library"
    sha256: Sha256 = content.built_in(SAMPLE)
    updates: Annotated[int, Range(50, 400, step=50, symbol="U", unit="updates")] = 200
    prompt: Annotated[str, Pattern(r"^[^\x00-\x1f\x7f]{0,40}$", longest=40)] = "    def __init__(se"
    ngram_order: Annotated[int, Range(1, LONGEST + 1, symbol="n", unit="characters")] = 4
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0

    def fingerprint(self) -> str:
        return fingerprint_of(FITTED) if self.training_text == "library" else ""

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """chance (told_by, place, letter): of every next character after `place` characters of the prompt.

        typed (place,): the characters of the prompt.   sample (told_by,): what each writes after it.
        An empty prompt counts as a new line.
        """
        matter, counts = reading_matter(self.training_text, self.sha256), counted(self.training_text, self.sha256)
        tick(0.3)
        network = self.network(tick)
        text, classes = matter.classes_of(self.prompt or "\n"), len(matter.alphabet)
        by_count = [after(counts, text[:t], self.ngram_order, classes) for t in range(1, len(text) + 1)]
        samples = {
            "ngram": written(
                lambda read: after(counts, read, self.ngram_order, classes),
                text,
                generator(self.seed, "sample", "ngram"),
            ),
            "network": written(Reader(network), text, generator(self.seed, "sample", "network")),
        }
        return xr.Dataset(
            {
                "chance": (("told_by", "place", "letter"), np.array([by_count, network.probability(text)])),
                "typed": ("place", [matter.alphabet[k] for k in text]),
                "sample": ("told_by", ["".join(matter.alphabet[k] for k in sample) for sample in samples.values()]),
            },
            {"told_by": list(samples), "place": np.arange(1, len(text) + 1), "letter": list(matter.alphabet)},
        )

    def network(self, tick: Tick) -> CharacterNetwork:
        if self.training_text == "library":
            return shipped_network()
        found = trained_before(self.sha256, self.updates)
        tick(0.9)
        return found


@lru_cache(maxsize=2)
def trained_before(sha256: str, updates: int) -> CharacterNetwork:
    """What a worker has trained it keeps, so that typing on does not begin anew."""
    return trained(reading_matter("own_text", sha256), True, updates, nothing)


def after(counts: ngram.Counts, read: list[int], order: int, classes: int) -> np.ndarray:
    """P(next) by the last n − 1 characters, (class,)."""
    context = read[max(0, len(read) - order + 1) :]
    return np.array([ngram.probability(counts[:order], context, following, classes) for following in range(classes)])


class Reader:
    """A network that reads on from where it stopped: asked with a text that has grown by some characters."""

    def __init__(self, network: CharacterNetwork):
        self.network, self.done = network, 0
        self.state = network.cell.initial_state(1, network.parameters["weight_hy"].dtype)

    def __call__(self, read: list[int]) -> np.ndarray:
        p = self.network.parameters
        weights, classes = layer_parameters(p, 0), p["weight_hy"].shape[0]
        for letter in read[self.done :]:
            x = torch.zeros(1, classes, dtype=p["weight_hy"].dtype)
            x[0, letter] = 1
            self.state, _ = self.network.cell.step(weights, x, self.state)
        self.done = len(read)
        scores = self.state.hidden_state[0] @ p["weight_hy"].T + p["bias_hy"]
        return scores.double().softmax(-1).numpy()


def written(ask: Callable[[list[int]], np.ndarray], text: list[int], draws: torch.Generator) -> list[int]:
    """SAMPLED more characters, each drawn by what the model says of it; "other" is never drawn."""
    read = list(text)
    for _ in range(SAMPLED):
        chance = torch.as_tensor(ask(read))[:-1]
        read.append(int(torch.multinomial(chance / chance.sum(), 1, generator=draws)))
    return read[len(text) :]
