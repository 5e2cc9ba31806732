"""∂s_t/∂s_{t−1} of every step, against vmap(vmap(jacrev)) of the equation.

Of one example, as a page asks for them, and of four, together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

import torch

from benchmarks.peers import KINDS, Case, mapped_jacobians, states_before
from benchmarks.timing import Row, race
from rnnviz.engine.jacobians import state_jacobians
from rnnviz.engine.passes import forward

GOAL = 8


def rows() -> Iterator[Row]:
    for size, examples, kind in product((64, 32), (1, 4), KINDS):
        case = Case.of(kind, size, examples)
        states = states_before(case)
        which = 0 if examples == 1 else slice(examples)
        with torch.no_grad():
            layers = forward(case.experiment.cell, case.parameters, case.inputs.mT)
            each = race(partial(mapped_jacobians, case, states), partial(state_jacobians, layers, which))
        name = f"{kind} H = {size}, N = {examples}, Jacobians: jacrev / rnnviz"
        yield Row(name, each.ratio, GOAL, larger_is_better=True, note=each.note)
