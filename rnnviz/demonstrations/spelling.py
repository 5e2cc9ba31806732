"""A network learns to spell one word, letter by letter; everything it says on the way is written down."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections import Counter
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
import xarray as xr
from pydantic import Field
from torch import Tensor

from rnnviz.cells import Elman
from rnnviz.choice import Pattern, Range
from rnnviz.demonstrations.demonstration import Demonstration, Tick, nothing
from rnnviz.engine.gradients import Pass
from rnnviz.engine.network import draw_network
from rnnviz.engine.training import Vector
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.initializers import PyTorchDefault
from rnnviz.optimizers import Adam
from rnnviz.tasks import Batch
from rnnviz.tasks.windows import one_hot

UPDATES = 100
LONGEST = 14  # letters that are read; what is typed beyond them is left out
FALLBACK = "hello"  # for a word of fewer than two letters, of which there is nothing to learn
MEMORY = ("kept", "cut")
MATRICES = ("weight_ih_l0", "weight_hh_l0", "weight_hy")


class Spelling(Demonstration):
    """x_t is the one-hot letter t of a word, the answer to step t is letter t + 1; a vanilla RNN with tanh learns it.

    Adam on the mean cross-entropy of all steps, from fresh weights. `memory="cut"` holds W_hh at 0, so that the network
    sees the present letter alone. Both are always trained; the setting says which is looked at step by step.
    A Hangul syllable is one letter. Source: the four-letter "hello" of Karpathy (2015), The Unreasonable Effectiveness of
    Recurrent Neural Networks.
    """

    kind: Literal["spelling"] = Field("spelling", repr=False)
    word: Annotated[str, Pattern(r"^[^\x00-\x1f\x7f]{0,40}$", longest=40)] = FALLBACK
    memory: Literal["kept", "cut"] = "kept"
    hidden_size: Annotated[int, Range(1, 16, symbol="H")] = 3
    learning_rate: Annotated[float, Range(0.01, 1.0, step=0.01, symbol="η", log=True)] = 0.05
    seed: Annotated[int, Range(0, 2**31 - 1)] = 1  # one that takes its time

    @property
    def spelled(self) -> str:
        """The word as it is learnt: composed, so that a Hangul syllable is one letter; letters, marks and digits alone."""
        composed = unicodedata.normalize("NFC", self.word)
        word = "".join(one for one in composed if unicodedata.category(one)[0] in "LMN")[:LONGEST]
        return word if len(word) >= 2 else FALLBACK

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every letter once, in the order in which they come."""
        return tuple(dict.fromkeys(self.spelled))

    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """Of the chosen memory, before every update and after the last (update = 0 … 100):

        logit (update, time, letter), hidden_state (update, time, unit), parameter_gradient (update, matrix), typed (update,
        place), the letters that the network types by itself, as places in the vocabulary. Of both, (of_memory, update):
        loss, the mean over steps in nats, gradient_norm, the length of ∂L/∂θ, and right, the share of right first choices.
        least_loss: what a model must pay that sees the present letter alone. at_place (place,): the word itself.
        """
        said = {
            memory: self.learn(memory, lambda part, done=done: tick((done + part) / len(MEMORY)))  # type: ignore[misc]
            for done, memory in enumerate(MEMORY)
        }
        shown, steps = said[self.memory], len(self.spelled) - 1
        over = {name: np.array([getattr(said[one], name) for one in MEMORY]) for name in ("loss", "gradient", "right")}
        return xr.Dataset(
            {
                "logit": (("update", "time", "letter"), np.array(shown.logits)),
                "hidden_state": (("update", "time", "unit"), np.array(shown.hidden)),
                "parameter_gradient": (("update", "matrix"), np.array(shown.matrices)),
                "typed": (("update", "place"), np.array(shown.typed)),
                "loss": (("of_memory", "update"), over["loss"]),
                "gradient_norm": (("of_memory", "update"), over["gradient"]),
                "right": (("of_memory", "update"), over["right"]),
                "at_place": ("place", self.classes().numpy()),
                "least_loss": ((), least_loss(self.spelled)),
            },
            {
                "update": np.arange(UPDATES + 1), "time": np.arange(1, steps + 1), "letter": list(self.vocabulary),
                "matrix": list(MATRICES), "of_memory": list(MEMORY), "place": np.arange(steps + 1),
            },
        )  # fmt: skip

    def classes(self) -> Tensor:
        return torch.tensor([self.vocabulary.index(letter) for letter in self.spelled])

    def learn(self, memory: str, tick: Tick) -> Record:
        cell, size = Elman(hidden_size=self.hidden_size), len(self.vocabulary)
        word, record = self.classes(), Record.empty()
        batch = Batch(one_hot(word[:-1], size)[:, None], word[1:, None])
        # The engine asks an experiment for the cell and how answers are judged: the default one judges letters.
        asked = Experiment(cell=cell, loss=LossAtEvery(), dtype="float64").changed({"task": "characters"})
        weights = Vector(draw_network(cell, PyTorchDefault(), size, size, self.seed))
        recurrent = weights.views["weight_hh_l0"]
        optimizer = Adam(learning_rate=self.learning_rate).make(weights.vector, 0.0)
        with torch.no_grad():
            for update in range(UPDATES + 1):
                if memory == "cut":
                    recurrent.zero_()
                made = Pass(asked, weights.views, batch)
                gradients = made.gradients()
                if memory == "cut":
                    gradients["weight_hh_l0"].zero_()
                record.write(made, gradients, typed(weights.views, word))
                weights.vector.grad = torch.cat([gradients[name].flatten() for name in weights.views])
                optimizer.step()
                tick(update / UPDATES)
        return record


class Record(NamedTuple):
    """What was said at every update, a list each."""

    logits: list[np.ndarray]
    hidden: list[np.ndarray]
    matrices: list[list[float]]
    typed: list[list[int]]
    loss: list[float]
    gradient: list[float]
    right: list[float]

    @classmethod
    def empty(cls) -> Record:
        return cls([], [], [], [], [], [], [])

    def write(self, made: Pass, gradients: dict[str, Tensor], by_itself: list[int]) -> None:
        self.logits.append(made.answers.outputs[:, 0].numpy().copy())
        self.hidden.append(made.layers[-1].hidden[..., 0].numpy().copy())
        self.matrices.append([float(torch.linalg.vector_norm(gradients[name])) for name in MATRICES])
        self.typed.append(by_itself)
        self.loss.append(made.loss)
        self.gradient.append(math.hypot(*(float(torch.linalg.vector_norm(part)) for part in gradients.values())))
        self.right.append(float(made.accuracy or 0.0))


def typed(weights: dict[str, Tensor], word: Tensor) -> list[int]:
    """The network by itself: it is given the first letter, types what it holds most probable, and reads that next."""
    p = {name: value.numpy() for name, value in weights.items()}
    bias, state, letters = p["bias_ih_l0"] + p["bias_hh_l0"], np.zeros(len(p["weight_hh_l0"])), [int(word[0])]
    for _ in word[1:]:
        state = np.tanh(p["weight_ih_l0"][:, letters[-1]] + p["weight_hh_l0"] @ state + bias)
        letters.append(int(np.argmax(p["weight_hy"] @ state + p["bias_hy"])))
    return letters


def least_loss(word: str) -> float:
    """−(1/T) Σ_t ln n(x_t y_t)/n(x_t): the cross-entropy of the word's own pairs, in nats."""
    pairs, present = Counter(itertools.pairwise(word)), Counter(word[:-1])
    return math.fsum(n * math.log(present[first] / n) for (first, _), n in pairs.items()) / (len(word) - 1)
