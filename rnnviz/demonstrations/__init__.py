"""Demonstrations: one file each, parameters -> named arrays. To add one: write its file, name it in DEMONSTRATIONS."""

from rnnviz.demonstrations.any_length import AnyLength
from rnnviz.demonstrations.autoregression import Autoregression
from rnnviz.demonstrations.demonstration import Demonstrated, Demonstration
from rnnviz.demonstrations.latent_models import LatentModels
from rnnviz.demonstrations.markov_text import MarkovText
from rnnviz.demonstrations.model_per_length import ModelPerLength
from rnnviz.demonstrations.one_unit import OneUnit
from rnnviz.demonstrations.sequence_data import SequenceData

DEMONSTRATIONS: tuple[type[Demonstration], ...] = (
    SequenceData,
    AnyLength,
    ModelPerLength,
    Autoregression,
    MarkovText,
    LatentModels,
    OneUnit,
)

__all__ = [
    "DEMONSTRATIONS",
    "AnyLength",
    "Autoregression",
    "Demonstrated",
    "Demonstration",
    "LatentModels",
    "MarkovText",
    "ModelPerLength",
    "OneUnit",
    "SequenceData",
]
