"""Figures of demonstrations: one file each, (what was computed, text, look) -> figure. To add one: write its file, name it
in DEMONSTRATION_FIGURES. `draws` says of which demonstration it is a figure.
"""

from rnnviz.figures.demonstrations.any_length_error import AnyLengthError
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.forecast_error import ForecastError
from rnnviz.figures.demonstrations.growing_prefix import GrowingPrefix
from rnnviz.figures.demonstrations.letter_map import LetterMap
from rnnviz.figures.demonstrations.neighbours import Neighbours
from rnnviz.figures.demonstrations.next_character_bars import NextCharacterBars
from rnnviz.figures.demonstrations.perplexity_over_n import PerplexityOverN
from rnnviz.figures.demonstrations.spelling_course import SpellingCourse
from rnnviz.figures.demonstrations.spelling_steps import SpellingSteps
from rnnviz.figures.demonstrations.unit_history import UnitHistory
from rnnviz.figures.demonstrations.unit_ranking import UnitRanking
from rnnviz.figures.demonstrations.unit_text import UnitPassages, UnitText

DEMONSTRATION_FIGURES: tuple[type[DemonstrationFigure], ...] = (
    Neighbours,
    ForecastError,
    AnyLengthError,
    PerplexityOverN,
    LetterMap,
    NextCharacterBars,
    GrowingPrefix,
    SpellingSteps,
    SpellingCourse,
    UnitText,
    UnitHistory,
    UnitRanking,
    UnitPassages,
)

__all__ = [
    "DEMONSTRATION_FIGURES",
    "AnyLengthError",
    "DemonstrationFigure",
    "ForecastError",
    "GrowingPrefix",
    "LetterMap",
    "Neighbours",
    "NextCharacterBars",
    "PerplexityOverN",
    "SpellingCourse",
    "SpellingSteps",
    "UnitHistory",
    "UnitPassages",
    "UnitRanking",
    "UnitText",
]
