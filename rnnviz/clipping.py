"""What is done to a gradient that is too large, before the optimizer sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from rnnviz.choice import Choice, Range

Threshold = Annotated[float, Range(1e-6, 1e6, step=1e-6, log=True)]


class Clipping(Choice, ABC):
    @abstractmethod
    def clip(self, gradient: Tensor, norm: float) -> bool:
        """Clip the gradient of all parameters together, (parameter,), in place; `norm` is its length.

        Gives whether anything was changed.
        """


class NoClipping(Clipping):
    """The gradient goes on as it is."""

    kind: Literal["none"] = Field("none", repr=False)

    def clip(self, gradient: Tensor, norm: float) -> bool:
        return False


class ByNorm(Clipping):
    """g ← g · θ/‖g‖ where ‖g‖ > θ, over all parameters together: the direction stays.

    torch divides by ‖g‖ + 1e-6, and so do we.  Source: Pascanu, Mikolov & Bengio (2013), algorithm 1.
    """

    kind: Literal["norm"] = Field("norm", repr=False)
    threshold: Threshold = 1.0

    def clip(self, gradient: Tensor, norm: float) -> bool:
        factor = self.threshold / (norm + 1e-6)
        if not factor < 1:  # NaN compares false: it goes on, and the run ends as diverged
            return False
        gradient *= factor
        return True


class ByValue(Clipping):
    """Every entry into [−θ, θ]: the direction turns.  Source: Mikolov (2012)."""

    kind: Literal["value"] = Field("value", repr=False)
    threshold: Threshold = 1.0

    def clip(self, gradient: Tensor, norm: float) -> bool:
        if float(gradient.abs().max()) <= self.threshold:
            return False
        gradient.clamp_(-self.threshold, self.threshold)
        return True


CLIPPINGS = (NoClipping, ByNorm, ByValue)
AnyClipping = Annotated[NoClipping | ByNorm | ByValue, Field(discriminator="kind")]
