"""Small stand-ins for six uses of a recurrent network: which steps are read, and which are answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

UNJUDGED = -1  # the target of a step without a loss
NOTHING = "0"  # how an input of zeros is written
STROKES = ("—", "|", "/", "\\")
PIXELS = 9
NAMES = ("flat", "tall", "rising", "falling")
NOISE = 0.4  # standard deviation, added to pixels that are 0 or 1

OPINIONS = ("good", "great", "bad", "dull")
FILLERS = ("the", "film", "was", "so")
SENTIMENTS = ("negative", "positive")
CAPTIONS = (
    ("a", "flat", "line", ".", "."), ("a", "tall", "line", ".", "."), ("a", "line", "going", "up", "."),
    ("a", "line", "going", "down", "."),
)  # fmt: skip
SENTENCES = (("I", "you", "we"), ("see", "like", "help"), ("it", "him", "them"))  # subject, verb, object
TRANSLATED = (("나는", "너는", "우리는"), ("본다", "좋아한다", "돕는다"), ("그것을", "그를", "그들을"))
BEFORE = ("the", "a", "they", "we")  # two determiners, two pronouns
EITHER = ("walk", "work", "play", "look")  # nouns after the former, verbs after the latter
TAGS = ("DET", "PRON", "NOUN", "VERB")
PLACES = 6
MOTIONS = ("–", "←", "→")
TURNS = 0.3  # probability that the dot turns round


class Examples(NamedTuple):
    """inputs (time, example, feature) float64; targets (time, example) int64, UNJUDGED where no loss enters.

    `read` holds what each example reads at each step, in words; `answers` the words of the classes.
    """

    inputs: Tensor
    targets: Tensor
    read: list[list[str]]
    answers: tuple[str, ...]


def image(count: int, generator: Generator) -> Examples:
    """A noisy picture of 3 × 3 pixels with one stroke; the answer is which."""
    which = torch.randint(len(STROKES), (count,), generator=generator)
    return Examples(pictures(which, generator)[None], which[None], [[STROKES[k]] for k in which], NAMES)


def caption(count: int, generator: Generator) -> Examples:
    """The same picture at the first step, then zeros; the answers are its caption, a word at each step."""
    which = torch.randint(len(STROKES), (count,), generator=generator)
    answers = tuple(dict.fromkeys(word for words in CAPTIONS for word in words))
    length = len(CAPTIONS[0])
    inputs = torch.zeros(length, count, PIXELS, dtype=torch.float64)
    inputs[0] = pictures(which, generator)
    said = torch.tensor([[answers.index(word) for word in words] for words in CAPTIONS])
    return Examples(inputs, said[which].T, [[STROKES[k], *[NOTHING] * (length - 1)] for k in which], answers)


def sentiment(count: int, generator: Generator) -> Examples:
    """Six words with one opinion, which a "not" right before it turns round; judged after the last."""
    length, words = 6, (*OPINIONS, *FILLERS, "not")
    shown = len(OPINIONS) + torch.randint(len(FILLERS), (count, length), generator=generator)
    place = torch.randint(1, length, (count,), generator=generator)
    opinion = torch.randint(len(OPINIONS), (count,), generator=generator)
    denied = torch.rand(count, generator=generator) < 0.5
    rows = torch.arange(count)
    shown[rows, place] = opinion
    shown[rows[denied], place[denied] - 1] = len(words) - 1
    targets = torch.full((length, count), UNJUDGED)
    targets[-1] = ((opinion < 2) ^ denied).long()
    return in_words(shown, words, targets, SENTIMENTS)


def translation(count: int, generator: Generator) -> Examples:
    """Subject, verb and object in English, a sign to speak, and then subject, object and verb in Korean."""
    words = (*(word for part in SENTENCES for word in part), "→")
    answers = tuple(word for part in TRANSLATED for word in part)
    drawn = torch.randint(3, (count, 3), generator=generator) + torch.tensor([0, 3, 6])
    shown = torch.full((count, 6), UNJUDGED)
    shown[:, :3], shown[:, 3] = drawn, len(words) - 1
    targets = torch.full((6, count), UNJUDGED)
    targets[3:] = drawn[:, [0, 2, 1]].T
    return in_words(shown, words, targets, answers)


def tagging(count: int, generator: Generator) -> Examples:
    """Six words, each with its part of speech; "walk" is a noun after "the" and a verb after "they"."""
    first = torch.randint(len(BEFORE), (count, 3), generator=generator)
    second = torch.randint(len(EITHER), (count, 3), generator=generator)
    shown = torch.stack([first, len(BEFORE) + second], -1).flatten(1)
    pronoun = (first >= 2).long()
    tags = torch.stack([pronoun, 2 + pronoun], -1).flatten(1)
    return in_words(shown, (*BEFORE, *EITHER), tags.T.contiguous(), TAGS)


def video(count: int, generator: Generator) -> Examples:
    """Six frames of a dot on a ring of six places; the answer to each is whether it went left or right."""
    length = 6
    turned = torch.where(torch.rand(count, length, generator=generator) < TURNS, -1, 1)
    steps = turned.cumprod(1)
    places = (torch.randint(PLACES, (count, 1), generator=generator) + steps.cumsum(1)) % PLACES
    motion = (steps > 0).long() + 1
    motion[:, 0] = 0  # nothing came before
    frames = ["·" * k + "●" + "·" * (PLACES - 1 - k) for k in range(PLACES)]
    return in_words(places, frames, motion.T.contiguous(), MOTIONS)


STAND_INS: dict[str, Callable[[int, Generator], Examples]] = {
    "image": image, "caption": caption, "sentiment": sentiment, "translation": translation, "tagging": tagging,
    "video": video,
}  # fmt: skip


def pictures(which: Tensor, generator: Generator) -> Tensor:
    """A stroke through the middle and noise, (example, pixel)."""
    clean = np.zeros((len(STROKES), 3, 3))
    clean[0, 1, :], clean[1, :, 1] = 1, 1
    clean[2], clean[3] = np.eye(3)[::-1], np.eye(3)
    drawn = torch.from_numpy(clean).flatten(1)[which]
    return drawn + NOISE * torch.randn(drawn.shape, generator=generator, dtype=torch.float64)


def in_words(shown: Tensor, words: Sequence[str], targets: Tensor, answers: tuple[str, ...]) -> Examples:
    """Words (example, time) as one-hot vectors; UNJUDGED among them is an input of zeros."""
    inputs = torch.zeros(*shown.shape, len(words), dtype=torch.float64)
    inputs.scatter_(-1, shown.clamp_min(0)[..., None], (shown >= 0).double()[..., None])
    read = [[words[k] if k >= 0 else NOTHING for k in row] for row in shown.tolist()]
    return Examples(inputs.transpose(0, 1).contiguous(), targets, read, answers)
