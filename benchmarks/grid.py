"""The page's grid of three cells and three activations, against nine bare layers (activation tanh) of the same size.

"Everything" is what one pass logs: gates, ∂h, ∂c, their log norms, shares of ∂L/∂W, all log-scaled products of Jacobians
of one example, of the whole (h, c), and their Frobenius norms. Each of the nine is let go before the next is computed,
as a worker does with a trace once it has drawn its numbers, and like a worker it keeps its workspace. It is timed from
weights and data that are there already, as the bare layers have them. Then with σ₁ of every product to 1e-5, which the
page draws; and as `run` gives it, a Trace of a described experiment, with weights and data drawn anew. What the page asks
of a worker when a slider moves is less (no gates, no shares); the bounds of Pascanu et al. are extra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.gradients import every_gradient
from benchmarks.peers import FEATURES, KINDS, BareLayer, Case
from benchmarks.timing import Row, race
from rnnviz.diagnostics import gradient_flow, jacobian_bounds, jacobian_norm
from rnnviz.diagnostics.diagnose import diagnose_study
from rnnviz.engine import run
from rnnviz.engine.jacobians import frobenius, largest_singular_values, state_products
from rnnviz.engine.workspace import Workspace
from rnnviz.experiment import Experiment, Study, comparison
from rnnviz.tasks import Noise

GOALS = {(32, 16): 0.6, (64, 32): 1.0}
ACTIVATIONS = ("sigmoid", "tanh", "relu")
RECORDED = (
    "gate", "hidden_state", "cell_state", "hidden_state_grad", "cell_state_grad", "state_grad_log10_norm",
    "hidden_state_grad_log10_norm", "cell_state_grad_log10_norm", "weight_hh_grad_share", "weight_ih_grad_share",
    "jacobian_product", "jacobian_product_log10_scale",
)  # fmt: skip


def rows() -> Iterator[Row]:
    for (size, batch), goal in GOALS.items():
        where = f"3 × 3 at {size}/{batch}"
        bare = [BareLayer(Case.of(kind, size, batch)) for kind in KINDS for _ in ACTIVATIONS]
        cases = [Case.of(kind, size, batch, activation=name) for kind in KINDS for name in ACTIVATIONS]
        study = study_of(size, batch)

        def nine(bare=bare) -> object:
            return [layer() for layer in bare]

        given = race(partial(one_by_one, partial(everything, Workspace()), cases), nine, seconds=8)
        yield Row(f"{where}, everything / nine bare nn", given.ratio, goal, note=given.note)
        exact = race(partial(one_by_one, partial(with_sigma, Workspace()), cases), nine, seconds=8)
        yield Row(f"{where}, everything and every σ₁ / nine bare nn", exact.ratio, note=exact.note)
        traces = race(lambda study=study: one_by_one(trace, study.experiments().values()), nine, seconds=8)
        yield Row(
            f"{where}, everything as Traces, weights and data drawn / nine bare nn", traces.ratio, note=traces.note
        )
        move = race(lambda study=study: diagnose_study(study, (gradient_flow, jacobian_norm)), nine, seconds=8)
        yield Row(f"{where}, one move of a slider / nine bare nn", move.ratio, note=move.note)
        bounds = race(lambda study=study: diagnose_study(study, (jacobian_bounds,)), nine, seconds=4)
        yield Row(f"{where}, the bounds alone / nine bare nn", bounds.ratio, note=bounds.note)


def one_by_one(work: Callable[[Any], object], cases: Iterable[Any]) -> None:
    for case in cases:
        work(case)


def study_of(size: int, batch: int) -> Study:
    task = Noise(sequence_length=100, features=FEATURES)
    return comparison(Experiment(task=task, batch_size=batch).changed({"cell.hidden_size": size}), ACTIVATIONS)


@torch.no_grad()
def everything(workspace: Workspace, case: Case) -> tuple[object, torch.Tensor, torch.Tensor]:
    layers, gradients = every_gradient(case, workspace=workspace)
    products, scale = state_products(layers, 0)
    return gradients, products, scale + torch.from_numpy(np.log10(frobenius(products.numpy())))


@torch.no_grad()
def with_sigma(workspace: Workspace, case: Case) -> object:
    gradients, products, norms = everything(workspace, case)
    return gradients, norms, largest_singular_values(products, alike=True)


def trace(experiment: Experiment) -> object:
    found = run(experiment, record=RECORDED)
    return found, jacobian_norm(found)
