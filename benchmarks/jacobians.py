"""∂s_t/∂s_{t−1} of every step, against vmap(vmap(jacrev)) of the equation.

Of one example, as a page asks for them; and of four, which jacrev takes together and rnnviz one after another.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch

from benchmarks.peers import KINDS, Case, mapped_jacobians, states_before
from benchmarks.timing import Row, race
from rnnviz.engine.jacobians import state_jacobians
from rnnviz.engine.passes import forward

SIZES = (64, 32)


def rows() -> Iterator[Row]:
    for size, kind in product(SIZES, KINDS):
        yield Row(f"{kind} H = {size}, Jacobians of one example: jacrev / rnnviz", *raced(kind, size, 1, goal=8))
    for size, kind in product(SIZES, KINDS):
        yield Row(f"{kind} H = {size}, of four examples", *raced(kind, size, 4, goal=None))


def raced(kind: str, size: int, examples: int, goal: float | None) -> tuple[float, float | None, bool, str]:
    case = Case.of(kind, size, examples)
    states = states_before(case)
    with torch.no_grad():
        layers = forward(case.experiment.cell, case.parameters, case.inputs.mT)
        each = race(
            lambda: mapped_jacobians(case, states),
            lambda: [state_jacobians(layers, example) for example in range(examples)],
        )
    return each.ratio, goal, True, each.note
