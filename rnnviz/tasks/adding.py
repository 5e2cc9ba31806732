"""The adding problem."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task


class Adding(Task):
    """A stream of numbers from U(0, 1), two of them marked, one in each half; the answer is the sum of the marked two.

    Source: Hochreiter & Schmidhuber (1997), experiment 4, in the U(0, 1) form of Le, Jaitly & Hinton (2015).
    The target of an earlier step is the sum of what has been marked so far.
    """

    judgement = "squared_error"
    shape: ClassVar[Shape] = "many_to_one"
    input_size: ClassVar[int] = 2
    output_size: ClassVar[int] = 1

    kind: Literal["adding"] = Field("adding", repr=False)

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1

    def batch(self, examples: Examples) -> Batch:
        numbers, marks = marked_numbers(examples, "adding", self.sequence_length)
        inputs = torch.stack([numbers, marks], -1)
        return Batch(inputs.transpose(0, 1), (numbers * marks).cumsum(1).T[..., None])

    def baseline(self) -> Baseline:
        """Σ p/3 − p²/4 over both marks, p the probability that a mark has been met: 1/6 at the end (always answer 1)."""
        p = met(self.steps)
        return Baseline.of_numbers((p / 3 - p.square() / 4).sum(0))


def marked_numbers(examples: Examples, purpose: str, length: int) -> tuple[Tensor, Tensor]:
    """Numbers from U(0, 1) and marks 0 or 1, one of them in each half, (example, time)."""
    half = length // 2
    numbers = examples.uniform(f"{purpose}.numbers", length)
    where = examples.uniform(f"{purpose}.marks", 2)
    marks = torch.zeros_like(numbers)
    marks.scatter_(1, (where[:, :1] * half).long(), 1.0)
    marks.scatter_(1, half + (where[:, 1:] * (length - half)).long(), 1.0)
    return numbers, marks


def met(steps: Tensor) -> Tensor:
    """The probability that each of the two marks has been met by step t, (mark, time)."""
    half = len(steps) // 2
    return torch.stack([steps / half, (steps - half) / (len(steps) - half)]).clamp(0, 1)
