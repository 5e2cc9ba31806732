"""Delayed recall."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import one_hot


class DelayedRecall(Task):
    """A random symbol at every step; the answer is the symbol of d steps ago, and "none yet" while there is none.

    The needed lag is d however long the sequence is. A delay beyond T − 1 means T − 1.
    Source: the delay line of Jaeger (2001), Short term memory in echo state networks, with symbols instead of numbers.
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "delayed"

    kind: Literal["recall"] = Field("recall", repr=False)
    delay: Annotated[int, Range(1, 5_000, symbol="d", unit="time steps", log=True)] = 10
    symbols: Annotated[int, Range(2, 16, symbol="S", unit="symbols")] = 4

    @property
    def input_size(self) -> int:
        return self.symbols

    @property
    def output_size(self) -> int:
        return self.symbols + 1

    @property
    def needed_lag(self) -> int:
        return min(self.delay, self.sequence_length - 1)

    def batch(self, examples: Examples) -> Batch:
        shown, lag = examples.integers("recall.symbols", self.symbols, self.sequence_length).T, self.needed_lag
        answers = torch.full_like(shown, self.symbols)
        answers[lag:] = shown[:-lag]
        return Batch(one_hot(shown, self.symbols), answers)

    def baseline(self) -> Baseline:
        """0 while nothing is to be recalled, ln S from then on."""
        p = torch.zeros(self.sequence_length, self.output_size, dtype=torch.float64)
        p[: self.needed_lag, self.symbols] = 1
        p[self.needed_lag :, : self.symbols] = 1 / self.symbols
        return Baseline.of_classes(p)
