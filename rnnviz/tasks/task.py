"""What a task is: sequences, what should be answered at every step, how it is judged, and what knowing nothing scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from rnnviz.choice import Choice, Range
from rnnviz.streams import Examples

Judgement = Literal["squared_error", "cross_entropy"]
Shape = Literal["many_to_one", "one_to_many", "aligned", "delayed"]
SHAPES: tuple[Shape, ...] = ("many_to_one", "one_to_many", "aligned", "delayed")


class Batch(NamedTuple):
    """inputs (time, example, feature) float64; targets (time, example, output) float64, or (time, example) int64 classes.

    The target of step t is the right answer given x_1 … x_t, so the loss may enter at any step. `lengths` (example,) int64
    are the last steps of sequences that are not all of one length; after its end an example's inputs are zeros, and no
    loss looks at its answers.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor | None = None


class Baseline(NamedTuple):
    """What a model that has learnt nothing scores at every step, (time,): the best answer that looks at no input.

    `loss` is the expected ℓ_t; `accuracy` the expected share of right classes, None where answers are numbers.
    """

    loss: Tensor
    accuracy: Tensor | None

    @classmethod
    def of_numbers(cls, variance: Tensor) -> Baseline:
        """Always answering the mean costs the variance of the answer."""
        return cls(variance, None)

    @classmethod
    def of_classes(cls, probabilities: Tensor) -> Baseline:
        """Always answering the frequencies of the classes, (time, class), costs their entropy −Σ p ln p, in nats."""
        return cls(-torch.xlogy(probabilities, probabilities).sum(-1), probabilities.amax(-1))


class Task(Choice, ABC):
    judgement: ClassVar[Judgement]

    sequence_length: Annotated[int, Range(2, 10_000, symbol="T", unit="time steps", log=True)] = 100

    @property
    @abstractmethod
    def input_size(self) -> int:
        """Features of x_t."""

    @property
    @abstractmethod
    def output_size(self) -> int:
        """Numbers in an answer, or classes to choose from."""

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """How answers stand to inputs: one at the end, many from one, at every step, or at every step some time later."""

    @property
    @abstractmethod
    def needed_lag(self) -> int:
        """How many steps back the earliest input lies that the last answer hangs on; 0 where no such lag is known."""

    @property
    def ends(self) -> range:
        """The possible lengths of a sequence, all equally likely."""
        return range(self.sequence_length, self.sequence_length + 1)

    @abstractmethod
    def batch(self, examples: Examples) -> Batch: ...

    @abstractmethod
    def baseline(self) -> Baseline: ...

    @property
    def steps(self) -> Tensor:
        """t = 1 … T, float64."""
        return torch.arange(1, self.sequence_length + 1, dtype=torch.float64)

    def alike(self, probabilities: Tensor) -> Baseline:
        """The baseline where the classes (class,) are equally frequent at every step."""
        return Baseline.of_classes(probabilities.expand(self.sequence_length, -1))
