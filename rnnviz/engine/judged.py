"""Which answers the loss looks at: one step, every step, or with sequences of different length each example's own."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rnnviz.experiment import Experiment


class Judged(NamedTuple):
    """`steps` runs from the first judged step to the last; `mask` (step, example) is None where all of them are judged.

    ℓ of an example is the mean over its judged steps, so each of them has the weight 1/(their number).
    """

    steps: range
    mask: Tensor | None = None

    def weigh(self, values: Tensor) -> Tensor:
        """Values of every step of `steps`, (step, example) or (step, unit, example), times the weight of the step."""
        if self.mask is None:
            return values / len(self.steps)
        weights = self.mask.double() / self.mask.sum(0).clamp_min(1)
        mask, weights = (part if values.ndim == 2 else part[:, None] for part in (self.mask, weights))
        return torch.where(mask, values * weights.to(values.dtype), 0)

    def weights(self, reached: int, example: int) -> Tensor:
        """Of each of the first `reached` steps of one example, (time,) float64; 0 where nothing is judged."""
        found = torch.zeros(reached, dtype=torch.float64)
        if self.steps:
            own = torch.ones(len(self.steps)) if self.mask is None else self.mask[:, example]
            found[self.steps.start - 1 : self.steps.stop - 1] = own.double() / own.sum().clamp_min(1)
        return found

    def only(self, values: Tensor) -> Tensor:
        """Values (step, example), NaN where nothing is judged."""
        return values if self.mask is None else torch.where(self.mask, values, torch.nan)


def judged(experiment: Experiment, lengths: Tensor | None, reached: int) -> Judged:
    """Of the first `reached` steps. `lengths` (example,) are the last steps of the examples, None if that is T for all."""
    longest, loss = experiment.task.sequence_length, experiment.loss
    if lengths is None:
        steps = loss.steps(longest)
        return Judged(range(steps.start, min(steps.stop, reached + 1)))
    mask = torch.zeros(longest, len(lengths), dtype=torch.bool)
    for example, end in enumerate(lengths.tolist()):
        own = loss.steps(end)
        mask[own.start - 1 : own.stop - 1, example] = True
    rows = mask[:reached].any(1).nonzero()[:, 0].tolist()
    steps = range(rows[0] + 1, rows[-1] + 2) if rows else range(1, 1)
    return Judged(steps, mask[steps.start - 1 : steps.stop - 1])
