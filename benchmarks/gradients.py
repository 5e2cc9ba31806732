"""All gates, log ‖∂ℓ/∂h_t‖ and ‖∂ℓ/∂c_t‖ and each step's share of ∂L/∂W, against a bare layer that shows nothing.

In one workspace, as a worker has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.peers import BareLayer, Case, RetainGrad
from benchmarks.timing import Row, race
from rnnviz.cells.kernel import Kernel
from rnnviz.engine.norms import log10_norm
from rnnviz.engine.passes import backward, forward
from rnnviz.engine.workspace import Workspace

GOALS = {"LSTM": 1.35, "GRU": 0.6, "RNN": 0.6}


@torch.no_grad()
def every_gradient(
    case: Case, *, shares: bool = True, workspace: Workspace | None = None
) -> tuple[list[Kernel], object]:
    """What a Trace records of one pass, without the Trace."""
    layers = forward(case.experiment.cell, case.parameters, case.inputs.mT, workspace=workspace)
    exponents = backward(layers, range(1, len(case.inputs) + 1), case.gradient)
    (layer,) = layers
    adjoints = [part for part in (layer.hidden_adjoint, layer.cell_state_adjoint) if part is not None]
    norms = [log10_norm([part], exponents) for part in adjoints]
    of_weights = layer.weight_shares(exponents if exponents.any() else None, 1.0) if shares else None
    return layers, (layer.gates, norms, of_weights)


def rows() -> Iterator[Row]:
    for size, batch in ((64, 32), (32, 16)):
        for kind, goal in GOALS.items():
            case = Case.of(kind, size, batch)
            bare = BareLayer(case)
            ours = race(partial(every_gradient, case, workspace=Workspace()), bare)
            held_to = goal if size == 64 else None
            yield Row(f"{kind} {size}/{batch}, every gradient / bare nn", ours.ratio, held_to, note=ours.note)
            naive = race(RetainGrad(case), bare, seconds=2)
            yield Row("    peer: a retain_grad loop, ∂h and ∂c only / bare nn", naive.ratio, note=naive.note)
