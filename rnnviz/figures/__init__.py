"""Figures: one file each, (results, text, look) -> figure. To add one: write its file, name it in FIGURES."""

from rnnviz.figures.figure import FigureDict, Result, Results
from rnnviz.figures.gradient_flow import GradientFlow
from rnnviz.figures.look import Look

FIGURES = (GradientFlow,)

__all__ = ["FIGURES", "FigureDict", "GradientFlow", "Look", "Result", "Results"]
