"""How much work one request may ask for. Checked here and not in a widget, because links and the API bypass widgets."""

from __future__ import annotations

from collections.abc import Iterable

from rnnviz.choice import InvalidParameter
from rnnviz.experiment import Experiment, Study

LARGEST_SIZE = 8_000_000  # T · N · (H · layers or features): about 17 float32 arrays of this size are alive at once
INTERACTIVE_WORK = 6e9  # multiplications and additions of a whole study while a person waits
NEED_PRODUCTS = ("jacobian_norm",)


class OverBudget(ValueError):
    """A request is larger than it may be. `nearest` is the value of `parameter` that fits."""

    def __init__(self, limit: str, asked: float, allowed: float, parameter: str, nearest: int):
        self.limit, self.asked, self.allowed, self.parameter, self.nearest = limit, asked, allowed, parameter, nearest
        super().__init__(f"{limit} is {asked:.3g}, more than {allowed:.3g}: {parameter} = {nearest} would fit")


def check_budget(experiment: Experiment) -> None:
    """Raises OverBudget, which names the limit and the nearest batch size that fits."""
    size = size_of(experiment)
    if size > LARGEST_SIZE:
        nearest = max(1, LARGEST_SIZE * experiment.batch_size // size)
        raise OverBudget("T·N·H", size, LARGEST_SIZE, "batch_size", nearest)


def size_of(experiment: Experiment) -> int:
    e = experiment
    return e.task.sequence_length * e.batch_size * max(e.cell.hidden_size * e.cell.layers, e.task.input_size)


def work_of(experiment: Experiment, needs: Iterable[str]) -> float:
    """Floating-point operations of one experiment: forward, adjoint, and the products of Jacobians if they are needed."""
    e, size = experiment, experiment.cell.hidden_size
    rows = len(e.cell.gate_names) * size
    passes = 6.0 * rows * (size * (2 * e.cell.layers - 1) + e.task.input_size) * e.batch_size
    state = e.cell.state_size * e.cell.layers
    products = 4.0 * state**3 if set(needs) & set(NEED_PRODUCTS) else 0.0
    return e.task.sequence_length * (passes + products)


def check_study(study: Study, needs: Iterable[str], allowed: float = INTERACTIVE_WORK) -> None:
    """Raises OverBudget for a study too large to be answered at once, with the nearest setting that fits.

    Fewer examples are offered first, then a shorter sequence, then a smaller state.
    """
    needs = tuple(needs)
    for experiment in study.experiments().values():
        check_budget(experiment)
    asked = total_work(study, needs)
    if asked <= allowed:
        return
    for parameter, low in (("batch_size", 4), ("task.sequence_length", 30), ("cell.hidden_size", 1)):
        nearest = largest_that_fits(study, needs, parameter, low, allowed)
        if nearest:
            raise OverBudget("work", asked, allowed, parameter, nearest)
    raise OverBudget("work", asked, allowed, "batch_size", 1)


def total_work(study: Study, needs: tuple[str, ...]) -> float:
    return sum(work_of(experiment, needs) for experiment in study.experiments().values())


def largest_that_fits(study: Study, needs: tuple[str, ...], parameter: str, low: int, allowed: float) -> int:
    """By bisection, because work grows with every parameter; 0 if not even `low` fits."""
    high = int(study.base.flat()[parameter])
    while low < high:
        middle = (low + high + 1) // 2
        if fits(study, needs, parameter, middle, allowed):
            low = middle
        else:
            high = middle - 1
    return low if fits(study, needs, parameter, low, allowed) else 0


def fits(study: Study, needs: tuple[str, ...], parameter: str, value: int, allowed: float) -> bool:
    try:
        smaller = Study(base=study.base.changed({parameter: value}), variations=study.variations)
    except InvalidParameter:
        return False
    return total_work(smaller, needs) <= allowed
