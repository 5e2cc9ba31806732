"""A kick, and then silence."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task


class Impulse(Task):
    """Normal numbers at the first step and zeros ever after; the answer, at every step, is the first of those numbers.

    The autonomous network: what it does is its own doing, begun at a random state instead of at rest, where a chaotic
    network would stay for ever.
    """

    judgement = "squared_error"
    shape: ClassVar[Shape] = "one_to_many"
    output_size: ClassVar[int] = 1

    kind: Literal["impulse"] = Field("impulse", repr=False)
    features: Annotated[int, Range(1, 64, symbol="I", unit="features", log=True)] = 1

    @property
    def input_size(self) -> int:
        return self.features

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1

    def batch(self, examples: Examples) -> Batch:
        kick = examples.normal("impulse", 1, self.features).transpose(0, 1)
        silence = torch.zeros(self.sequence_length - 1, examples.batch_size, self.features, dtype=torch.float64)
        return Batch(torch.cat([kick, silence]), kick[:, :, :1].expand(self.sequence_length, -1, -1))

    def baseline(self) -> Baseline:
        """Always answering 0 costs the variance of a normal number."""
        return Baseline.of_numbers(torch.ones_like(self.steps))
