"""What the language models of lesson 5 read: Python's library or a text of one's own; and small networks trained on it."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnviz import content
from rnnviz.baselines import ngram
from rnnviz.cells import Cell, Elman
from rnnviz.choice import Pattern
from rnnviz.demonstrations.demonstration import Tick
from rnnviz.engine.gradients import Pass
from rnnviz.engine.network import DTYPES, draw_network
from rnnviz.engine.passes import forward
from rnnviz.engine.training import Vector
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.initializers import PyTorchDefault
from rnnviz.optimizers import Adam
from rnnviz.streams import generator
from rnnviz.tasks import Batch, OwnText
from rnnviz.tasks.characters import ALPHABET, classes, source
from rnnviz.tasks.own_text import encoded
from rnnviz.tasks.windows import one_hot

FITTED, JUDGED = "library", "shlex"  # the modules that are learnt from, and one that nobody here has seen
HELD_OUT = 5_000  # characters that are judged, at most
MOST_READ = 400_000  # characters that are learnt from, at most
TRAINED = 0.8  # of a text of one's own; the rest is held out
LONGEST = 6  # characters of the longest context: n = 7
HIDDEN, EMBEDDED, STEPS, BATCH, RATE = 64, 12, 40, 16, 0.01  # of the networks that are trained here
SMALL = 0.5  # deviation of fresh vectors: with 1 their places are still those of the draw, with 0.1 they learn slowly
OTHER = "…"

TrainingText = Literal["library", "own_text"]
Sha256 = Annotated[str, Pattern(content.SHA256)]


class ReadingMatter(NamedTuple):
    """Two texts as classes; class i is alphabet[i], the last one stands for every other character."""

    alphabet: tuple[str, ...]
    fitted: tuple[int, ...]
    judged: tuple[int, ...]

    def classes_of(self, text: str) -> list[int]:
        known = {letter: place for place, letter in enumerate(self.alphabet[:-1])}
        return [known.get(letter, len(known)) for letter in text]


@lru_cache(maxsize=2)
def reading_matter(training_text: TrainingText, sha256: str) -> ReadingMatter:
    """Raises MissingContent and UnreadableContent."""
    if training_text == "library":
        fitted, judged = (classes(source(module)).tolist() for module in (FITTED, JUDGED))
        return ReadingMatter((*ALPHABET, OTHER), tuple(fitted[:MOST_READ]), tuple(judged[:HELD_OUT]))
    text = OwnText(sha256=sha256).text().tolist()[:MOST_READ]
    split = round(TRAINED * len(text))
    return ReadingMatter((*encoded(sha256).alphabet, OTHER), tuple(text[:split]), tuple(text[split:][:HELD_OUT]))


@lru_cache(maxsize=2)
def counted(training_text: TrainingText, sha256: str) -> ngram.Counts:
    return ngram.counted(reading_matter(training_text, sha256).fitted, LONGEST)


class CharacterNetwork(NamedTuple):
    """A network under the engine's names, and the vector of every character if it has learnt some, (dimension, class)."""

    cell: Cell
    parameters: dict[str, Tensor]
    embedding: Tensor | None
    size: int  # learnt numbers

    def probability(self, text: list[int]) -> np.ndarray:
        """P(next | all before), from h_0 = 0, (character, class)."""
        inputs = one_hot(torch.tensor(text), self.parameters["weight_hy"].shape[0]).to(torch.float32)[..., None]
        with torch.no_grad():
            hidden = forward(self.cell, self.parameters, inputs)[-1].hidden[..., 0]
            scores = hidden @ self.parameters["weight_hy"].T + self.parameters["bias_hy"]
        return scores.double().softmax(-1).numpy()


def trained(matter: ReadingMatter, embedded: bool, updates: int, tick: Tick) -> CharacterNetwork:
    """A vanilla RNN, trained by Adam on windows of the text, from one-hot characters or from learnt vectors.

    With an embedding E the input weights are W_xh = W E, so ∂L/∂W = G Eᵀ and ∂L/∂E = Wᵀ G, G = ∂L/∂W_xh.
    """
    cell, letters = Elman(hidden_size=HIDDEN), len(matter.alphabet)
    asked = Experiment(cell=cell, loss=LossAtEvery()).changed({"task": "characters", "task.sequence_length": STEPS})
    drawn = draw_network(cell, PyTorchDefault(), EMBEDDED if embedded else letters, letters, 0)
    if embedded:
        places = generator(0, "weights", "embedding")
        drawn["embedding"] = SMALL * torch.randn(EMBEDDED, letters, generator=places, dtype=torch.float64)
    weights = Vector({name: value.to(DTYPES[asked.dtype]) for name, value in drawn.items()})
    optimizer = Adam(learning_rate=RATE).make(weights.vector, 0.0)
    text = torch.tensor(matter.fitted)
    windows = torch.arange(STEPS + 1)[:, None]
    starts = torch.randint(len(text) - STEPS, (updates, BATCH), generator=generator(0, "windows"))
    with torch.no_grad():
        for update, start in enumerate(starts):
            window = text[start + windows]
            batch = Batch(one_hot(window[:-1], letters), window[1:])
            gradients = Pass(asked, as_one(weights.views), batch).gradients()
            if embedded:
                whole = gradients["weight_ih_l0"]
                gradients["weight_ih_l0"] = whole @ weights.views["embedding"].T
                gradients["embedding"] = weights.views["weight_ih_l0"].T @ whole
            gradient = torch.cat([gradients[name].flatten() for name in weights.views])
            weights.vector.grad = gradient / max(1.0, float(torch.linalg.vector_norm(gradient)))
            optimizer.step()
            tick((update + 1) / updates)
    kept = {name: value.clone() for name, value in weights.views.items()}
    return CharacterNetwork(cell, as_one(kept), kept.get("embedding"), weights.vector.numel())


def as_one(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The network whose input weights are W E, as the engine knows it."""
    if "embedding" not in weights:
        return weights
    rest = {name: value for name, value in weights.items() if name != "embedding"}
    return rest | {"weight_ih_l0": weights["weight_ih_l0"] @ weights["embedding"]}
