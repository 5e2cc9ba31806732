"""Demonstrations: one file each, parameters -> named arrays. To add one: write its file, name it in DEMONSTRATIONS."""

from rnnviz.demonstrations.any_length import AnyLength
from rnnviz.demonstrations.backward_pass import BackwardPass
from rnnviz.demonstrations.demonstration import Demonstrated, Demonstration
from rnnviz.demonstrations.one_unit import OneUnit
from rnnviz.demonstrations.sequence_data import SequenceData
from rnnviz.demonstrations.truncation_cost import TruncationCost

DEMONSTRATIONS: tuple[type[Demonstration], ...] = (
    SequenceData,
    AnyLength,
    BackwardPass,
    TruncationCost,
    OneUnit,
)

__all__ = [
    "DEMONSTRATIONS",
    "AnyLength",
    "BackwardPass",
    "Demonstrated",
    "Demonstration",
    "OneUnit",
    "SequenceData",
    "TruncationCost",
]
