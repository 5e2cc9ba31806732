"""How much work one request may ask for. Checked here and not in a widget, because links and the API bypass widgets."""

from __future__ import annotations

from rnnviz.experiment import Experiment

LARGEST_SIZE = 8_000_000  # T · N · H · layers: about 17 float32 arrays of this size are alive at once
PRODUCT_BYTES = 1_500_000_000  # per-step Jacobians and their products of one example


class OverBudget(ValueError):
    """An experiment is larger than one run may be. `nearest` is the setting that fits."""

    def __init__(self, limit: str, asked: float, allowed: float, parameter: str, nearest: int):
        self.limit, self.asked, self.allowed, self.parameter, self.nearest = limit, asked, allowed, parameter, nearest
        super().__init__(f"{limit} is {asked:.3g}, more than {allowed:.3g}: {parameter} = {nearest} would fit")


def check_budget(experiment: Experiment) -> None:
    """Raises OverBudget, which names the limit and the nearest batch size that fits."""
    e = experiment
    one = e.task.sequence_length * e.cell.hidden_size * e.cell.layers
    if one * e.batch_size > LARGEST_SIZE:
        raise OverBudget("T·N·H", one * e.batch_size, LARGEST_SIZE, "batch_size", max(1, LARGEST_SIZE // one))
