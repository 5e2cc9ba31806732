"""Where sequences come from.

To add a task: write its file, name it in TASKS and AnyTask, give it words in both languages.
"""

from typing import Annotated

from pydantic import Field

from rnnviz.tasks.adding import Adding
from rnnviz.tasks.characters import Characters
from rnnviz.tasks.copying import Copying
from rnnviz.tasks.impulse import Impulse
from rnnviz.tasks.noise import Noise
from rnnviz.tasks.own_series import OwnSeries
from rnnviz.tasks.own_text import OwnText
from rnnviz.tasks.stocks import Stocks
from rnnviz.tasks.task import Batch, Judgement, Task

TASKS = (Adding, Copying, Noise, Impulse, Characters, Stocks, OwnText, OwnSeries)
AnyTask = Annotated[
    Adding | Copying | Noise | Impulse | Characters | Stocks | OwnText | OwnSeries, Field(discriminator="kind")
]

__all__ = [
    "TASKS", "Adding", "AnyTask", "Batch", "Characters", "Copying", "Impulse", "Judgement", "Noise", "OwnSeries", "OwnText",
    "Stocks", "Task",
]  # fmt: skip
