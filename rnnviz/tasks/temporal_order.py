"""The temporal order problem."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from rnnviz.choice import Range
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import one_hot

DISTRACTORS = 4
BEGIN = {2: (10, 40), 3: (10, 33, 66)}  # hundredths of T at which each relevant symbol may appear first; for T/10 steps


class TemporalOrder(Task):
    """A stream of four kinds of distractors, and in it two or three relevant symbols, each X or Y; the answer is which
    came in which order: one of four classes (XX, XY, YX, YY), or of eight.

    The target of an earlier step takes every symbol that has not come yet for an X.
    Source: Hochreiter & Schmidhuber (1997), experiments 6a and 6b, with places in proportion to T as Pascanu, Mikolov &
    Bengio (2013) have them.
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "many_to_one"
    input_size: ClassVar[int] = 2 + DISTRACTORS

    kind: Literal["temporal_order"] = Field("temporal_order", repr=False)
    sequence_length: Annotated[int, Range(10, 10_000, symbol="T", unit="time steps", log=True)] = 100
    relevant_symbols: Annotated[int, Range(2, 3, unit="symbols")] = 2

    @property
    def output_size(self) -> int:
        return 2**self.relevant_symbols

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1 - self.begin[0]

    @property
    def begin(self) -> tuple[int, ...]:
        """Where each relevant symbol may appear first, steps counted from 0."""
        return tuple(hundredths * self.sequence_length // 100 for hundredths in BEGIN[self.relevant_symbols])

    def batch(self, examples: Examples) -> Batch:
        length, count = self.sequence_length, self.relevant_symbols
        shown = 2 + examples.integers("temporal_order.distractors", DISTRACTORS, length)
        places = torch.tensor(self.begin) + examples.integers("temporal_order.places", length // 10, count)
        is_y = examples.integers("temporal_order.symbols", 2, count)
        shown.scatter_(1, places, is_y)
        weights = 2 ** torch.arange(count - 1, -1, -1)
        answers = torch.zeros_like(shown).scatter_(1, places, is_y * weights).cumsum(1)
        return Batch(one_hot(shown.T, self.input_size), answers.T)

    def baseline(self) -> Baseline:
        """At the end every class is as likely: ln 4 and ¾ wrong, or ln 8 and ⅞ wrong."""
        p = torch.ones(self.sequence_length, 1, dtype=torch.float64)
        for begin in self.begin:
            is_y = self.seen(begin) / 2
            p = (p[:, :, None] * torch.stack([1 - is_y, is_y], -1)[:, None]).flatten(1)
        return Baseline.of_classes(p)

    def seen(self, begin: int) -> Tensor:
        """The probability that a symbol which may first appear at `begin` has appeared by step t, (time,)."""
        return ((self.steps - begin) / (self.sequence_length // 10)).clamp(0, 1)
