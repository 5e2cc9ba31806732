"""The parity problem."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.streams import Examples
from rnnviz.tasks.lengths import AnyLengths, EqualLengths
from rnnviz.tasks.task import Baseline, Batch, Shape, Task


class Parity(Task):
    """A fair coin at every step, x_t = −1 or 1; the answer at every step is whether the 1s so far are odd in number.

    Every coin counts: who forgets a single one is right half of the time. Sequences may end at different steps.
    Source: Minsky & Papert (1969); for recurrent networks Hochreiter & Schmidhuber (1997).
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "aligned"
    input_size: ClassVar[int] = 1
    output_size: ClassVar[int] = 2

    kind: Literal["parity"] = Field("parity", repr=False)
    lengths: AnyLengths = EqualLengths()

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1

    @property
    def ends(self) -> range:
        return self.lengths.ends(self.sequence_length)

    def batch(self, examples: Examples) -> Batch:
        coins = examples.integers("parity", 2, self.sequence_length).T
        return self.lengths.cut(Batch(2.0 * coins[..., None].double() - 1, coins.cumsum(0) % 2), examples)

    def baseline(self) -> Baseline:
        """ln 2, and half of the answers wrong, at every step."""
        return self.alike(torch.tensor([0.5, 0.5], dtype=torch.float64))
