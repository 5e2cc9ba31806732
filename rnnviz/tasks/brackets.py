"""The depth of brackets."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.streams import Examples
from rnnviz.tasks.lengths import AnyLengths, EqualLengths
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import one_hot

OPEN, CLOSE, LETTER = range(3)
LETTERS = 1 / 3  # of all steps


class BracketDepth(Task):
    """Opening brackets, closing brackets and letters; the answer at every step is how many brackets are open.

    One step in three is a letter. Otherwise a bracket opens or closes with probability ½ each, except that at depth 0
    it opens and at depth D it closes: d_t is a random walk between two walls. Sequences may end at different steps.
    Source: counting as in Gers & Schmidhuber (2001) and Weiss, Goldberg & Yahav (2018).
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "aligned"
    input_size: ClassVar[int] = 3

    kind: Literal["brackets"] = Field("brackets", repr=False)
    deepest: Annotated[int, Range(1, 16, symbol="D", unit="brackets")] = 4
    lengths: AnyLengths = EqualLengths()

    @property
    def output_size(self) -> int:
        return self.deepest + 1

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1

    @property
    def ends(self) -> range:
        return self.lengths.ends(self.sequence_length)

    def batch(self, examples: Examples) -> Batch:
        drawn = examples.uniform("brackets", self.sequence_length).T.numpy()
        shown, depths = np.empty(drawn.shape, np.int64), np.empty(drawn.shape, np.int64)
        depth = np.zeros(drawn.shape[1], np.int64)
        for t, u in enumerate(drawn):
            opens = (depth == 0) | ((u < (1 + LETTERS) / 2) & (depth < self.deepest))
            shown[t] = np.where(u < LETTERS, LETTER, np.where(opens, OPEN, CLOSE))
            depth = depth + np.array([1, -1, 0])[shown[t]]
            depths[t] = depth
        batch = Batch(one_hot(torch.from_numpy(shown), 3), torch.from_numpy(depths))
        return self.lengths.cut(batch, examples)

    def baseline(self) -> Baseline:
        """The entropy of the depth at step t, whose distribution is p_t = p_{t−1} P with P the walk's transitions."""
        size = self.deepest + 1
        inner = np.full(size, (1 - LETTERS) / 2)
        up, down = inner[:-1].copy(), inner[1:].copy()
        up[0] = down[-1] = 1 - LETTERS  # at the walls
        transitions = LETTERS * np.eye(size) + np.diag(up, 1) + np.diag(down, -1)
        p = np.zeros((self.sequence_length + 1, size))
        p[0, 0] = 1
        for t in range(self.sequence_length):
            p[t + 1] = p[t] @ transitions
        return Baseline.of_classes(torch.from_numpy(p[1:]))
