"""Demonstrations: one file each, parameters -> named arrays. To add one: write its file, name it in DEMONSTRATIONS."""

from rnnviz.demonstrations.any_length import AnyLength
from rnnviz.demonstrations.autoregression import Autoregression
from rnnviz.demonstrations.backward_pass import BackwardPass
from rnnviz.demonstrations.demonstration import Demonstrated, Demonstration
from rnnviz.demonstrations.forward_pass import ForwardPass
from rnnviz.demonstrations.gated_costs import GatedCosts
from rnnviz.demonstrations.inside_cell import InsideCell
from rnnviz.demonstrations.language_models import LanguageModels
from rnnviz.demonstrations.latent_models import LatentModels
from rnnviz.demonstrations.markov_text import MarkovText
from rnnviz.demonstrations.model_per_length import ModelPerLength
from rnnviz.demonstrations.next_character import NextCharacter
from rnnviz.demonstrations.one_unit import OneUnit
from rnnviz.demonstrations.sequence_data import SequenceData
from rnnviz.demonstrations.shapes import Shapes
from rnnviz.demonstrations.spelling import Spelling
from rnnviz.demonstrations.truncation_cost import TruncationCost
from rnnviz.demonstrations.weight_sharing import WeightSharing

DEMONSTRATIONS: tuple[type[Demonstration], ...] = (
    SequenceData,
    AnyLength,
    InsideCell,
    GatedCosts,
    LanguageModels,
    NextCharacter,
    Spelling,
    BackwardPass,
    TruncationCost,
    ForwardPass,
    WeightSharing,
    Shapes,
    OneUnit,
    ModelPerLength,
    Autoregression,
    MarkovText,
    LatentModels,
)

__all__ = [
    "DEMONSTRATIONS",
    "AnyLength",
    "Autoregression",
    "BackwardPass",
    "Demonstrated",
    "Demonstration",
    "ForwardPass",
    "GatedCosts",
    "InsideCell",
    "LanguageModels",
    "LatentModels",
    "MarkovText",
    "ModelPerLength",
    "NextCharacter",
    "OneUnit",
    "SequenceData",
    "Shapes",
    "Spelling",
    "TruncationCost",
    "WeightSharing",
]
