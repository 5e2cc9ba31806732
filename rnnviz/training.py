"""Whether a network is trained before it is looked at, and how: optimizer, clipping, truncation, schedule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.clipping import AnyClipping, NoClipping
from rnnviz.optimizers import Adam, AnyOptimizer, AnySchedule, ConstantRate


class Chunk(NamedTuple):
    """One way back through time: from step `last` to step `first`, with the losses of the steps in `judged`."""

    first: int
    last: int
    judged: range


class Truncation(Choice, ABC):
    @abstractmethod
    def chunks(self, length: int) -> tuple[Chunk, ...]:
        """The ways back of one sequence; the gradient is their sum, and every step is judged in exactly one of them."""


class FullBPTT(Truncation):
    """Every loss goes back to the first step.  Source: Werbos (1990)."""

    kind: Literal["full"] = Field("full", repr=False)

    def chunks(self, length: int) -> tuple[Chunk, ...]:
        return (Chunk(1, length, range(1, length + 1)),)


class Truncated(Truncation):
    """Every s steps, the losses of these s steps go back through the last k steps and no further.

    A chunk that ends with step e passes through the steps e − k + 1 … e: the state before them counts as a constant. The
    last chunk ends with the sequence. A stride s longer than the window k means k. The weights stay as they are within a
    sequence; s = k is what a loop with `detach()` does.
    Source: Williams & Peng (1990), BPTT(h; h′); k₁ and k₂ of Sutskever (2013), whose k₁ is s.
    """

    kind: Literal["window"] = Field("window", repr=False)
    window: Annotated[int, Range(1, 10_000, symbol="k", unit="time steps", log=True)] = 20
    stride: Annotated[int, Range(1, 10_000, symbol="s", unit="time steps", log=True)] = 20

    def chunks(self, length: int) -> tuple[Chunk, ...]:
        stride = min(self.stride, self.window)
        ends = [*range(stride, length, stride), length]
        begins = [1, *(end + 1 for end in ends)]
        return tuple(
            Chunk(max(1, end - self.window + 1), end, range(begin, end + 1))
            for begin, end in zip(begins, ends, strict=False)
        )


TRUNCATIONS = (FullBPTT, Truncated)
AnyTruncation = Annotated[FullBPTT | Truncated, Field(discriminator="kind")]


class NoTraining(Choice):
    """The network as its weights were drawn."""

    kind: Literal["none"] = Field("none", repr=False)

    @property
    def updates(self) -> int:
        return 0


class Training(Choice):
    """U updates, each on a batch of fresh examples: update u reads examples uN … (u + 1)N − 1 of the experiment's seed.

    Weight decay adds λw to the clipped gradient, as torch.optim does.
    """

    kind: Literal["training"] = Field("training", repr=False)
    updates: Annotated[int, Range(1, 100_000, symbol="U", unit="updates", log=True)] = 200
    optimizer: AnyOptimizer = Adam()
    clipping: AnyClipping = NoClipping()
    truncation: AnyTruncation = FullBPTT()
    schedule: AnySchedule = ConstantRate()
    weight_decay: Annotated[float, Range(0.0, 1.0, step=0.0001, symbol="λ")] = 0.0


AnyTraining = Annotated[NoTraining | Training, Field(discriminator="kind")]


class NotTrained(ValueError):
    """An experiment without training, where one is wanted."""

    def __init__(self) -> None:
        super().__init__("this experiment has no training; try Experiment(training=Training(updates=200))")
