"""A task in a sentence: how answers stand to inputs, the lag that it needs, and what knowing nothing scores."""

from __future__ import annotations

from rnnviz.tasks.task import Task
from rnnviz.text import Text


def facts(task: Task, text: Text) -> str:
    lag = text("task.needed_lag", lag=task.needed_lag) if task.needed_lag else text("task.no_needed_lag")
    shape = text(f"shape.{task.shape}").capitalize()
    return text("task.facts", shape=shape, lag=lag, baseline=text(f"baseline.{task.kind}"))
