"""Experiment in, Trace out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rnnviz.cells import Cell, State
from rnnviz.cells.kernel import Kernel
from rnnviz.cells.tangent import push_forward
from rnnviz.engine.budget import BY_NAME, ITEMISED, ROUNDED, check_budget
from rnnviz.engine.data import draw_batch
from rnnviz.engine.itemised import MEASURES, itemise, truncated
from rnnviz.engine.jacobians import state_jacobians, state_products
from rnnviz.engine.judged import judged
from rnnviz.engine.lyapunov import frame_growth
from rnnviz.engine.network import DTYPES, draw_parameters, layer_parameters, loss_gradient
from rnnviz.engine.norms import log10_norm
from rnnviz.engine.passes import Tick, backward, first_overflow, forward, nothing, true_value
from rnnviz.engine.rounded import FORMATS, rounded_norms
from rnnviz.engine.shares import MATRICES, share_sums
from rnnviz.engine.training import trained
from rnnviz.engine.workspace import Workspace
from rnnviz.experiment import Experiment
from rnnviz.quantities import QUANTITIES
from rnnviz.tasks import Batch
from rnnviz.trace import COMPLETED, Outcome, Trace

EVERYTHING = tuple(name for name in QUANTITIES if name not in BY_NAME)
STEPS_AT_ONCE = 64  # of what is redone: all gates of all steps would be several times what the passes keep
SHARES_OF_STEPS = ("weight_hh_grad_share", "weight_ih_grad_share", "weight_ih_grad_share_above")
SHARE_SUMS = ("weight_grad_share_log10_norm", "weight_grad_tail_log10_norm", "weight_grad_share_projection")
GRADIENTS = {name for name in QUANTITIES if "_grad" in name} - ROUNDED


def run(
    experiment: Experiment,
    *,
    record: Iterable[str] = EVERYTHING,
    example: int = 0,
    parameters: Mapping[str, Tensor] | None = None,
    tick: Tick = nothing,
    workspace: Workspace | None = None,
) -> Trace:
    """One forward and backward pass with everything logged, through the trained network if the experiment has a training.

    `record` names the quantities to keep, by default all but the itemised and the rounded ones; `example` is the one
    whose Jacobians and input sums are formed. `parameters`, under PyTorch's names, replaces the drawn weights: a
    state_dict of nn.RNN, nn.LSTM or nn.GRU (a readout is drawn if it has none).
    `tick(progress)` is called between steps and may raise to stop. Raises OverBudget before any work.
    With a `workspace` the arrays of the trace are lent: they change with the next run that is given the same one.
    """
    record = frozenset(record)
    check_budget(experiment, itemised=bool(record & ITEMISED))
    if unknown := sorted(record - set(QUANTITIES)):
        raise ValueError(f"record has no {unknown[0]!r}; the quantities are {', '.join(QUANTITIES)}")
    if not 0 <= example < experiment.batch_size:
        raise ValueError(f"example must be from 0 to {experiment.batch_size - 1}; got {example}")
    with torch.no_grad():
        given = {name: value.to(DTYPES[experiment.dtype]) for name, value in (parameters or {}).items()}
        weights = trained(experiment, replaced(draw_parameters(experiment), given), tick)
        batch = draw_batch(experiment)
        return Recorder(experiment, weights, batch, record, example, workspace).trace(tick)


def replaced(drawn: dict[str, Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The given parameters before the drawn ones. A layer given without biases (bias=False in PyTorch) has none.

    Raises ValueError for a name that this network does not have, or another shape: a drawn one would pass for the user's.
    """
    for name, value in given.items():
        if name not in drawn:
            raise ValueError(f"parameters has no {name!r}; the names here are {', '.join(drawn)}")
        if value.shape != drawn[name].shape:
            raise ValueError(f"{name} must have shape {tuple(drawn[name].shape)}; got {tuple(value.shape)}")
    layers = [name.removeprefix("weight_hh") for name in given if name.startswith("weight_hh")]
    biases = {f"{kind}{layer}" for layer in layers for kind in ("bias_ih", "bias_hh")}
    return {name: value for name, value in drawn.items() if name not in biases} | given


