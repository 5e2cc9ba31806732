"""The numbers of a phase diagram: which cell stands where, what state it is in, and where the border runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from rnnviz import theory
from rnnviz.activations import ActivationName
from rnnviz.choice import Word
from rnnviz.experiment import Experiment
from rnnviz.figures.figure import Result, Results
from rnnviz.figures.predictions import drive_of, gain_of, one_vanilla_layer
from rnnviz.figures.survival import KEPT_WELL
from rnnviz.planes import Axis, Plane
from rnnviz.precision import PRECISIONS

ColourName = Literal["exponent", "kept"]
State = Literal["value", "below", "zero", "diverged", "waiting", "failed"]
STRONGEST = 4.0  # the largest input variance that can be chosen


def unfinished(experiment: Experiment, outcome: Literal["waiting", "failed"]) -> Result:
    """A network of the map that is not computed yet, or could not be."""
    attributes = {"outcome": outcome, "overflow_time": 0, "example": 0, "experiment": experiment.key}
    return Result(experiment, xr.Dataset(attrs={**attributes, "dtype": experiment.dtype}))


class Point(NamedTuple):
    """One network: λ₁ in nepers per step, its mean and standard deviation over examples, and what is left in decades."""

    result: Result
    across: Word
    up: Word
    exponent: float
    deviation: float
    kept: float
    state: State

    @property
    def sure(self) -> float:
        """How far λ₁ may lie from its mean: two standard errors, and the 1/steps that turning directions leave behind."""
        experiment = self.result.experiment
        steps = 5 / 8 * experiment.task.sequence_length
        return 2 * self.deviation / experiment.batch_size**0.5 + 1 / steps

    def value(self, colour: ColourName) -> float:
        return self.exponent if colour == "exponent" else self.kept


def point_of(result: Result, plane: Plane, colour: ColourName) -> Point | None:
    """None for a network that lacks a parameter of the plane."""
    place, variables = plane.at(result.experiment), result.data.variables
    if place is None:
        return None
    rates = variables["gradient_rate"].values if "gradient_rate" in variables else np.empty(0)
    kept = float(variables["gradient_kept"].values) if "gradient_kept" in variables else math.nan
    finite = rates[np.isfinite(rates)]
    exponent = float(finite.mean()) if len(finite) else -math.inf if np.isneginf(rates).any() else math.nan
    deviation = float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
    return Point(result, *place, exponent, deviation, kept, state_of(result, exponent, kept, colour))


def state_of(result: Result, exponent: float, kept: float, colour: ColourName) -> State:
    outcome: str = result.data.attrs["outcome"]
    if outcome in ("waiting", "failed", "diverged"):
        return outcome  # type: ignore[return-value]
    value = exponent if colour == "exponent" else kept
    if math.isnan(value):
        return "failed"
    if math.isinf(value):
        return "zero"
    return "below" if colour == "kept" and kept < PRECISIONS[result.experiment.dtype].least else "value"


class Map:
    """The points of all results that lie in the plane, by row and column."""

    def __init__(self, results: Results, plane: Plane, colour: ColourName):
        found = [point_of(result, plane, colour) for result in results.values()]
        self.plane, self.colour = plane, colour
        self.points = [point for point in found if point is not None]
        self.columns = ordered(plane.across, [point.across for point in self.points])
        self.rows = ordered(plane.up, [point.up for point in self.points])

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points)

    @property
    def x(self) -> np.ndarray:
        return np.array([self.plane.across.place(value) for value in self.columns])

    @property
    def y(self) -> np.ndarray:
        return np.array([self.plane.up.place(value) for value in self.rows])

    def of_state(self, *states: State) -> list[Point]:
        return [point for point in self.points if point.state in states]

    @cached_property
    def index(self) -> dict[tuple[Word, Word], tuple[int, int]]:
        """(across, up) -> (row, column)."""
        return {(x, y): (j, i) for j, y in enumerate(self.rows) for i, x in enumerate(self.columns)}

    @cached_property
    def values(self) -> np.ndarray:
        """λ₁ or decades, (row, column); NaN where there is no number."""
        values = np.full((len(self.rows), len(self.columns)), np.nan)
        for point in self.of_state("value", "below"):
            values[self.index[point.across, point.up]] = point.value(self.colour)
        return values

    def borders(self) -> np.ndarray:
        """Per row, the place on the axis across where a row of small values becomes one of large ones; NaN for none.

        Zero of λ₁, or of the decades that are left, between two neighbours, on the straight line between them.
        """
        return np.array([crossing(self.x, row) for row in self.values]) if len(self.points) else np.empty(0)

    def theory(self) -> np.ndarray:
        """Per row, where mean field puts the border; NaN where none holds, or it lies off the map."""
        if self.plane.across.name != "gain":
            return np.full(len(self.rows), np.nan)
        first = {point.up: point.result.experiment for point in reversed(self.points)}
        return np.array([critical_gain(first[up]) for up in self.rows])


def ordered(axis: Axis, values: list[Word]) -> list[Word]:
    return sorted(set(values), key=axis.place)


def crossing(x: np.ndarray, row: np.ndarray) -> float:
    rises = np.flatnonzero((row[:-1] < 0) & (row[1:] >= 0))
    if not len(rises):
        return math.nan
    k = int(rises[-1])
    return float(x[k] + (x[k + 1] - x[k]) * -row[k] / (row[k + 1] - row[k]))


# — what mean field says —


def in_mean_field(experiment: Experiment) -> float | None:
    """s² where the theory holds for this network whatever its gain: one vanilla layer, Gaussian, white input or none."""
    if not one_vanilla_layer(experiment) or gain_of(experiment) is None:
        return None
    return drive_of(experiment)


def critical_gain(experiment: Experiment) -> float:
    drive = in_mean_field(experiment)
    if drive is None:
        return math.nan
    gains, drives = critical_line(experiment.cell.activation)
    return float(np.interp(drive, drives, gains, left=math.nan))


@cache
def critical_line(activation: ActivationName) -> tuple[np.ndarray, np.ndarray]:
    return theory.critical_line(activation, STRONGEST)


def horizon(experiment: Experiment) -> float:
    """T after which mean field leaves a thousandth of the gradient, χ^{T/2} = 10^−3; NaN where it does not hold, or
    nothing vanishes."""
    drive, gain = in_mean_field(experiment), gain_of(experiment)
    if drive is None or gain is None:
        return math.nan
    growth = theory.mean_field_exponent(experiment.cell.activation, gain, drive)
    return KEPT_WELL * math.log(10) / growth if growth < 0 else math.nan
