"""What a figure of a demonstration is, and the line that says what it was computed for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from typing import TYPE_CHECKING, ClassVar

from rnnviz.choice import Choice
from rnnviz.demonstrations import Demonstrated, Demonstration
from rnnviz.figures.figure import FigureDict
from rnnviz.figures.look import Look
from rnnviz.text import Text

if TYPE_CHECKING:
    import pandas as pd


class DemonstrationFigure(Choice, ABC):
    """Options, and how what a demonstration computed is drawn, said and tabulated."""

    draws: ClassVar[type[Demonstration]]

    @abstractmethod
    def __call__(self, shown: Demonstrated, text: Text, look: Look) -> FigureDict: ...

    @abstractmethod
    def reading(self, shown: Demonstrated, text: Text) -> str:
        """What is seen, in one or two sentences with the numbers in bold."""

    @abstractmethod
    def table(self, shown: Demonstrated, text: Text) -> pd.DataFrame:
        """What a reader would copy down: at most a dozen rows, in words."""

    @abstractmethod
    def data(self, shown: Demonstrated) -> pd.DataFrame:
        """Every number of the figure, one row per point: what the CSV holds."""


def about(demonstration: Demonstration, text: Text) -> str:
    """What the figure was computed for, in one line: its choices by their labels, its numbers by their symbols."""
    parts = []
    for parameter in demonstration.parameters_declared():
        value = getattr(demonstration, parameter.name)
        option = f"option.{parameter.name}.{value}.label"
        symbol = getattr(parameter.domain, "symbol", "") or text(f"parameter.{parameter.name}.label")
        parts.append(text(option) if option in text else f"{symbol} = {value}")
    return escape(" · ".join(parts))
