"""The adding problem."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field

from rnnviz.streams import Examples
from rnnviz.tasks.task import Batch, Task


class Adding(Task):
    """A stream of numbers from U(0, 1), two of them marked, one in each half; the answer is the sum of the marked two.

    Source: Hochreiter & Schmidhuber (1997), experiment 4, in the U(0, 1) form of Le, Jaitly & Hinton (2015).
    The target of an earlier step is the sum of what has been marked so far.
    """

    judgement = "squared_error"

    kind: Literal["adding"] = Field("adding", repr=False)

    @property
    def input_size(self) -> int:
        return 2

    @property
    def output_size(self) -> int:
        return 1

    def batch(self, examples: Examples) -> Batch:
        length, half = self.sequence_length, self.sequence_length // 2
        numbers = examples.uniform("adding.numbers", length)
        where = examples.uniform("adding.marks", 2)
        marks = torch.zeros_like(numbers)
        marks.scatter_(1, (where[:, :1] * half).long(), 1.0)
        marks.scatter_(1, half + (where[:, 1:] * (length - half)).long(), 1.0)
        inputs = torch.stack([numbers, marks], -1)
        return Batch(inputs.transpose(0, 1), (numbers * marks).cumsum(1).T[..., None])
