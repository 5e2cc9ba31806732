"""Demonstrations: one file each, parameters -> named arrays. To add one: write its file, name it in DEMONSTRATIONS."""

from rnnviz.demonstrations.any_length import AnyLength
from rnnviz.demonstrations.demonstration import Demonstrated, Demonstration
from rnnviz.demonstrations.language_models import LanguageModels
from rnnviz.demonstrations.next_character import NextCharacter
from rnnviz.demonstrations.one_unit import OneUnit
from rnnviz.demonstrations.sequence_data import SequenceData
from rnnviz.demonstrations.spelling import Spelling

DEMONSTRATIONS: tuple[type[Demonstration], ...] = (
    SequenceData,
    AnyLength,
    LanguageModels,
    NextCharacter,
    Spelling,
    OneUnit,
)

__all__ = [
    "DEMONSTRATIONS",
    "AnyLength",
    "Demonstrated",
    "Demonstration",
    "LanguageModels",
    "NextCharacter",
    "OneUnit",
    "SequenceData",
    "Spelling",
]
