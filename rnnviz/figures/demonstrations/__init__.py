"""Figures of demonstrations: one file each, (what was computed, text, look) -> figure. To add one: write its file, name it
in DEMONSTRATION_FIGURES. `draws` says of which demonstration it is a figure.
"""

from rnnviz.figures.demonstrations.any_length_error import AnyLengthError
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.forecast_error import ForecastError
from rnnviz.figures.demonstrations.loss_map import LossMap
from rnnviz.figures.demonstrations.neighbours import Neighbours
from rnnviz.figures.demonstrations.nested_expression import NestedExpression
from rnnviz.figures.demonstrations.parameter_count import ParameterCount
from rnnviz.figures.demonstrations.shape_drawing import ShapeDrawing
from rnnviz.figures.demonstrations.unit_history import UnitHistory
from rnnviz.figures.demonstrations.unit_ranking import UnitRanking
from rnnviz.figures.demonstrations.unit_text import UnitPassages, UnitText
from rnnviz.figures.demonstrations.unrolled_network import UnrolledNetwork

DEMONSTRATION_FIGURES: tuple[type[DemonstrationFigure], ...] = (
    Neighbours,
    ForecastError,
    AnyLengthError,
    UnrolledNetwork,
    NestedExpression,
    ParameterCount,
    ShapeDrawing,
    LossMap,
    UnitText,
    UnitHistory,
    UnitRanking,
    UnitPassages,
)

__all__ = [
    "DEMONSTRATION_FIGURES", "AnyLengthError", "DemonstrationFigure", "ForecastError", "LossMap", "Neighbours",
    "NestedExpression", "ParameterCount", "ShapeDrawing", "UnitHistory", "UnitPassages", "UnitRanking", "UnitText",
    "UnrolledNetwork",
]  # fmt: skip
