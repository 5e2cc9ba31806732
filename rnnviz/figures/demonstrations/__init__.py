"""Figures of demonstrations: one file each, (what was computed, text, look) -> figure. To add one: write its file, name it
in DEMONSTRATION_FIGURES. `draws` says of which demonstration it is a figure.
"""

from rnnviz.figures.demonstrations.any_length_error import AnyLengthError
from rnnviz.figures.demonstrations.backward_drawing import BackwardDrawing
from rnnviz.figures.demonstrations.cell_costs import CellCosts
from rnnviz.figures.demonstrations.cell_drawing import CellDrawing
from rnnviz.figures.demonstrations.cell_gradient import CellGradient
from rnnviz.figures.demonstrations.cell_states import CellStates
from rnnviz.figures.demonstrations.chain_rule_graph import ChainRuleGraph
from rnnviz.figures.demonstrations.drawn_texts import DrawnTexts
from rnnviz.figures.demonstrations.error_ahead import ErrorAhead
from rnnviz.figures.demonstrations.error_by_length import ErrorByLength
from rnnviz.figures.demonstrations.figure import DemonstrationFigure
from rnnviz.figures.demonstrations.forecast_ahead import ForecastAhead
from rnnviz.figures.demonstrations.forecast_error import ForecastError
from rnnviz.figures.demonstrations.growing_prefix import GrowingPrefix
from rnnviz.figures.demonstrations.held_out_scores import HeldOutScores
from rnnviz.figures.demonstrations.latent_graph import LatentGraph
from rnnviz.figures.demonstrations.letter_map import LetterMap
from rnnviz.figures.demonstrations.loss_map import LossMap
from rnnviz.figures.demonstrations.neighbours import Neighbours
from rnnviz.figures.demonstrations.nested_expression import NestedExpression
from rnnviz.figures.demonstrations.next_character_bars import NextCharacterBars
from rnnviz.figures.demonstrations.parameter_count import ParameterCount
from rnnviz.figures.demonstrations.parameters_by_length import ParametersByLength
from rnnviz.figures.demonstrations.perplexity_over_n import PerplexityOverN
from rnnviz.figures.demonstrations.shape_drawing import ShapeDrawing
from rnnviz.figures.demonstrations.spelling_course import SpellingCourse
from rnnviz.figures.demonstrations.spelling_steps import SpellingSteps
from rnnviz.figures.demonstrations.state_recall import StateRecall
from rnnviz.figures.demonstrations.transition_matrix import TransitionMatrix
from rnnviz.figures.demonstrations.truncation_saving import TruncationSaving
from rnnviz.figures.demonstrations.unit_history import UnitHistory
from rnnviz.figures.demonstrations.unit_ranking import UnitRanking
from rnnviz.figures.demonstrations.unit_text import UnitPassages, UnitText
from rnnviz.figures.demonstrations.unrolled_network import UnrolledNetwork
from rnnviz.figures.demonstrations.word_probability import WordProbability

DEMONSTRATION_FIGURES: tuple[type[DemonstrationFigure], ...] = (
    Neighbours,
    ForecastError,
    AnyLengthError,
    CellDrawing,
    CellStates,
    CellGradient,
    CellCosts,
    PerplexityOverN,
    LetterMap,
    NextCharacterBars,
    GrowingPrefix,
    SpellingSteps,
    SpellingCourse,
    BackwardDrawing,
    TruncationSaving,
    UnrolledNetwork,
    NestedExpression,
    ParameterCount,
    ShapeDrawing,
    LossMap,
    UnitText,
    UnitHistory,
    UnitRanking,
    UnitPassages,
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
)

__all__ = [
    "DEMONSTRATION_FIGURES",
    "AnyLengthError",
    "BackwardDrawing",
    "CellCosts",
    "CellDrawing",
    "CellGradient",
    "CellStates",
    "ChainRuleGraph",
    "DemonstrationFigure",
    "DrawnTexts",
    "ErrorAhead",
    "ErrorByLength",
    "ForecastAhead",
    "ForecastError",
    "GrowingPrefix",
    "HeldOutScores",
    "LatentGraph",
    "LetterMap",
    "LossMap",
    "Neighbours",
    "NestedExpression",
    "NextCharacterBars",
    "ParameterCount",
    "ParametersByLength",
    "PerplexityOverN",
    "ShapeDrawing",
    "SpellingCourse",
    "SpellingSteps",
    "StateRecall",
    "TransitionMatrix",
    "TruncationSaving",
    "UnitHistory",
    "UnitPassages",
    "UnitRanking",
    "UnitText",
    "UnrolledNetwork",
    "WordProbability",
]
