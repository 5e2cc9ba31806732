"""Demonstrations: one file each, parameters -> named arrays. To add one: write its file, name it in DEMONSTRATIONS."""

from rnnviz.demonstrations.any_length import AnyLength
from rnnviz.demonstrations.demonstration import Demonstrated, Demonstration
from rnnviz.demonstrations.forward_pass import ForwardPass
from rnnviz.demonstrations.sequence_data import SequenceData
from rnnviz.demonstrations.shapes import Shapes
from rnnviz.demonstrations.weight_sharing import WeightSharing

DEMONSTRATIONS: tuple[type[Demonstration], ...] = (
    SequenceData,
    AnyLength,
    ForwardPass,
    WeightSharing,
    Shapes,
)

__all__ = [
    "DEMONSTRATIONS", "AnyLength", "Demonstrated", "Demonstration", "ForwardPass", "SequenceData", "Shapes",
    "WeightSharing",
]  # fmt: skip
