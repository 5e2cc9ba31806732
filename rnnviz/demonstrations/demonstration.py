"""What a demonstration is: a small experiment of a lesson that is no run of one network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rnnviz.choice import Choice

if TYPE_CHECKING:
    import xarray as xr

Tick = Callable[[float], None]


def nothing(progress: float) -> None:
    """For whoever does not ask how far a computation is."""


class Demonstration(Choice, ABC):
    """Parameters, and what is computed of them. Equal ones have equal keys, and a key names one result.

    Its parameters are declared as everywhere, so its controls, its words in a link and its lines of Python follow. What
    it needs besides lies on lower floors: models in `baselines`, data in `tasks`, networks in `engine`.
    """

    clocked: ClassVar[tuple[str, ...]] = ()  # the arrays that a clock decides, and so not the same again

    @abstractmethod
    def compute(self, tick: Tick = nothing) -> xr.Dataset:
        """Named arrays. Runs in a worker, never on a page; `tick(progress)` is called on the way, 0 … 1.

        Raises what `refusals` can say, such as MissingContent, and nothing else.
        """

    def shown(self, tick: Tick = nothing) -> Demonstrated:
        """What its figures draw."""
        return Demonstrated(self, self.compute(tick))


class Demonstrated(NamedTuple):
    """A demonstration and what it computed."""

    demonstration: Demonstration
    data: xr.Dataset
