"""The copying problem."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import one_hot

SYMBOLS = 8
BLANK, GO = 8, 9  # the classes after the symbols; GO is never an answer


class Copying(Task):
    """K symbols, a long wait, a go signal; then the symbols are to be said again, in order.

    T = delay + 2K:   input    s_1 … s_K  blank … blank  go  blank … blank
                      answer   blank …                       s_1 … s_K

    The last K answers are the symbols, every earlier one is "blank". A longer sequence waits longer with the same
    symbols; a larger K begins with the same symbols. Who has learnt only when to speak scores K ln 8 / T,
    in the mean over all steps.

    Source: Hochreiter & Schmidhuber (1997), in the form of Arjovsky, Shah & Bengio (2016), whose T is our delay.
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "delayed"
    input_size: ClassVar[int] = SYMBOLS + 2
    output_size: ClassVar[int] = SYMBOLS + 1

    kind: Literal["copying"] = Field("copying", repr=False)
    sequence_length: Annotated[int, Range(30, 10_000, symbol="T", unit="time steps", log=True)] = 100
    remember: Annotated[int, Range(1, 10, symbol="K", unit="symbols")] = 10

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - self.remember

    def batch(self, examples: Examples) -> Batch:
        length, k = self.sequence_length, self.remember
        symbols = examples.integers("copying.symbols", SYMBOLS, k).T
        shown = torch.full((length, examples.batch_size), BLANK)
        answers = shown.clone()
        shown[:k] = symbols
        shown[-k - 1] = GO
        answers[-k:] = symbols
        return Batch(one_hot(shown, self.input_size), answers)

    def baseline(self) -> Baseline:
        """Certain of the blank, then one of eight symbols: 0 until the last K steps, ln 8 in them."""
        p = torch.zeros(self.sequence_length, self.output_size, dtype=torch.float64)
        p[: -self.remember, BLANK] = 1
        p[-self.remember :, :SYMBOLS] = 1 / SYMBOLS
        return Baseline.of_classes(p)