class Recorder:
    """One pass, and the named arrays that were asked of it."""

    def __init__(
        self,
        experiment: Experiment,
        weights: Mapping[str, Tensor],
        batch: Batch,
        wanted: frozenset[str],
        example: int,
        workspace: Workspace | None,
    ):
        self.experiment, self.weights, self.batch = experiment, weights, batch
        self.wanted, self.example, self.workspace = wanted, example, workspace
        self.arrays: dict[str, Tensor | np.ndarray] = {}
        self.coords: dict[str, np.ndarray | list[str]] = {}

    def trace(self, tick: Tick) -> Trace:
        e = self.experiment
        inputs = self.batch.inputs.to(DTYPES[e.dtype]).transpose(1, 2)
        layers = forward(e.cell, self.weights, inputs, workspace=self.workspace)
        outcome, overflow = COMPLETED, first_overflow(layers)
        if overflow:
            time, quantity = overflow
            outcome = Outcome("diverged", quantity, time, e.dtype)
            inputs = inputs[: time - 1]  # everything before it is kept
            layers = forward(e.cell, self.weights, inputs) if time > 1 else []
        if layers:
            self.keep_states(layers, inputs)
            self.keep_adjoints(layers, inputs, tick)
            self.keep_jacobians(layers, tick)
            self.keep_itemised(len(inputs), tick)
        return Trace(e, outcome, self.dataset(len(inputs)))

    def keep(self, name: str, array: Tensor | np.ndarray) -> None:
        if name in self.wanted:
            self.arrays[name] = array

    def keep_states(self, layers: Sequence[Kernel], inputs: Tensor) -> None:
        self.keep("input", inputs.transpose(1, 2))
        self.keep("weight_hh", torch.stack([layer.weight_hh for layer in layers]))
        for name in self.wanted & {"bias_ih", "bias_hh"}:
            self.keep(name, torch.stack([layer_parameters(self.weights, k)[name] for k in range(len(layers))]))
        if "input_sum" in self.wanted:
            self.keep("input_sum", torch.stack([layer.input_sum(self.example) for layer in layers]))
        self.keep("hidden_state", by_unit(layer.hidden for layer in layers))
        if self.experiment.cell.has_cell_state and "cell_state" in self.wanted:
            self.keep("cell_state", by_unit(layer.cell_states for layer in layers))
        if "gate" in self.wanted:
            self.keep("gate", stacked([layer.gates for layer in layers]).transpose(3, 4))
        if "activation_slope" in self.wanted:
            self.keep("activation_slope", by_unit(layer.activation_slope for layer in layers))
        if "pre_activation" in self.wanted:
            self.keep("pre_activation", pre_activations(self.experiment.cell, self.weights, inputs, layers))

    def keep_adjoints(self, layers: Sequence[Kernel], inputs: Tensor, tick: Tick) -> None:
        length = layers[0].time
        answers = judged(self.experiment, self.batch.lengths, length)
        steps = answers.steps
        if not steps:  # diverged before the loss: there is no gradient to report
            return
        gradient, loss = loss_gradient(
            self.weights,
            layers[-1].hidden[steps.start - 1 : steps.stop - 1],
            self.batch.targets[steps.start - 1 : steps.stop - 1],
            self.experiment.task.judgement,
        )
        self.keep("loss", padded(answers.only(loss), steps, length))
        if self.wanted & ROUNDED:
            self.keep_rounded(layers, inputs, steps, answers.weigh(gradient), tick)
        if self.wanted & GRADIENTS:
            exponents = backward(layers, steps, answers.weigh(gradient), tick)
            self.keep_gradients(layers, exponents)
            self.keep_share_sums(layers, exponents, tick)

    def keep_gradients(self, layers: Sequence[Kernel], exponents: Tensor) -> None:
        scale = exponents if exponents.any() else None
        hidden = [layer.hidden_adjoint for layer in layers]
        cells = [layer.cell_state_adjoint for layer in layers if layer.cell_state_adjoint is not None]
        if "state_grad_log10_norm" in self.wanted:
            parts = [part for layer in layers for part in layer.state_adjoint]
            self.keep("state_grad_log10_norm", log10_norm(parts, exponents))
        if "layer_state_grad_log10_norm" in self.wanted:
            norms = [log10_norm(layer.state_adjoint, exponents) for layer in layers]
            self.keep("layer_state_grad_log10_norm", np.stack(norms))
        for name, parts in (("hidden_state_grad", hidden), ("cell_state_grad", cells)):
            if parts and f"{name}_log10_norm" in self.wanted:
                self.keep(f"{name}_log10_norm", np.stack([log10_norm([part], exponents) for part in parts]))
            if parts and name in self.wanted:
                self.keep(name, by_unit(true_value(part, scale) for part in parts))
        if "input_grad" in self.wanted:
            self.keep("input_grad", true_value(layers[0].input_adjoint, scale).transpose(1, 2))
        if self.wanted & set(SHARES_OF_STEPS):
            shares = [layer.weight_shares(scale, 1 / layer.columns) for layer in layers]
            (_, lowest), *above = shares
            self.keep("weight_hh_grad_share", stacked([hh for hh, _ in shares]))
            self.keep("weight_ih_grad_share", lowest)
            if above:
                self.keep("weight_ih_grad_share_above", stacked([ih for _, ih in above]))

    def keep_rounded(
        self, layers: Sequence[Kernel], inputs: Tensor, steps: range, gradient: Tensor, tick: Tick
    ) -> None:
        found = rounded_norms(self.experiment.cell, self.weights, layers, inputs, steps, gradient, tick)
        self.keep("rounded_grad_log10_norm", found.norm)
        self.keep("rounded_grad_log10_largest", found.largest)
        self.coords["precision"] = list(FORMATS)

    def keep_share_sums(self, layers: Sequence[Kernel], exponents: Tensor, tick: Tick) -> None:
        if self.wanted & set(SHARE_SUMS):
            for name, sums in zip(SHARE_SUMS, share_sums(layers, exponents, 1 / layers[0].columns, tick), strict=True):
                self.keep(name, sums)

    def keep_jacobians(self, layers: Sequence[Kernel], tick: Tick) -> None:
        if "jacobian" in self.wanted:
            self.keep("jacobian", state_jacobians(layers, self.example))
        if self.wanted & {"jacobian_product", "jacobian_product_log10_scale"}:
            product, scale = state_products(layers, self.example, tick)
            self.keep("jacobian_product", product)
            self.keep("jacobian_product_log10_scale", scale)
        if "tangent_growth" in self.wanted:
            push, state = push_forward(layers, self.example), self.experiment.cell.state_size * len(layers)
            growth, self.coords["window"] = frame_growth(push, layers[0].time, state, tick=tick)
            self.keep("tangent_growth", growth)

    def keep_itemised(self, length: int, tick: Tick) -> None:
        if not self.wanted & ITEMISED:
            return
        e, one = self.experiment, slice(self.example, self.example + 1)
        inputs = self.batch.inputs[:length, one].to(DTYPES[e.dtype])
        batch = Batch(inputs, self.batch.targets[:length, one])
        made = itemise(e.cell, self.weights, batch, e.task.judgement, tick)
        parts = [part for layer in made.layers for part in layer.state_adjoint]
        self.keep("itemised_log10_norm", log10_norm(parts, made.exponents).T)
        if "truncated_gradient" in self.wanted:
            weights = judged(e, self.batch.lengths, length).weights(length, self.example)
            self.keep("truncated_gradient", truncated(e.cell, self.weights, made, weights, tick))
            self.coords["measure"] = list(MEASURES)

    def dataset(self, length: int) -> xr.Dataset:
        variables = {
            name: (
                QUANTITIES[name].dims,
                array.numpy() if isinstance(array, Tensor) else array,
                QUANTITIES[name].attributes,
            )
            for name, array in self.arrays.items()
        }
        names = {"gate_name": list(self.experiment.cell.gate_names), "matrix": list(MATRICES)}
        above = np.arange(1, self.experiment.cell.layers)
        coords = {"time": np.arange(1, length + 1), "layer_above": above, **names, **self.coords}
        used = {dim for dims, *_ in variables.values() for dim in dims}
        return xr.Dataset(
            variables,
            {name: values for name, values in coords.items() if name in used},
            {"experiment": self.experiment.key, "example": self.example},
        )


