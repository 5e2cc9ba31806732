"""Where sequences come from.

To add a task: write its file, name it in TASKS and AnyTask, give it words in both languages.
"""

from typing import Annotated

from pydantic import Field

from rnnviz.tasks.adding import Adding
from rnnviz.tasks.brackets import BracketDepth
from rnnviz.tasks.characters import Characters
from rnnviz.tasks.copying import Copying
from rnnviz.tasks.digits import Digits
from rnnviz.tasks.impulse import Impulse
from rnnviz.tasks.lengths import EqualLengths, MixedLengths
from rnnviz.tasks.multiplication import Multiplication
from rnnviz.tasks.noise import Noise
from rnnviz.tasks.own_series import OwnSeries
from rnnviz.tasks.own_text import OwnText
from rnnviz.tasks.parity import Parity
from rnnviz.tasks.recall import DelayedRecall
from rnnviz.tasks.sine import Sine
from rnnviz.tasks.stocks import Stocks
from rnnviz.tasks.task import SHAPES, Baseline, Batch, Judgement, Task
from rnnviz.tasks.temporal_order import TemporalOrder

TASKS = (
    Adding, Multiplication, Copying, DelayedRecall, TemporalOrder, Parity, BracketDepth, Noise, Impulse, Sine, Stocks,
    Characters, Digits, OwnText, OwnSeries,
)  # fmt: skip
AnyTask = Annotated[
    Adding | Multiplication | Copying | DelayedRecall | TemporalOrder | Parity | BracketDepth | Noise | Impulse
    | Sine | Stocks | Characters | Digits | OwnText | OwnSeries,
    Field(discriminator="kind"),
]  # fmt: skip

__all__ = [
    "SHAPES", "TASKS", "Adding", "AnyTask", "Baseline", "Batch", "BracketDepth", "Characters", "Copying",
    "DelayedRecall", "Digits", "EqualLengths", "Impulse", "Judgement", "MixedLengths", "Multiplication", "Noise", "OwnSeries",
    "OwnText", "Parity", "Sine", "Stocks", "Task", "TemporalOrder",
]  # fmt: skip
