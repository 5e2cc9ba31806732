"""Demonstrations: one file each, parameters -> named arrays. To add one: write its file, name it in DEMONSTRATIONS."""

from rnnviz.demonstrations.any_length import AnyLength
from rnnviz.demonstrations.demonstration import Demonstrated, Demonstration
from rnnviz.demonstrations.forward_pass import ForwardPass
from rnnviz.demonstrations.one_unit import OneUnit
from rnnviz.demonstrations.sequence_data import SequenceData
from rnnviz.demonstrations.shapes import Shapes
from rnnviz.demonstrations.weight_sharing import WeightSharing

DEMONSTRATIONS: tuple[type[Demonstration], ...] = (
    SequenceData,
    AnyLength,
    ForwardPass,
    WeightSharing,
    Shapes,
    OneUnit,
)

__all__ = [
    "DEMONSTRATIONS", "AnyLength", "Demonstrated", "Demonstration", "ForwardPass", "OneUnit", "SequenceData", "Shapes",
    "WeightSharing",
]  # fmt: skip
