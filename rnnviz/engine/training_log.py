"""What is written down of every update, and of some of them in more detail."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rnnviz.engine.gradients import Flow, Pass
from rnnviz.engine.jacobians import largest_singular_values
from rnnviz.engine.norms import BAND, band
from rnnviz.experiment import Experiment
from rnnviz.initializers import spectral_radius
from rnnviz.quantities import TRAINING_QUANTITIES

Array = np.ndarray[Any, Any]

SNAPSHOTS = 200  # of a whole training, unless told otherwise
SATURATED = 0.1  # a gate below it or above 1 − it, as in Karpathy, Johnson & Li (2015)
SPECTRA_APART = 10  # updates, about: eigenvalues cost a third of an update, and W_hh hardly moves in between
LARGEST_SPECTRUM = 128  # units; the eigenvalues of a larger W_hh cost more than the update itself


class TrainingLog:
    """Arrays by name, one row an update or a snapshot; a row that was never reached is not there in the dataset.

    Only what lies here is kept: an update costs a few hundred bytes, a snapshot a few numbers per time step.
    """

    def __init__(self, experiment: Experiment, parameters: tuple[str, ...], every: int | None = None):
        self.experiment, self.parameters = experiment, parameters
        self.updates = experiment.training.updates
        self.every = every or max(1, self.updates // SNAPSHOTS)
        self.rows: dict[str, Array] = {}
        self.snapshots: list[int] = []
        nothing = experiment.baseline()  # written down too, so that whoever draws this needs neither task nor torch
        self.baseline = {"baseline_loss": nothing.loss}
        if nothing.accuracy is not None:
            self.baseline["baseline_accuracy"] = nothing.accuracy

    def is_snapshot(self, update: int) -> bool:
        return update % self.every == 0 or update == self.updates - 1

    def has_spectra(self, update: int) -> bool:
        """Of the snapshots in ten updates the first has; the others keep NaN in their place."""
        return update % SPECTRA_APART < self.every or update == self.updates - 1

    # — every update —

    def write(self, update: int, values: Mapping[str, float | Array | None]) -> None:
        for name, value in values.items():
            if value is not None:
                self.row(name, self.updates, np.shape(value))[update] = value

    def row(self, name: str, count: int, shape: tuple[int, ...]) -> Array:
        if name not in self.rows:
            self.rows[name] = np.full((count, *shape), np.nan)
        return self.rows[name]

    # — snapshots —

    def snapshot(self, update: int, made: Pass, flow: Flow) -> None:
        """Before the update is made: the layers still hold what they computed, and the weights are theirs."""
        most = len(range(0, self.updates, self.every)) + 1
        place = len(self.snapshots)
        self.snapshots.append(update)
        for name, value in {
            "gradient_profile": band(flow.log10_norm),
            **gates(made),
            **(spectra(made) if self.has_spectra(update) else {}),
            **sample(made),
        }.items():
            self.row(name, most, value.shape)[place] = value

    # — all of it —

    def arrays(self) -> dict[str, Array]:
        return {**self.rows, "snapshots": np.array(self.snapshots, dtype=np.int64)}

    def restore(self, arrays: Mapping[str, Array]) -> None:
        self.rows = {name: array.copy() for name, array in arrays.items() if name != "snapshots"}
        self.snapshots = arrays["snapshots"].tolist()

    def dataset(self, update: int) -> xr.Dataset:
        """The rows of the first so many updates, with names for every dimension."""
        reached = {"update": update, "snapshot": len(self.snapshots)}
        variables = {}
        for name, quantity in TRAINING_QUANTITIES.items():
            if name in self.rows:
                rows = self.rows[name][: reached[quantity.dims[0]]]
                variables[name] = (quantity.dims, rows, quantity.attributes)
        coords = {
            "update": np.arange(update),
            "snapshot": np.array(self.snapshots),
            "time": np.arange(1, self.experiment.task.sequence_length + 1),
            "band": list(BAND),
            "gate_name": list(self.experiment.cell.gate_names),
            "parameter": list(self.parameters),
        }
        used = {dim for dims, *_ in variables.values() for dim in dims}
        return xr.Dataset(
            variables,
            {name: values for name, values in coords.items() if name in used},
            {"experiment": self.experiment.key, "example": 0, **self.baseline},  # example: whose answers are kept
        )


def gates(made: Pass) -> dict[str, Array]:
    """Mean and saturated share of every gate over time, units and examples, (layer, gate).

    A sigmoid gate is saturated within 0.1 of 0 or 1. The candidate is where its slope φ′ is below a tenth of the
    largest: for a ReLU that is where it is off.
    """
    names = made.experiment.cell.gate_names
    candidate, phi = names.index("candidate"), made.experiment.cell.phi
    means, saturated = [], []
    for layer in made.layers:
        values = layer.gates
        means.append(values.mean((0, 2, 3)).numpy())
        far = values.numpy() < SATURATED  # NumPy compares in a seventh of the time of torch
        far |= values.numpy() > 1 - SATURATED
        far[:, candidate] = phi.slope(values[:, candidate]).numpy() < SATURATED * phi.largest_slope
        saturated.append(np.array([np.count_nonzero(gate) / gate.size for gate in far.swapaxes(0, 1)]))
    return {"gate_mean": np.stack(means), "gate_saturation": np.stack(saturated)}


def spectra(made: Pass) -> dict[str, Array]:
    """ρ and σ₁ of every gate's block of W_hh, (layer, gate); ρ only up to 128 units."""
    size = made.experiment.cell.hidden_size
    blocks = torch.stack([layer.weight_hh.view(-1, size, size) for layer in made.layers])
    found = {"singular_value": largest_singular_values(blocks).numpy()}
    if size <= LARGEST_SPECTRUM:
        radii = [radius(block) for block in blocks.flatten(0, 1)]
        found["spectral_radius"] = np.array(radii).reshape(blocks.shape[:2])
    return found


def radius(block: Tensor) -> float:
    return spectral_radius(block) if torch.isfinite(block).all() else math.nan


def sample(made: Pass) -> dict[str, Array]:
    """What the network says now of the first example at every step, and what it should: a class, or the first number."""
    p, hidden = made.parameters, made.layers[-1].hidden[:, :, 0]
    outputs, targets = hidden @ p["weight_hy"].T + p["bias_hy"], made.batch.targets[:, 0]
    classes = made.experiment.task.judgement == "cross_entropy"
    said = outputs.argmax(-1) if classes else outputs[:, 0]
    wanted = targets if classes else targets[:, 0]
    return {"answer": said.double().numpy(), "target": wanted.double().numpy()}