def stacked(layers: list[Tensor]) -> Tensor:
    return layers[0][None] if len(layers) == 1 else torch.stack(layers)


def by_unit(layers: Iterable[Tensor | None]) -> Tensor:
    """(layer, time, example, unit) from each layer's (time, unit, example), without a copy for a single layer."""
    return stacked([layer for layer in layers if layer is not None]).transpose(2, 3)


def pre_activations(cell: Cell, weights: Mapping[str, Tensor], inputs: Tensor, layers: Sequence[Kernel]) -> Tensor:
    """What φ squashes into the candidate, (layer, time, example, unit): a step's candidate where φ is the identity.

    The passes keep φ(a_t) in the place of a_t, so each step is redone from its recorded state, many at once.
    """
    linear, at = cell.model_copy(update={"activation": "identity"}), cell.gate_names.index("candidate")
    found, below = [], inputs
    for k, layer in enumerate(layers):
        before = [part for part in (layer.hidden, layer.cell_states) if part is not None]
        sequences = [below, *(torch.cat([torch.zeros_like(part[:1]), part[:-1]]) for part in before)]
        blocks = zip(*(torch.split(sequence.mT, STEPS_AT_ONCE) for sequence in sequences), strict=True)
        parameters = layer_parameters(weights, k)
        found.append(torch.cat([linear.step(parameters, x, State(*state))[1][at] for x, *state in blocks]))
        below = layer.hidden
    return stacked(found)


def padded(loss: Tensor, steps: range, length: int) -> Tensor:
    """(time, example) with NaN where nothing is judged."""
    whole = loss.new_full((length, loss.shape[1]), torch.nan)
    whole[steps.start - 1 : steps.stop - 1] = loss
    return whole
