"""Which theory holds for an experiment, as named curves: `theory.<name>` in the catalogue says formula, source and domain.

Nothing is given where nothing holds: a curve that is not of this network would be a claim and not a check.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnviz import theory
from rnnviz.cells import Elman
from rnnviz.experiment import Experiment
from rnnviz.initializers import Gain, Gaussian, NaturalScale, Orthogonal
from rnnviz.tasks import Impulse, Noise
from rnnviz.text import Text

WHITE = 16  # features from which on the input is as good as white across units; with one all hear the same number


class Prediction(NamedTuple):
    """A named curve: exponents by rank, or the first of them alone; or log₁₀ over the lag."""

    name: str
    values: np.ndarray

    def title(self, text: Text) -> str:
        return text(f"theory.{self.name}.name")

    def label(self, text: Text) -> str:
        """Name and formula."""
        return f"{self.title(text)}, {text(f'theory.{self.name}.formula')}"


def one_vanilla_layer(experiment: Experiment) -> bool:
    return isinstance(experiment.cell, Elman) and experiment.cell.layers == 1


def gain_of(experiment: Experiment, kind: type = Gaussian) -> float | None:
    """g where W_hh is drawn by this initializer at a known gain; None elsewhere, and for W_hh = 0."""
    initializer = experiment.initializer
    if not isinstance(initializer, kind) or not isinstance(initializer.scale, Gain | NaturalScale):
        return None
    return (initializer.scale.gain if isinstance(initializer.scale, Gain) else 1.0) or None


def drive_of(experiment: Experiment) -> float | None:
    """s², the variance that the input adds to every unit, where it is white across units, or its size does not matter."""
    task, activation = experiment.task, experiment.cell.activation
    if isinstance(task, Impulse):
        return 0.0
    if isinstance(task, Noise) and (task.features >= WHITE or activation in ("relu", "identity")):
        return task.variance
    return None


def of_exponents(experiment: Experiment, untied: bool = False) -> Prediction | None:
    """The Lyapunov exponents; `untied` of the same network with its weights drawn anew at every step."""
    cell, gain, drive = experiment.cell, gain_of(experiment), drive_of(experiment)
    if not one_vanilla_layer(experiment) or gain is None:
        return None
    if cell.activation == "identity" and untied:
        return Prediction("newman", theory.newman_exponents(gain, cell.hidden_size))
    at_rest = cell.activation == "tanh" and isinstance(experiment.task, Impulse) and gain < 1
    if cell.activation == "identity" or (at_rest and not untied):
        return Prediction("circular_law", theory.circular_law_exponents(gain, cell.hidden_size))
    if drive is None:
        return None
    return Prediction("mean_field", np.array([theory.mean_field_exponent(cell.activation, gain, drive)]))


def of_products(experiment: Experiment, sigma: float, lags: np.ndarray) -> list[Prediction]:
    """log₁₀ of ‖∂s_T/∂s_t‖ over the lag, or of the root mean square of all σ; σ = σ₁(W_hh)."""
    if not one_vanilla_layer(experiment) or not sigma:
        return []
    activation, slope = experiment.cell.activation, experiment.cell.phi.largest_slope
    rotation = gain_of(experiment, Orthogonal)
    if activation == "identity" and rotation:
        return [Prediction("orthogonal", np.array([theory.orthogonal_norm(rotation, int(lag)) for lag in lags]))]
    found = [Prediction("pascanu", np.array([theory.pascanu_bound(slope, sigma, int(lag)) for lag in lags]))]
    gain, drive = gain_of(experiment), drive_of(experiment)
    if gain and activation == "identity":
        norms = np.array([theory.power_norm(gain, int(lag)) for lag in lags])
        found.append(Prediction("power", np.where(lags**2 <= experiment.cell.hidden_size, norms, np.nan)))
    elif gain and drive is not None:
        growth = theory.mean_field_exponent(activation, gain, drive) / math.log(10)
        found += [Prediction("mean_field_product", lags * growth)] if math.isfinite(growth) else []
    return found


def about(predictions: Sequence[Prediction], text: Text) -> str:
    """Formula, source and domain of what is drawn, a sentence for each."""
    return " ".join(text(f"theory.{each.name}.about") for each in predictions)
