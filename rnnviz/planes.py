"""Two parameters varied at once: the axes of a phase diagram, and the study of all the networks on it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np

from rnnviz.activations import ActivationName
from rnnviz.cells import LSTM, Elman, ForgetBias
from rnnviz.choice import Word
from rnnviz.experiment import Experiment, Study
from rnnviz.initializers import Gain, Gaussian
from rnnviz.tasks import Impulse, Noise

PlaneName = Literal["variance", "forget_bias", "activation", "size"]
ResolutionName = Literal["coarse", "medium", "fine"]

WHITE_FEATURES = 64  # inputs that are as good as independent from unit to unit, as mean-field theory has them
# What a map is of where nobody says otherwise: wide enough that λ₁ is that of theory within .02, long enough for λ₁ to
# settle, and small enough that the whole map takes seconds.
BASE = Experiment(
    task=Noise(sequence_length=300, variance=0.25, features=WHITE_FEATURES),
    cell=Elman(hidden_size=100),
    initializer=Gaussian(scale=Gain()),
    batch_size=4,
)


class Axis(NamedTuple):
    """One parameter: its values, what they change in an experiment, and which of them an experiment has.

    name    its words are under `parameter.<name>`
    values  of a map of medium resolution
    spread  "even": in equal steps, "log": in equal factors, whole numbers; "words": one after the other
    of      the value of an experiment; None where it has no such parameter
    """

    name: str
    symbol: str
    values: tuple[Word, ...]
    spread: Literal["even", "log", "words"]
    words: Callable[[Word], Mapping[str, Word]]
    of: Callable[[Experiment], Word | None]

    def at(self, resolution: ResolutionName) -> tuple[Word, ...]:
        """Every second of the values, all of them, or as many again in between."""
        if self.spread == "words" or resolution == "medium":
            return self.values
        if resolution == "coarse":
            return self.values[::2]
        places = [self.place(value) for value in self.values]
        between = [0.5 * (a + b) for a, b in itertools.pairwise(places)]
        return tuple(self.value(place) for place in sorted([*places, *between]))

    def place(self, value: Word) -> float:
        """Where on the axis a value stands: itself, its log₁₀, or its number among the words."""
        if self.spread == "words":
            return float(self.values.index(value))
        return math.log10(float(value)) if self.spread == "log" else float(value)

    def value(self, place: float) -> Word:
        """The value at a place."""
        if self.spread == "words":
            return self.values[min(max(round(place), 0), len(self.values) - 1)]
        return round(10**place) if self.spread == "log" else round(place, 4)


def even(low: float, high: float, count: int) -> tuple[float, ...]:
    return tuple(float(value) for value in np.linspace(low, high, count).round(4))


def factors(low: int, high: int, count: int) -> tuple[int, ...]:
    return tuple(int(value) for value in np.geomspace(low, high, count).round())


# — the parameters —


def gain_of(experiment: Experiment) -> float | None:
    scale = experiment.initializer.scale
    return scale.gain if isinstance(scale, Gain) else None


def variance_words(value: Word) -> Mapping[str, Word]:
    """Without input a network begins at a random state: at rest a chaotic one would stay for ever."""
    return {"task": "noise", "task.variance": value} if value else {"task": "impulse"}


def variance_of(experiment: Experiment) -> float | None:
    task = experiment.task
    return task.variance if isinstance(task, Noise) else 0.0 if isinstance(task, Impulse) else None


def forget_bias_of(experiment: Experiment) -> float | None:
    cell = experiment.cell
    return cell.forget_bias.value if isinstance(cell, LSTM) and isinstance(cell.forget_bias, ForgetBias) else None


def gains(low: float, high: float, count: int) -> Axis:
    words = lambda value: {"initializer.scale": "gain", "initializer.scale.gain": value}  # noqa: E731
    return Axis("gain", "g", even(low, high, count), "even", words, gain_of)


VARIANCE = Axis("variance", "s²", even(0.0, 1.6, 17), "even", variance_words, variance_of)
FORGET_BIAS = Axis(
    "forget_bias", "b<sub>f</sub>", even(-2.0, 6.0, 17), "even",
    lambda value: {"cell": "lstm", "cell.forget_bias": "constant", "cell.forget_bias.value": value}, forget_bias_of,
)  # fmt: skip
ACTIVATION = Axis(
    "activation", "φ", get_args(ActivationName), "words", lambda value: {"cell.activation": value},
    lambda experiment: experiment.cell.activation,
)  # fmt: skip
SIZE = Axis(
    "hidden_size", "H", factors(4, 128, 11), "log", lambda value: {"cell.hidden_size": value},
    lambda experiment: experiment.cell.hidden_size,
)  # fmt: skip
LENGTH = Axis(
    "sequence_length", "T", factors(10, 1000, 13), "log", lambda value: {"task.sequence_length": value},
    lambda experiment: experiment.task.sequence_length,
)  # fmt: skip


class Plane(NamedTuple):
    """`across` runs to the right and `up` upwards."""

    across: Axis
    up: Axis

    def words(self, across: Word, up: Word) -> dict[str, Word]:
        """What the network at this point changes in the experiment that the map is of."""
        return {**self.across.words(across), **self.up.words(up)}

    def at(self, experiment: Experiment) -> tuple[Word, Word] | None:
        """Where an experiment lies; None where it lacks one of the two."""
        across, up = self.across.of(experiment), self.up.of(experiment)
        return None if across is None or up is None else (across, up)

    def study(self, base: Experiment, resolution: ResolutionName) -> Study:
        """Every network of the map, row by row from below; `column-row` names one."""
        return Study.of(
            base,
            {
                f"{column}-{row}": self.words(across, up)
                for row, up in enumerate(self.up.at(resolution))
                for column, across in enumerate(self.across.at(resolution))
            },
        )


PLANES: Mapping[PlaneName, Plane] = {
    "variance": Plane(gains(0.5, 2.5, 21), VARIANCE),
    "forget_bias": Plane(gains(0.4, 4.0, 19), FORGET_BIAS),
    "activation": Plane(gains(0.4, 4.0, 37), ACTIVATION),
    "size": Plane(SIZE, LENGTH),
}
