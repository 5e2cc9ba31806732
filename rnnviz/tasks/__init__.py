"""Where sequences come from. To add a task: write its file, name it in TASKS and AnyTask, give it words in both languages."""

from typing import Annotated

from pydantic import Field

from rnnviz.tasks.adding import Adding
from rnnviz.tasks.noise import Noise
from rnnviz.tasks.task import Batch, Judgement, Task

TASKS = (Adding, Noise)
AnyTask = Annotated[Adding | Noise, Field(discriminator="kind")]

__all__ = ["TASKS", "Adding", "AnyTask", "Batch", "Judgement", "Noise", "Task"]
