"""Whether all sequences of a batch are equally long. Shorter ones are padded with zeros, and their answers masked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from rnnviz.choice import Choice, Range
from rnnviz.streams import Examples
from rnnviz.tasks.task import Batch


class Lengths(Choice, ABC):
    @abstractmethod
    def ends(self, longest: int) -> range:
        """The possible lengths, all equally likely."""

    @abstractmethod
    def cut(self, batch: Batch, examples: Examples) -> Batch:
        """The batch with every example ended where it should end."""


class EqualLengths(Lengths):
    """Every sequence takes T steps."""

    kind: Literal["equal"] = Field("equal", repr=False)

    def ends(self, longest: int) -> range:
        return range(longest, longest + 1)

    def cut(self, batch: Batch, examples: Examples) -> Batch:
        return batch


class MixedLengths(Lengths):
    """Each sequence has a length of its own, uniform from `shortest` to T. A shortest beyond T means T."""

    kind: Literal["mixed"] = Field("mixed", repr=False)
    shortest: Annotated[int, Range(1, 10_000, unit="time steps", log=True)] = 10

    def ends(self, longest: int) -> range:
        return range(min(self.shortest, longest), longest + 1)

    def cut(self, batch: Batch, examples: Examples) -> Batch:
        ends = self.ends(len(batch.inputs))
        lengths = ends.start + examples.integers("lengths", len(ends), 1)[:, 0]
        return Batch(batch.inputs * inside(lengths, len(batch.inputs))[..., None], batch.targets, lengths)


def inside(lengths: Tensor, longest: int) -> Tensor:
    """Whether step t of example n is still part of it, (time, example)."""
    return lengths.new_tensor(range(1, longest + 1))[:, None] <= lengths


AnyLengths = Annotated[EqualLengths | MixedLengths, Field(discriminator="kind")]
