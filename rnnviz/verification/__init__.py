"""Verified: what a figure shows, computed once more by an independent route, with the largest disagreement as a number.

Nothing here decides whether a figure is right: it recomputes, on this very experiment, and says how far the two routes
part and how far their roundings alone may take them. To check another diagnostic: a function that compares, and its name
in CHECKS.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import results
from rnnviz.engine import budget, run
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.passes import Tick, nothing
from rnnviz.engine.training import trained
from rnnviz.experiment import Experiment, Study
from rnnviz.training import NoTraining
from rnnviz.verification import gradients, products, recorded
from rnnviz.verification.check import Check, Finding, drawn, finding
from rnnviz.verification.replay import Replay

CHECKS: dict[str, Check] = {**gradients.CHECKS, **products.CHECKS, **recorded.CHECKS}
STEP_WORK = 3e6  # operations that the calls of one step under autograd take the time of, each layer
__all__ = ["CHECKS", "Check", "Finding", "check_verification", "checkable", "drawn", "verify", "verify_study"]


def checkable(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the diagnostics for which there is another route."""
    return tuple(name for name in names if name in CHECKS)


def verify(experiment: Experiment, names: Iterable[str], *, example: int = 0, tick: Tick = nothing) -> list[Finding]:
    """Run the experiment, and compare what these diagnostics say of it with what the other routes do.

    A run that overflowed is compared up to there; where it left nothing, nothing is found. Nor is it where rounding alone
    would explain any disagreement: a comparison that cannot fail is not claimed.
    """
    names = checkable(names)
    with torch.no_grad():
        weights = trained(experiment, draw_parameters(experiment), tick)
    alone = experiment.model_copy(update={"training": NoTraining()})  # its weights are given
    needs = [DIAGNOSTICS[name] for name in names]
    record = {name for need in needs for name in (*need.reads, *need.reads_if_there)}
    trace = run(alone, record=record | {"hidden_state", "cell_state"}, example=example, parameters=weights)
    shown = results(trace, needs)
    if "hidden_state" not in trace.data:
        return []
    replay, found = Replay(trace, weights), []
    with torch.no_grad():
        for done, name in enumerate(names):
            found += [finding(each, experiment.dtype) for each in CHECKS[name].compare(shown[name], replay)]
            tick((done + 1) / len(names))
    return [each for each in found if each.says_something]


def verify_study(study: Study, names: Iterable[str], *, example: int = 0, tick: Tick = nothing) -> list[Finding]:
    """Of all experiments of a study together: for each quantity all its numbers, and the worst of the disagreements."""
    experiments, names, found = study.experiments(), tuple(names), dict[str, Finding]()
    for done, experiment in enumerate(experiments.values()):
        part: Tick = lambda progress, done=done: tick((done + progress) / len(experiments))  # type: ignore[misc]  # noqa: E731
        for each in verify(experiment, names, example=example, tick=part):
            found[each.what] = found[each.what].worst(each) if each.what in found else each
    return list(found.values())


def work_of(experiment: Experiment, names: Iterable[str]) -> float:
    """Operations of the other routes: passes of the step under autograd over the batch, and products of its Jacobians."""
    e = experiment
    time, state = e.task.sequence_length, e.cell.state_size * e.cell.layers
    weights = len(e.cell.gate_names) * e.cell.hidden_size * (e.cell.hidden_size + e.task.input_size) * e.cell.layers
    work = 0.0
    for name in checkable(names):
        columns = time if name in budget.NEED_ITEMISED else e.batch_size
        check = CHECKS[name]
        work += check.passes * time * (STEP_WORK * e.cell.layers + 12.0 * weights * columns)
        work += check.products * time * (STEP_WORK * e.cell.layers + 12.0 * weights * state + 40.0 * state**3)
    return work


def check_verification(study: Study, names: Iterable[str]) -> None:
    """Raises OverBudget for what cannot be recomputed while a person waits, with the nearest setting that fits."""
    names = checkable(names)

    def fits(base: Experiment) -> bool:
        smaller = Study(base=base, variations=study.variations)
        return sum(work_of(one, names) for one in smaller.experiments().values()) <= budget.PATIENT_WORK

    if not fits(study.base):
        asked = sum(work_of(one, names) for one in study.experiments().values())
        budget.refuse("work", asked, budget.PATIENT_WORK, study.base, fits)
    budget.check_study(study, names)
