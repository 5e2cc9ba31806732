"""∂s_T/∂s_t for every t of one example, against autograd's best: one graph, the whole identity sent back at once."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmarks.peers import KINDS, Case, batched_products
from benchmarks.timing import Row, race
from rnnviz.engine.jacobians import by_eigenvalues, largest_singular_values, state_products
from rnnviz.engine.passes import forward


class Products:
    """With the forward pass of the one example, as autograd's graph has it."""

    def __init__(self, case: Case):
        self.cell, self.parameters, self.inputs = case.experiment.cell, case.parameters, case.inputs[:, :1].mT

    @torch.no_grad()
    def __call__(self) -> torch.Tensor:
        return state_products(forward(self.cell, self.parameters, self.inputs), 0)[0]


def rows() -> Iterator[Row]:
    for kind in KINDS:
        case = Case.of(kind, 64, 4)
        ours = Products(case)
        products = race(lambda case=case: batched_products(case), ours, seconds=6)
        name = f"{kind} H = 64, all products: is_grads_batched / rnnviz"
        yield Row(name, products.ratio, 7, larger_is_better=True, note=products.note)
        made = ours()
        singular = race(
            lambda made=made: by_eigenvalues(made), lambda made=made: largest_singular_values(made, alike=True)
        )
        yield Row("    their σ₁: eigenvalues of every Gram matrix / rnnviz", singular.ratio, note=singular.note)
