"""Figures of demonstrations: one file each, (what was computed, text, look) -> figure. To add one: write its file, name it
in DEMONSTRATION_FIGURES. `draws` says of which demonstration it is a figure.
"""

from rnnviz.figures.demonstrations.any_length_error import AnyLengthError
from rnnviz.figures.demonstrations.backward_drawing import BackwardDrawing
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.forecast_error import ForecastError
from rnnviz.figures.demonstrations.neighbours import Neighbours
from rnnviz.figures.demonstrations.truncation_saving import TruncationSaving
from rnnviz.figures.demonstrations.unit_history import UnitHistory
from rnnviz.figures.demonstrations.unit_ranking import UnitRanking
from rnnviz.figures.demonstrations.unit_text import UnitPassages, UnitText

DEMONSTRATION_FIGURES: tuple[type[DemonstrationFigure], ...] = (
    Neighbours,
    ForecastError,
    AnyLengthError,
    BackwardDrawing,
    TruncationSaving,
    UnitText,
    UnitHistory,
    UnitRanking,
    UnitPassages,
)

__all__ = [
    "DEMONSTRATION_FIGURES",
    "AnyLengthError",
    "BackwardDrawing",
    "DemonstrationFigure",
    "ForecastError",
    "Neighbours",
    "TruncationSaving",
    "UnitHistory",
    "UnitPassages",
    "UnitRanking",
    "UnitText",
]
