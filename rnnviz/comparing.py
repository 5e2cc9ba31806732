"""What is trained side by side: a few changes of one base experiment, each over several seeds, at equal width or size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from rnnviz.choice import Choice, Range, Word, parameter_at
from rnnviz.experiment import Experiment, Study

CellName = Literal["elman", "lstm", "gru"]
Changes = Mapping[str, Mapping[str, Word]]
WIDTH = "cell.hidden_size"


class Comparison(Choice, ABC):
    @property
    @abstractmethod
    def arms(self) -> Changes:
        """By name, what each changes in the base experiment."""


class Cells(Comparison):
    """The three cells, all else equal."""

    kind: Literal["cells"] = Field("cells", repr=False)

    @property
    def arms(self) -> Changes:
        return {kind: {"cell": kind} for kind in ("elman", "lstm", "gru")}


class Activations(Comparison):
    """One cell with three functions φ."""

    kind: Literal["activations"] = Field("activations", repr=False)
    of: CellName = "elman"

    @property
    def arms(self) -> Changes:
        return {phi: {"cell": self.of, "cell.activation": phi} for phi in ("sigmoid", "tanh", "relu")}


class Clippings(Comparison):
    """One cell without clipping, clipped by norm and by value."""

    kind: Literal["clippings"] = Field("clippings", repr=False)
    of: CellName = "elman"

    @property
    def arms(self) -> Changes:
        return {kind: {"cell": self.of, "training.clipping": kind} for kind in ("none", "norm", "value")}


class ForgetBiases(Comparison):
    """The LSTM with forget bias 0, 1 and 5."""

    kind: Literal["forget_biases"] = Field("forget_biases", repr=False)

    @property
    def arms(self) -> Changes:
        return {f"bias-{value}": {"cell": "lstm", "cell.forget_bias.value": float(value)} for value in (0, 1, 5)}


class IdentityStart(Comparison):
    """A ReLU network that starts from the identity (the IRNN), the tanh network that starts as set, and the LSTM.

    Source: Le, Jaitly & Hinton (2015).
    """

    kind: Literal["identity_start"] = Field("identity_start", repr=False)

    @property
    def arms(self) -> Changes:
        identity: dict[str, Word] = {
            "initializer": "identity",
            "initializer.scale": "gain",
            "initializer.scale.gain": 1.0,
        }
        return {
            "irnn": {"cell": "elman", "cell.activation": "relu", **identity},
            "tanh": {"cell": "elman", "cell.activation": "tanh"},
            "lstm": {"cell": "lstm", "cell.activation": "tanh"},
        }


COMPARISONS = (Cells, Activations, Clippings, ForgetBiases, IdentityStart)
AnyComparison = Annotated[
    Cells | Activations | Clippings | ForgetBiases | IdentityStart, Field(discriminator="kind")
]  # fmt: skip


def side_by_side(
    base: Experiment, compared: Comparison, seeds: int, *, equal_parameters: bool = False, own: Changes | None = None
) -> Study:
    """Every arm over so many seeds, counted up from the base's: variations `<arm>-s<seed>`.

    `own` holds what belongs to one cell only, such as {"gru": {"cell.update_bias": 1.0}}. With `equal_parameters` every
    arm is made as wide as it takes to have as many parameters as the largest has at the base's width.
    """
    arms: dict[str, dict[str, Word]] = {}
    for name, changes in compared.arms.items():
        cell = str(changes.get("cell", base.cell.kind))
        arms[name] = {**(own or {}).get(cell, {}), **changes}
    if equal_parameters:
        arms = equally_large(base, arms)
    return Study.of(
        base,
        {
            f"{name}-s{seed}": {**changes, "seed": seed}
            for seed in range(base.seed, min(base.seed + seeds, HIGHEST_SEED + 1))  # first one of each arm
            for name, changes in arms.items()
        },
    )


def highest(experiment: Experiment, path: str) -> int:
    """The largest whole number that a parameter may be."""
    declared = parameter_at(experiment, path)
    assert declared is not None and isinstance(declared.domain, Range)
    return int(declared.domain.high)


HIGHEST_SEED = highest(Experiment(), "seed")


# — equal size —


def parameter_count(experiment: Experiment) -> int:
    """Numbers that training changes: every layer's W_ih, W_hh and two biases, and the readout."""
    e, width = experiment, experiment.cell.hidden_size
    rows = len(e.cell.gate_names) * width
    inputs = [e.task.input_size, *[width] * (e.cell.layers - 1)]
    return sum(rows * (each + width + 2) for each in inputs) + e.task.output_size * (width + 1)


def equally_large(base: Experiment, arms: Changes) -> dict[str, dict[str, Word]]:
    most = max(parameter_count(base.changed(dict(changes))) for changes in arms.values())
    return {name: {**changes, WIDTH: width_for(base.changed(dict(changes)), most)} for name, changes in arms.items()}


def width_for(experiment: Experiment, parameters: int) -> int:
    """The hidden size at which this experiment comes closest to so many parameters; the smaller one of two.

    By bisection, as the count grows with the width; at most the largest width that there is.
    """

    def count(width: int) -> int:
        return parameter_count(experiment.changed({WIDTH: width}))

    low, high = 1, highest(experiment, WIDTH)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if count(middle) >= parameters else (middle + 1, high)
    below = max(low - 1, 1)
    return below if abs(count(below) - parameters) <= abs(count(low) - parameters) else low
