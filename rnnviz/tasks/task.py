"""What a task is: sequences, what should be answered at every step, and how an answer is judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, NamedTuple

from torch import Tensor

from rnnviz.choice import Choice, Range
from rnnviz.streams import Examples

Judgement = Literal["squared_error", "cross_entropy"]


class Batch(NamedTuple):
    """inputs (time, example, feature) float64; targets (time, example, output) float64, or (time, example) int64 classes.

    The target of step t is the right answer given x_1 … x_t, so the loss may enter at any step.
    """

    inputs: Tensor
    targets: Tensor


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

    @abstractmethod
    def batch(self, examples: Examples) -> Batch: ...
