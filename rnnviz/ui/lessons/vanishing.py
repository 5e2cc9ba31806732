"""Lesson 10, vanishing and exploding gradients: the slope of φ, the weights, and what clipping does and does not do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from rnnviz.choice import Range, Word
from rnnviz.demonstrations import Demonstrated
from rnnviz.diagnostics.clipped_gradient import OF_GRADIENT
from rnnviz.experiment import Study
from rnnviz.figures import GradientFlow, Result
from rnnviz.figures.survival import GROWN, survival
from rnnviz.ui.flow import START
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Onward, Part
from rnnviz.ui.numbers import Decades

ACTIVATIONS = ("sigmoid", "tanh", "relu")
VANILLA: dict[str, Word] = {
    "task": "noise",
    "dtype": "float64",
    "initializer": "gaussian",
    "initializer.scale": "gain",
    "cell": "elman",
    "cell.hidden_size": 64,
}


class VanishingLesson(Lesson):
    """One vanilla network with three activations, on white noise, its recurrent weights at a gain that can be set."""

    number = 10
    choices = ("sigmoid", "tanh", "relu", "none")
    asks_about = {"gain": 1.6}  # noqa: RUF012
    onward = (
        Onward(
            "gradient_flow",
            {f"experiment.{path}": word for path, word in VANILLA.items() if path != "cell"}
            | {"experiment.initializer.scale.gain": 1.6},
        ),
    )

    kind: Literal["vanishing"] = Field("vanishing", repr=False)
    gain: Annotated[float, Range(0.0, 4.0, step=0.01, symbol="g")] = 1.6
    recurrent: Literal["gaussian", "identity"] = "gaussian"
    sequence_length: Annotated[int, Range(2, 300, symbol="T", unit="time steps", log=True)] = 100

    def study(self) -> Study:
        """Vanilla RNN × activation."""
        words = VANILLA | {
            "initializer": self.recurrent,
            "initializer.scale.gain": self.gain,
            "task.sequence_length": self.sequence_length,
        }
        return Study.of(
            START.experiment.changed(words), {f"elman-{name}": {"cell.activation": name} for name in ACTIVATIONS}
        )

    def parts(self) -> tuple[Part, ...]:
        controls = ("gain", "recurrent", "sequence_length")
        return (Part(self.study(), (GradientFlow(),), controls, reads=("clipped_gradient",)),)

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """What each keeps of its gradient, in all and per step; and what clipping at 1 does to ReLU's and the sigmoid's."""
        (results,) = found
        assert not isinstance(results, Demonstrated)
        flows = {result.experiment.cell.activation: survival(result, "gradient") for result in results.values()}
        clipped = {name: clipping(results[f"elman-{name}"]) for name in ("relu", "sigmoid")}
        return {
            "gain": self.gain,
            "lags": self.sequence_length - 1,
            **{f"{name}_kept": Decades(flow.kept) for name, flow in flows.items()},
            **{f"{name}_step": 10**flow.per_step for name, flow in flows.items()},
            **{f"{name}_{place}": number for name, said in clipped.items() for place, number in said.items()},
        }

    def right(self, numbers: Numbers) -> str:
        """Which one grew by a decade or more."""
        grown = [name for name in ACTIVATIONS if float(numbers[f"{name}_kept"]) > GROWN]
        return grown[0] if len(grown) == 1 else "none"


def clipping(result: Result) -> dict[str, Decades]:
    """‖g‖ before and after clipping at 1, and what the first step adds to it beside the last one, before and after."""
    found = result.data["clipped_gradient"].sel(of_gradient=list(OF_GRADIENT)).values
    if not len(found):  # the run overflowed
        return dict.fromkeys(("norm", "clipped", "ratio", "clipped_ratio"), Decades(math.nan))
    (norm, first, last), (clipped, clipped_first, clipped_last) = found[:2]
    return {
        "norm": Decades(norm), "clipped": Decades(clipped), "ratio": Decades(first - last),
        "clipped_ratio": Decades(clipped_first - clipped_last),
    }  # fmt: skip
