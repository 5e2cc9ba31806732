"""Gaussian noise with something to remember."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task


class Noise(Task):
    """Independent normal inputs of variance s²; the answer, at every step, is the very first input.

    The white drive for which mean-field theory gives critical gains, with a target that needs the longest lag.
    """

    judgement = "squared_error"
    shape: ClassVar[Shape] = "one_to_many"
    output_size: ClassVar[int] = 1

    kind: Literal["noise"] = Field("noise", repr=False)
    variance: Annotated[float, Range(0.0, 4.0, step=0.05, symbol="s²")] = 1.0
    features: Annotated[int, Range(1, 64, symbol="I", unit="features", log=True)] = 1

    @property
    def input_size(self) -> int:
        return self.features

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1

    def batch(self, examples: Examples) -> Batch:
        inputs = examples.normal("noise", self.sequence_length, self.features).transpose(0, 1) * self.variance**0.5
        return Batch(inputs, inputs[:1, :, :1].expand(self.sequence_length, -1, -1))

    def baseline(self) -> Baseline:
        """Always answering 0 costs s²."""
        return Baseline.of_numbers(torch.full_like(self.steps, self.variance))
