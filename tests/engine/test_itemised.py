"""Itemised and truncated backpropagation against autograd, loss by loss and graph by graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnviz.cells import GRU, LSTM, Cell, Elman
from rnnviz.diagnostics import bptt_map, truncated_gradient
from rnnviz.engine import run
from rnnviz.engine.budget import LARGEST_SIZE, OverBudget, check_study
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast, LossAtStep, Study
from rnnviz.initializers import Gain, Gaussian, Orthogonal, PyTorchDefault
from rnnviz.tasks import Noise
from rnnviz.trace import MissingQuantity
from tests.oracles import batch_of, graph, own

TIME, SIZE = 7, 4
ITEMISED = ["itemised_log10_norm", "truncated_gradient"]
CELLS = [
    kind(hidden_size=SIZE, layers=layers, **rest)
    for kind, rest in ((Elman, {}), (LSTM, {"forget_bias": 1.0}), (GRU, {}), (GRU, {"reset": "before"}))
    for layers in (1, 2)
]
every_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda c: f"{c.kind}-{getattr(c, 'reset', '')}-{c.layers}")
LOSSES = [LossAtLast(), LossAtStep(step=4), LossAtEvery()]


def made(cell: Cell, **rest) -> Experiment:
    options = {"task": Noise(sequence_length=TIME, features=2), "initializer": PyTorchDefault(), "batch_size": 3}
    return Experiment(cell=cell, **options | {"dtype": "float64"} | rest)


@every_cell
def test_every_entry_of_the_map_is_autograds_gradient_of_that_loss(cell):
    """As coordinates of the whole state: what h does through the layer above within the step belongs to that layer, so
    the oracle starts afresh at step k with the states of all layers as leaves."""
    experiment, example = made(cell), 1
    parameters, (inputs, targets) = draw_parameters(experiment), batch_of(experiment)
    states = graph(experiment, parameters, inputs, targets).states
    found = bptt_map(run(experiment, record=ITEMISED, example=example)).values
    for k in (1, 3, TIME):
        leaves = [state[example : example + 1].detach().requires_grad_() for state in states[k]]
        losses = continued(experiment, parameters, leaves, inputs, targets, k, example)
        for t in range(k, TIME + 1):
            gradients = torch.autograd.grad(losses[t - k], leaves, retain_graph=True, allow_unused=True)
            norm = sum(float((g**2).sum()) for g in gradients if g is not None) ** 0.5
            assert found[t - 1, k - 1] == pytest.approx(np.log10(norm), abs=1e-10)
    assert np.isneginf(found[np.triu_indices(TIME, 1)]).all()


def continued(experiment, parameters, leaves, inputs, targets, k, example) -> list[torch.Tensor]:
    """ℓ_k … ℓ_T from the states after step k; ℓ_k hears h_k of the top layer alone."""
    cell, losses, states = experiment.cell, [], list(leaves)
    for t in range(k, len(inputs) + 1):
        if t > k:
            x, after = inputs[t - 1, example : example + 1], []
            for layer, state in enumerate(states):
                after.append(cell.step(own(parameters, layer), x, cell.state(state))[0].flat())
                x = after[-1][:, : cell.hidden_size]
            states = after
        y = states[-1][:, : cell.hidden_size] @ parameters["weight_hy"].T + parameters["bias_hy"]
        losses.append((y - targets[t - 1, example]).square().mean())
    return losses


def truncated_by_detaching(experiment, tau: int, example: int) -> torch.Tensor:
    """∂ℓ/∂W_hh where ℓ_t sees only the steps t−τ+1 … t: the state before them is detached. One graph per loss."""
    cell, (inputs, targets) = experiment.cell, batch_of(experiment)
    leaves = {name: value.clone().requires_grad_() for name, value in draw_parameters(experiment).items()}
    states = graph(experiment, draw_parameters(experiment), inputs, targets).states
    steps, total = experiment.loss.steps(TIME), 0.0
    for t in steps:
        first = max(1, t - tau + 1)
        before = [state[example : example + 1].detach() for state in states[first - 1]]
        for k in range(first, t + 1):
            x, after = inputs[k - 1, example : example + 1], []
            for layer, state in enumerate(before):
                after.append(cell.step(own(leaves, layer), x, cell.state(state))[0].flat())
                x = after[-1][:, : cell.hidden_size]
            before = after
        y = before[-1][:, : cell.hidden_size] @ leaves["weight_hy"].T + leaves["bias_hy"]
        total = total + (y - targets[t - 1, example]).square().mean() / len(steps)
    names = [f"weight_hh_l{layer}" for layer in range(cell.layers)]
    return torch.cat([g.ravel() for g in torch.autograd.grad(total, [leaves[name] for name in names])])


@every_cell
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.kind)
def test_the_bias_of_truncation_is_that_of_detached_graphs(cell, loss):
    experiment = made(cell, loss=loss)
    found = truncated_gradient(run(experiment, record=ITEMISED, example=2))
    whole = truncated_by_detaching(experiment, TIME, 2)
    for tau in (1, 2, 5, TIME):
        part = truncated_by_detaching(experiment, tau, 2)
        at = found.sel(truncation=tau)
        assert float(at[0]) == pytest.approx(float((part - whole).norm() / whole.norm()), abs=1e-12)
        assert float(at[1]) == pytest.approx(float(part @ whole / (part.norm() * whole.norm())), abs=1e-12)
    assert float(found[0, -1]) == 0 and float(found[1, -1]) == pytest.approx(1.0, abs=1e-12)


def test_a_linear_unit_by_hand():
    """z_t = λ z_{t−1} + x_t, λ = .8, three steps: dℓ/dλ = e (z_2 + λ z_1 + λ² z_0), one term for each step back."""
    experiment = made(Elman(hidden_size=1, activation="identity"), task=Noise(sequence_length=3), batch_size=1)
    z = [0.0]
    for x in batch_of(experiment)[0][:, 0, 0].tolist():
        z.append(0.8 * z[-1] + x)
    shares, one = [z[2], 0.8 * z[1], 0.64 * z[0]], torch.ones(1, 1).double()
    given = {"weight_hh_l0": 0.8 * one, "weight_ih_l0": one, "weight_hy": one}
    found = truncated_gradient(run(experiment, record=ITEMISED, parameters=given)).values[0]
    assert found == pytest.approx([abs(sum(shares[k:]) / sum(shares)) for k in (1, 2, 3)], abs=1e-12)


def test_a_gradient_that_vanishes_far_below_float32_is_still_in_the_map():
    """An orthogonal linear network at gain g: ‖∂ℓ_t/∂h_k‖ falls by g per step of lag, exactly, here to 10^−139."""
    task, scale = Noise(sequence_length=200), Orthogonal(scale=Gain(gain=0.2))
    cell = Elman(hidden_size=3, activation="identity")
    values = bptt_map(run(made(cell, task=task, initializer=scale, dtype="float32"), record=ITEMISED)).values
    for t in (50, 199):
        row = values[t, : t + 1]
        assert row - row[-1] == pytest.approx(np.log10(0.2) * np.arange(t, -1, -1), abs=1e-4)


def test_what_was_not_asked_for_is_not_computed_and_what_is_too_large_is_refused():
    experiment = made(Elman(hidden_size=SIZE))
    assert not set(ITEMISED) & set(run(experiment).data)
    with pytest.raises(MissingQuantity, match="itemised_log10_norm was not recorded"):
        bptt_map(run(experiment))
    large = made(Elman(hidden_size=64), task=Noise(sequence_length=1000))
    with pytest.raises(OverBudget) as refused:
        run(large, record=ITEMISED)
    assert refused.value.allowed == LARGEST_SIZE and refused.value.parameter == "task.sequence_length"
    with pytest.raises(OverBudget) as refused:
        check_study(Study(base=large), ["bptt_map"])
    check_study(Study(base=large.changed({"task.sequence_length": refused.value.nearest})), ["bptt_map"])


def test_a_run_that_overflowed_has_the_losses_before_it():
    wild = {"initializer": Gaussian(scale=Gain(gain=4.0)), "dtype": "float32", "task": Noise(sequence_length=400)}
    trace = run(made(Elman(hidden_size=16, activation="identity"), **wild), record=ITEMISED)
    assert trace.outcome.state == "diverged"
    assert bptt_map(trace)["map_loss"].values[-1] == trace.outcome.time - 1
    assert np.isnan(truncated_gradient(trace).values).all()  # the loss of the last step never came
