"""What every figure of curves against updates is: panels of its arms, one above the other."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pandas as pd

from rnnviz.choice import Choice
from rnnviz.figures.figure import FigureDict, Results
from rnnviz.figures.look import Look
from rnnviz.figures.training.panels import Panel, Stack
from rnnviz.figures.training.runs import Arm, arms, computed_for
from rnnviz.text import Text


class OverUpdates(Choice, ABC):
    """Curves of several trainings: the median over the seeds of an arm, shaded from the lowest to the highest seed."""

    @property
    @abstractmethod
    def needs(self) -> tuple[str, ...]:
        """Quantities of a training, by the names of TRAINING_QUANTITIES."""

    @abstractmethod
    def panels(self, found: list[Arm], text: Text) -> list[Panel]: ...

    @abstractmethod
    def reading(self, results: Results, text: Text) -> str: ...

    @abstractmethod
    def table(self, results: Results, text: Text) -> pd.DataFrame: ...

    def title(self, found: list[Arm], text: Text) -> str:
        return text(f"figure.{self.kind}.title")

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        found = arms(results, text)
        revision = f"{self.kind}-{self.flat()}"
        stack = Stack(self.panels(found, text), look)
        return stack.figure(self.title(found, text), computed_for(found, text), text("figure.training.x"), revision)

    def data(self, results: Results) -> pd.DataFrame:
        text = Text()  # a table for programs speaks one language
        return Stack(self.panels(arms(results, text), text), Look()).data()
