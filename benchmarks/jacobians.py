"""∂s_t/∂s_{t−1} of every step, against vmap(vmap(jacrev)) of the equation."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmarks.peers import KINDS, Case, mapped_jacobians, states_before
from benchmarks.timing import Row, race
from rnnviz.engine.jacobians import state_jacobians
from rnnviz.engine.passes import forward

EXAMPLES = 4


def rows() -> Iterator[Row]:
    for size in (64, 32):
        for kind in KINDS:
            case = Case.of(kind, size, EXAMPLES)
            states = states_before(case)
            with torch.no_grad():
                layers = forward(case.experiment.cell, case.parameters, case.inputs.mT)

            def ours(layers=layers) -> object:
                return [state_jacobians(layers, example) for example in range(EXAMPLES)]

            with torch.no_grad():
                each = race(lambda case=case, states=states: mapped_jacobians(case, states), ours)
            name = f"{kind} H = {size}, Jacobians of {EXAMPLES} examples: jacrev / rnnviz"
            yield Row(name, each.ratio, 8, larger_is_better=True, note=each.note)
