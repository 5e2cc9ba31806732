"""Demonstrations: one file each, parameters -> named arrays. To add one: write its file, name it in DEMONSTRATIONS."""

from rnnviz.demonstrations.any_length import AnyLength
from rnnviz.demonstrations.demonstration import Demonstrated, Demonstration
from rnnviz.demonstrations.gated_costs import GatedCosts
from rnnviz.demonstrations.inside_cell import InsideCell
from rnnviz.demonstrations.one_unit import OneUnit
from rnnviz.demonstrations.sequence_data import SequenceData

DEMONSTRATIONS: tuple[type[Demonstration], ...] = (
    SequenceData,
    AnyLength,
    InsideCell,
    GatedCosts,
    OneUnit,
)

__all__ = [
    "DEMONSTRATIONS",
    "AnyLength",
    "Demonstrated",
    "Demonstration",
    "GatedCosts",
    "InsideCell",
    "OneUnit",
    "SequenceData",
]
