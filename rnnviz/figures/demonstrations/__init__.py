"""Figures of demonstrations: one file each, (what was computed, text, look) -> figure. To add one: write its file, name it
in DEMONSTRATION_FIGURES. `draws` says of which demonstration it is a figure.
"""

from rnnviz.figures.demonstrations.any_length_error import AnyLengthError
from rnnviz.figures.demonstrations.drawn_texts import DrawnTexts
from rnnviz.figures.demonstrations.error_ahead import ErrorAhead
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.forecast_ahead import ForecastAhead
from rnnviz.figures.demonstrations.forecast_error import ForecastError
from rnnviz.figures.demonstrations.neighbours import Neighbours
from rnnviz.figures.demonstrations.transition_matrix import TransitionMatrix
from rnnviz.figures.demonstrations.word_probability import WordProbability

DEMONSTRATION_FIGURES: tuple[type[DemonstrationFigure], ...] = (
    Neighbours,
    ForecastError,
    AnyLengthError,
    ForecastAhead,
    ErrorAhead,
    TransitionMatrix,
    WordProbability,
    DrawnTexts,
)

__all__ = [
    "DEMONSTRATION_FIGURES",
    "AnyLengthError",
    "DemonstrationFigure",
    "DrawnTexts",
    "ErrorAhead",
    "ForecastAhead",
    "ForecastError",
    "Neighbours",
    "TransitionMatrix",
    "WordProbability",
]
