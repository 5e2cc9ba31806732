"""Figures: one file each, (results, text, look) -> figure. To add one: write its file, name it in FIGURES."""

from typing import TYPE_CHECKING

from rnnviz.figures.figure import FigureDict, Result, Results, as_plotly
from rnnviz.figures.gradient_flow import GradientFlow
from rnnviz.figures.look import Look

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

FIGURES = (GradientFlow,)

__all__ = ["FIGURES", "FigureDict", "GradientFlow", "Look", "PlotlyFigure", "Result", "Results", "as_plotly"]
