"""How weights follow the gradient: the optimizers of torch.optim, and how the learning rate changes on the way.

g is the gradient after clipping, with λw added to it where there is weight decay; η the learning rate.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from rnnviz.choice import Choice, Range

LearningRate = Annotated[float, Range(1e-6, 10.0, step=1e-6, symbol="η", log=True)]


class Optimizer(Choice, ABC):
    learning_rate: LearningRate = 0.001

    @abstractmethod
    def make(self, parameter: Tensor, weight_decay: float) -> torch.optim.Optimizer:
        """The optimizer of torch.optim for one tensor, fused where torch has a fused one for a CPU."""


class SGD(Optimizer):
    """w ← w − ηg."""

    kind: Literal["sgd"] = Field("sgd", repr=False)
    learning_rate: LearningRate = 0.1

    def make(self, parameter: Tensor, weight_decay: float) -> torch.optim.Optimizer:
        return torch.optim.SGD([parameter], self.learning_rate, weight_decay=weight_decay, fused=True)


class Momentum(Optimizer):
    """v ← μv + g, w ← w − ηv, as torch.optim.SGD has it; Sutskever et al. (2013) put η inside v.  Source: Polyak (1964)."""

    kind: Literal["momentum"] = Field("momentum", repr=False)
    learning_rate: LearningRate = 0.01
    momentum: Annotated[float, Range(0.0, 0.999, step=0.001, symbol="μ")] = 0.9

    def make(self, parameter: Tensor, weight_decay: float) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            [parameter], self.learning_rate, momentum=self.momentum, weight_decay=weight_decay, fused=True
        )


class RMSprop(Optimizer):
    """v ← αv + (1 − α)g², w ← w − ηg/(√v + 1e-8).  Source: Tieleman & Hinton (2012). torch has no fused one."""

    kind: Literal["rmsprop"] = Field("rmsprop", repr=False)
    smoothing: Annotated[float, Range(0.0, 0.9999, step=0.0001, symbol="α")] = 0.99

    def make(self, parameter: Tensor, weight_decay: float) -> torch.optim.Optimizer:
        return torch.optim.RMSprop([parameter], self.learning_rate, alpha=self.smoothing, weight_decay=weight_decay)


class Adam(Optimizer):
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η m̂/(√v̂ + 1e-8), m̂ and v̂ corrected for their start at 0.

    Source: Kingma & Ba (2015).
    """

    kind: Literal["adam"] = Field("adam", repr=False)
    beta1: Annotated[float, Range(0.0, 0.9999, step=0.0001, symbol="β₁")] = 0.9
    beta2: Annotated[float, Range(0.0, 0.9999, step=0.0001, symbol="β₂")] = 0.999

    def make(self, parameter: Tensor, weight_decay: float) -> torch.optim.Optimizer:
        betas = self.beta1, self.beta2
        return torch.optim.Adam([parameter], self.learning_rate, betas, weight_decay=weight_decay, fused=True)


OPTIMIZERS = (SGD, Momentum, RMSprop, Adam)
AnyOptimizer = Annotated[SGD | Momentum | RMSprop | Adam, Field(discriminator="kind")]


class Schedule(Choice, ABC):
    """The learning rate of an update is η times a factor that hangs on nothing but its number."""

    @abstractmethod
    def factor(self, update: int, updates: int) -> float:
        """For update 0 … updates − 1."""


class ConstantRate(Schedule):
    """The learning rate stays as it is."""

    kind: Literal["constant"] = Field("constant", repr=False)

    def factor(self, update: int, updates: int) -> float:
        return 1.0


class StepDecay(Schedule):
    """γ^⌊u/s⌋: every s updates the rate is multiplied by γ, as torch.optim.lr_scheduler.StepLR does."""

    kind: Literal["step"] = Field("step", repr=False)
    decay_every: Annotated[int, Range(1, 100_000, symbol="s", unit="updates", log=True)] = 100
    decay_factor: Annotated[float, Range(0.0, 1.0, step=0.01, symbol="γ")] = 0.5

    def factor(self, update: int, updates: int) -> float:
        return float(self.decay_factor ** (update // self.decay_every))


class CosineDecay(Schedule):
    """½(1 + cos(πu/U)): from η to almost 0, as torch.optim.lr_scheduler.CosineAnnealingLR.

    Source: Loshchilov & Hutter (2017), without restarts.
    """

    kind: Literal["cosine"] = Field("cosine", repr=False)

    def factor(self, update: int, updates: int) -> float:
        return 0.5 * (1 + math.cos(math.pi * update / updates))


SCHEDULES = (ConstantRate, StepDecay, CosineDecay)
AnySchedule = Annotated[ConstantRate | StepDecay | CosineDecay, Field(discriminator="kind")]
