"""How much work one request may ask for. Checked here and not in a widget, because links and the API bypass widgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from rnnviz.choice import InvalidParameter
from rnnviz.engine.lyapunov import WINDOWS
from rnnviz.experiment import Experiment, Study
from rnnviz.quantities import QUANTITIES

LARGEST_SIZE = 8_000_000  # T · N · (H · layers or features): about 17 float32 arrays of this size are alive at once
INTERACTIVE_WORK = 6e9  # multiplications and additions of a whole study while a person waits
BATCH_WORK = 1e14  # of one training, for which nobody waits: an hour or so of one core
LARGEST_TRACE = 8_000_000  # numbers in all arrays of a whole trace together; 32 MB in float32
PATIENT_WORK = 3e10  # where what is asked for is the page's last figure and shows its progress: three to five seconds
ITEMISED = {"itemised_log10_norm", "truncated_gradient"}  # as much work as T examples: recorded only by name
ROUNDED = {"rounded_grad_log10_norm", "rounded_grad_log10_largest"}  # four backward passes by autograd, likewise
BY_NAME = ITEMISED | ROUNDED
NEED_PRODUCTS = ("jacobian_norm",)
NEED_SHARES = ("weight_gradient", "clipped_gradient")
NEED_TANGENTS = ("lyapunov_growth", "untied_growth")
NEED_ROUNDED = ("rounded_gradient",)
ROUNDED_WORK, ROUNDED_STEP = 200.0, 8e6  # a multiplication in float16 takes thirty times as long; calls of a step
NEED_ITEMISED = ("bptt_map", "truncated_gradient")
# n³ operations of a step, and at the lags or steps that are looked at; slow ones count as what they cost in time.
NEED_STATES = {"singular_spectrum": (6.0, 400.0), "jacobian_paths": (6.0, 0.0), "step_spectrum": (0.0, 100.0)}
MOST_LOOKS, LEAST_LOOKS, ROTATIONS = 60, 8, 12_000_000  # lags · state³
QR_WORK = 1.0  # times n³ for a step: an orthogonalisation is 8/3 n³ operations, at every step to every fifth
SWEEPS = 40  # over each step's share of the weight gradient, besides its two products; measured, in multiplications
SHRINKABLE = (("batch_size", 4), ("task.sequence_length", 30), ("cell.hidden_size", 1))  # and what is to be left


class OverBudget(ValueError):
    """A request is larger than it may be. `nearest` is the value of `parameter` that fits."""

    def __init__(self, limit: str, asked: float, allowed: float, parameter: str, nearest: int):
        self.limit, self.asked, self.allowed, self.parameter, self.nearest = limit, asked, allowed, parameter, nearest
        super().__init__(f"{limit} is {asked:.3g}, more than {allowed:.3g}: {parameter} = {nearest} would fit")


def check_budget(experiment: Experiment, itemised: bool = False) -> None:
    """Raises OverBudget, which names the limit and the nearest setting that fits."""
    size = size_of(experiment, itemised)
    if size > LARGEST_SIZE:
        refuse("T·N·H", size, LARGEST_SIZE, experiment, lambda smaller: size_of(smaller, itemised) <= LARGEST_SIZE)


def size_of(experiment: Experiment, itemised: bool = False) -> int:
    """Itemised, one example is as much as T examples beside the batch.

    Those are in float64 and kept for all gates at once: 42 arrays of this size were measured for the LSTM, 29 for the
    GRU and 13 for the vanilla RNN, where 17 are meant.
    """
    e = experiment
    heavier = (1 + len(e.cell.gate_names)) / 2
    columns = e.batch_size + (math.ceil(heavier * e.task.sequence_length) if itemised else 0)
    return e.task.sequence_length * columns * max(e.cell.hidden_size * e.cell.layers, e.task.input_size)


def work_of(experiment: Experiment, needs: Iterable[str]) -> float:
    """Floating-point operations of one experiment: forward and adjoint, in training too, and what is needed besides."""
    e, needs = experiment, set(needs)
    rows, time = len(e.cell.gate_names) * e.cell.hidden_size, e.task.sequence_length
    weights = rows * (e.cell.hidden_size * (2 * e.cell.layers - 1) + e.task.input_size)
    state = e.cell.state_size * e.cell.layers
    work = 6.0 * time * weights * e.batch_size * (1 + e.training.updates)
    if needs & set(NEED_PRODUCTS):
        work += 4.0 * time * state**3
    if needs & set(NEED_SHARES):
        work += time * weights * (4.0 * e.batch_size + SWEEPS)
    work += len(needs & set(NEED_TANGENTS)) * time * (2.0 * weights * state + QR_WORK * state**3)
    if needs & set(NEED_ITEMISED):
        work += 8.0 * time**2 * weights
    if needs & set(NEED_ROUNDED):
        work += time * (ROUNDED_WORK * weights * e.batch_size + ROUNDED_STEP * e.cell.layers)
    for need in needs & set(NEED_STATES):
        of_step, of_look = NEED_STATES[need]
        work += (of_step * time + of_look * min(time, looks(state))) * state**3
    return work


def looks(state: int) -> int:
    """How many lags of a product of this size are decomposed, and about how many steps: one to two seconds of rotations."""
    return min(MOST_LOOKS, max(LEAST_LOOKS, ROTATIONS // state**3))


def allowed_for(needs: Iterable[str]) -> float:
    return (
        PATIENT_WORK if set(needs) & {*NEED_TANGENTS, *NEED_ITEMISED, *NEED_STATES, *NEED_ROUNDED} else INTERACTIVE_WORK
    )


def check_study(study: Study, needs: Iterable[str]) -> None:
    """Raises OverBudget for a study too large to be answered at once, with the nearest setting that fits.

    Fewer examples are offered first, then a shorter sequence, then a smaller state.
    """
    needs = tuple(needs)
    allowed, itemised = allowed_for(needs), bool(set(needs) & set(NEED_ITEMISED))
    size, work = largest_size(study, itemised), total_work(study, needs)

    def fits(base: Experiment) -> bool:
        smaller = Study(base=base, variations=study.variations)
        return largest_size(smaller, itemised) <= LARGEST_SIZE and total_work(smaller, needs) <= allowed

    if size > LARGEST_SIZE:
        refuse("T·N·H", size, LARGEST_SIZE, study.base, fits)
    if work > allowed:
        refuse("work", work, allowed, study.base, fits)


def check_trace(experiment: Experiment) -> None:
    """Raises OverBudget for an experiment of which not everything can be recorded while a person waits."""
    study = Study(base=experiment)
    check_study(study, NEED_PRODUCTS)
    numbers = numbers_in_trace(experiment)
    if numbers > LARGEST_TRACE:
        refuse("trace", numbers, LARGEST_TRACE, experiment, lambda smaller: numbers_in_trace(smaller) <= LARGEST_TRACE)


def check_training(experiment: Experiment) -> None:
    """Raises OverBudget for a training that would keep a core for hours; fewer updates are offered first."""
    check_budget(experiment)
    work = work_of(experiment, ())
    if work > BATCH_WORK:
        nearest = largest_that_fits(experiment, lambda e: work_of(e, ()) <= BATCH_WORK, "training.updates", 1)
        raise OverBudget("work", work, BATCH_WORK, "training.updates", max(1, nearest))


def numbers_in_trace(experiment: Experiment) -> int:
    """How many numbers a run records of everything, from the dimensions that the quantities declare."""
    e = experiment
    gates, state = len(e.cell.gate_names), e.cell.state_size * e.cell.layers
    time, unit = e.task.sequence_length, e.cell.hidden_size
    sizes = {
        "layer": e.cell.layers, "layer_above": e.cell.layers - 1, "time": time, "lag": time + 1,
        "example": e.batch_size, "unit": unit, "feature": e.task.input_size, "gate_name": gates,
        "row": gates * unit, "matrix": 2, "state": state, "state_before": state, "exponent": state,
        "window": min(time, WINDOWS),
    }  # fmt: skip
    quantities = [
        one for name, one in QUANTITIES.items()
        if name not in BY_NAME and (e.cell.has_cell_state or "cell_state" not in name)
    ]  # fmt: skip
    return sum(math.prod(sizes[dim] for dim in quantity.dims) for quantity in quantities)


def largest_size(study: Study, itemised: bool) -> int:
    return max(size_of(experiment, itemised) for experiment in study.experiments().values())


def total_work(study: Study, needs: tuple[str, ...]) -> float:
    return sum(work_of(experiment, needs) for experiment in study.experiments().values())


def refuse(limit: str, asked: float, allowed: float, base: Experiment, fits: Callable[[Experiment], bool]) -> None:
    """Raises OverBudget with the first parameter that can make `base` fit, and the largest value that does.

    Less than four examples, which have no band, or thirty steps are offered only where nothing else helps.
    """
    for parameter, low in (*SHRINKABLE, ("batch_size", 1), ("task.sequence_length", 2)):
        nearest = largest_that_fits(base, fits, parameter, low)
        if nearest:
            raise OverBudget(limit, asked, allowed, parameter, nearest)
    raise OverBudget(limit, asked, allowed, "batch_size", 1)


def largest_that_fits(base: Experiment, fits: Callable[[Experiment], bool], parameter: str, low: int) -> int:
    """By bisection, because size and work grow with every parameter; 0 if not even `low` fits."""

    def good(value: int) -> bool:
        try:
            return fits(base.changed({parameter: value}))
        except InvalidParameter:
            return False

    high = int(base.flat()[parameter])
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if good(middle) else (low, middle - 1)
    return low if good(low) else 0
