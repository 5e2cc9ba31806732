"""The gradient of each layer: against float64 autograd, and the law that the layers make up the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz.cells import CELLS
from rnnviz.diagnostics import layer_gradient
from rnnviz.engine import run
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.norms import band
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast
from rnnviz.initializers import Gain, Orthogonal
from rnnviz.tasks import Noise
from tests.oracles import batch_of, graph, total_state_gradient

LENGTH = 12
EXACT = 1e-10  # decades; float64 keeps 16 digits, of which a norm of small differences may lose six
every_cell = pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)


def experiment(kind, layers, gain=1.2, length=LENGTH, **rest) -> Experiment:
    options = {"batch_size": 5, "dtype": "float64", "initializer": Orthogonal(scale=Gain(gain=gain))} | rest
    return Experiment(task=Noise(sequence_length=length), cell=kind(hidden_size=4, layers=layers), **options)


@every_cell
@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize("loss", [LossAtLast(), LossAtEvery()], ids=["last", "every"])
def test_every_layers_gradient_is_that_of_autograd(kind, layers, loss):
    """∂ℓ/∂h_t⁽ˡ⁾ over all paths. Autograd's c is a leaf beside h, so the path c → h is added: c.grad of one's own code."""
    made = experiment(kind, layers, loss=loss)
    trace = run(made)
    given = layer_gradient(trace)
    oracle, size = graph(made, draw_parameters(made), *batch_of(made)), made.cell.hidden_size
    for t in range(1, LENGTH + 1):
        for layer in range(layers):
            gradient = total_state_gradient(made, oracle, t, layer)
            expected = {"hidden_state": gradient[:, :size]}
            if made.cell.has_cell_state:
                o = torch.from_numpy(trace.data.gate.sel(gate_name="output_gate").values[layer, t - 1].copy())
                slope = 1 - torch.from_numpy(trace.data.cell_state.values[layer, t - 1].copy()).tanh() ** 2
                expected["cell_state"] = gradient[:, size:] + gradient[:, :size] * o * slope
            for part, of_part in expected.items():
                norms = band(of_part.norm(dim=1).log10().numpy())
                assert given.sel(part=part, time=t).values[:, layer] == pytest.approx(norms, abs=EXACT)


@every_cell
def test_the_layers_states_make_up_the_whole_state(kind):
    """s = (h, c) of all layers are independent coordinates: ‖∂ℓ/∂s_t‖² is the sum over layers."""
    data = run(experiment(kind, 3)).data
    total = 0.5 * np.log10((10 ** (2 * data.layer_state_grad_log10_norm.values)).sum(0))
    assert total == pytest.approx(data.state_grad_log10_norm.values, abs=EXACT)


@every_cell
def test_at_the_loss_a_lower_layer_is_no_coordinate_of_its_own(kind):
    """All that h_T of layer 1 does is already in layer 2 at the same step; counted over every path it has a gradient."""
    given = layer_gradient(run(experiment(kind, 2)))
    assert np.isneginf(given.sel(part="state", time=LENGTH).values[:, 0]).all()
    assert np.isfinite(given.sel(part="hidden_state", time=LENGTH).values).all()
    assert np.isfinite(given.sel(time=slice(1, LENGTH - 2)).values).all()


@every_cell
def test_the_top_layer_is_what_gradient_flow_shows(kind):
    from rnnviz.diagnostics import gradient_flow

    trace = run(experiment(kind, 2))
    flow, layers = gradient_flow(trace), layer_gradient(trace)
    for part in ("hidden_state", "cell_state")[: 1 + trace.experiment.cell.has_cell_state]:
        assert np.array_equal(flow.sel(part=part).values, layers.sel(part=part).values[:, -1])


def test_what_float32_loses_is_still_exact():
    """One unit of tanh and no input: h stays 0, so ∂ℓ/∂h_t⁽²⁾ = g^(T−t) ∂ℓ/∂h_T — 10^(−300) at g = 0.1."""
    from rnnviz.cells import Elman

    made = Experiment(
        task=Noise(sequence_length=301, variance=0.0), cell=Elman(hidden_size=1, layers=2), dtype="float32",
        batch_size=1, initializer=Orthogonal(scale=Gain(gain=0.1)),
    )  # fmt: skip
    top = layer_gradient(run(made)).sel(part="hidden_state", band="median").values[1]
    assert top[0] - top[-1] == pytest.approx(-300.0, abs=300 * 2**-24)
