"""Figures of demonstrations: one file each, (what was computed, text, look) -> figure. To add one: write its file, name it
in DEMONSTRATION_FIGURES. `draws` says of which demonstration it is a figure.
"""

from rnnviz.figures.demonstrations.any_length_error import AnyLengthError
from rnnviz.figures.demonstrations.chain_rule_graph import ChainRuleGraph
from rnnviz.figures.demonstrations.drawn_texts import DrawnTexts
from rnnviz.figures.demonstrations.error_ahead import ErrorAhead
from rnnviz.figures.demonstrations.error_by_length import ErrorByLength
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.forecast_ahead import ForecastAhead
from rnnviz.figures.demonstrations.forecast_error import ForecastError
from rnnviz.figures.demonstrations.held_out_scores import HeldOutScores
from rnnviz.figures.demonstrations.latent_graph import LatentGraph
from rnnviz.figures.demonstrations.neighbours import Neighbours
from rnnviz.figures.demonstrations.parameters_by_length import ParametersByLength
from rnnviz.figures.demonstrations.state_recall import StateRecall
from rnnviz.figures.demonstrations.transition_matrix import TransitionMatrix
from rnnviz.figures.demonstrations.unit_history import UnitHistory
from rnnviz.figures.demonstrations.unit_ranking import UnitRanking
from rnnviz.figures.demonstrations.unit_text import UnitPassages, UnitText
from rnnviz.figures.demonstrations.word_probability import WordProbability

DEMONSTRATION_FIGURES: tuple[type[DemonstrationFigure], ...] = (
    Neighbours,
    ForecastError,
    AnyLengthError,
    ChainRuleGraph,
    ParametersByLength,
    ErrorByLength,
    ForecastAhead,
    ErrorAhead,
    TransitionMatrix,
    WordProbability,
    DrawnTexts,
    LatentGraph,
    HeldOutScores,
    StateRecall,
    UnitText,
    UnitHistory,
    UnitRanking,
    UnitPassages,
)

__all__ = [
    "DEMONSTRATION_FIGURES",
    "AnyLengthError",
    "ChainRuleGraph",
    "DemonstrationFigure",
    "DrawnTexts",
    "ErrorAhead",
    "ErrorByLength",
    "ForecastAhead",
    "ForecastError",
    "HeldOutScores",
    "LatentGraph",
    "Neighbours",
    "ParametersByLength",
    "StateRecall",
    "TransitionMatrix",
    "UnitHistory",
    "UnitPassages",
    "UnitRanking",
    "UnitText",
    "WordProbability",
]
