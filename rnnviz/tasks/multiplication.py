"""The multiplication problem."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.streams import Examples
from rnnviz.tasks.adding import marked_numbers, met
from rnnviz.tasks.task import Baseline, Batch, Shape, Task


class Multiplication(Task):
    """A stream of numbers from U(0, 1), two of them marked, one in each half; the answer is the product of the marked two.

    The target of an earlier step is the product of what has been marked so far, and 1 where nothing has.
    Source: Hochreiter & Schmidhuber (1997), experiment 5.
    """

    judgement = "squared_error"
    shape: ClassVar[Shape] = "many_to_one"
    input_size: ClassVar[int] = 2
    output_size: ClassVar[int] = 1

    kind: Literal["multiplication"] = Field("multiplication", repr=False)

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1

    def batch(self, examples: Examples) -> Batch:
        numbers, marks = marked_numbers(examples, "multiplication", self.sequence_length)
        inputs = torch.stack([numbers, marks], -1)
        return Batch(inputs.transpose(0, 1), torch.where(marks > 0, numbers, 1.0).cumprod(1).T[..., None])

    def baseline(self) -> Baseline:
        """∏(1 − 2p/3) − ∏(1 − p/2)², p the probability that a mark has been met: 1/9 − 1/16 = 7/144 at the end."""
        p = met(self.steps)
        return Baseline.of_numbers((1 - 2 * p / 3).prod(0) - (1 - p / 2).square().prod(0))
