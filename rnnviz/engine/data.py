"""Which examples a network reads."""

from __future__ import annotations

from rnnviz.choice import InvalidParameter
from rnnviz.experiment import Experiment
from rnnviz.streams import Examples
from rnnviz.tasks import Batch


def draw_batch(experiment: Experiment, update: int = 0) -> Batch:
    """Examples uN … (u + 1)N − 1 of the experiment's seed: training reads on, and its first batch is the untrained one's.

    A parameter that the task refuses is named as the task's.
    """
    size = experiment.batch_size
    try:
        return experiment.task.batch(Examples(experiment.seed, size, update * size))
    except InvalidParameter as error:
        raise error.under("task") from None
