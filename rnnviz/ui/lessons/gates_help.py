"""Lesson 12, why the gates help: an additive update with a fresh gate at each step, and when it does not help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rnnviz.choice import Range, Word
from rnnviz.demonstrations import Demonstrated
from rnnviz.experiment import Study
from rnnviz.figures import GatesAgainstWeights, JacobianPaths, Results
from rnnviz.figures.gates_against_weights import weight_gain
from rnnviz.figures.survival import KEPT_WELL
from rnnviz.text.numbers import numeral
from rnnviz.ui.flow import START
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Onward, Part
from rnnviz.ui.numbers import Decades

BIAS = {"lstm": "cell.forget_bias", "gru": "cell.update_bias"}
WRITTEN = 3  # factors that the formula writes out, the last steps first
CLEARLY = 1.0  # decades over the whole sequence: less of a difference is none


class GatesHelpLesson(Lesson):
    """A vanilla RNN and a gated cell on the same noise, W_hh drawn alike: what multiplies at each step, and what is left."""

    number = 12
    choices = ("keeps", "slower", "no_better")
    asks_about = {"opening": 0.0}  # noqa: RUF012
    onward = (Onward("gates", {"network.cell": "lstm", "experiment.cell.forget_bias": 0.0}),)

    kind: Literal["gates_help"] = Field("gates_help", repr=False)
    gated: Literal["lstm", "gru"] = "lstm"
    opening: Annotated[float, Range(0.0, 6.0, step=0.1, symbol="b")] = 3.0
    gain: Annotated[float, Range(0.0, 4.0, step=0.01, symbol="g")] = 1.0
    sequence_length: Annotated[int, Range(2, 200, symbol="T", unit="time steps", log=True)] = 100

    def study(self, *cells: str) -> Study:
        words: dict[str, Word] = {
            "task": "noise", "task.sequence_length": self.sequence_length, "dtype": "float64",
            "initializer": "orthogonal", "initializer.scale": "gain", "initializer.scale.gain": self.gain,
            "cell.hidden_size": 32, "cell.activation": "tanh",
        }  # fmt: skip
        own: dict[str, dict[str, Word]] = {
            cell: {"cell": cell} | ({BIAS[cell]: self.opening} if cell in BIAS else {}) for cell in cells
        }
        return Study.of(START.experiment.changed(words), {f"{cell}-tanh": changes for cell, changes in own.items()})

    def parts(self) -> tuple[Part, ...]:
        controls = ("gated", "opening", "gain", "sequence_length")
        return (
            Part(self.study("elman", self.gated), (GatesAgainstWeights(),), controls, height=660),
            Part(self.study(self.gated), (JacobianPaths(),)),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """What both keep, over all paths and over the direct one; and the factors of the last steps, for the formula."""
        both, _ = found
        assert not isinstance(both, Demonstrated)
        figure, (vanilla, gated) = GatesAgainstWeights(), both.values()
        ends = {name: float(curve[-1]) for name, curve in figure.products(gated).items()}
        factors, paths = figure.factors(gated), gated.data["jacobian_paths"]
        gate, steps = factors["mean"], int(gated.data["path_lag"].values[-1])
        last = [numeral(float(value), 3) for value in gate[: -WRITTEN - 1 : -1]]
        kept = float(figure.products(vanilla)["all"][-1])
        return {
            "lags": steps, "bias": self.opening, "gain": weight_gain(vanilla),
            "vanilla": Decades(kept), "vanilla_step": 10 ** (kept / steps),
            "all": Decades(ends["all"]), "direct": Decades(ends["direct"]),
            "detour": Decades(float(paths.sel(path="detour").values[-1])),
            "all_step": 10 ** (ends["all"] / steps), "direct_step": 10 ** (ends["direct"] / steps),
            "gate": float(gate.mean()), "lowest": float(factors["low"].min()), "highest": float(factors["high"].max()),
            "gates": r" \cdot ".join(last), "slope": float(self.slopes(both).mean()),
            "symbol": "f" if self.gated == "lstm" else "z", "carrier": "c" if self.gated == "lstm" else "h",
            "slopes": r" \cdot ".join(rf"\textcolor{{red}}{{{numeral(self.gain)}}} \cdot {numeral(float(slope))}"
                                      for slope in self.slopes(both)[: -WRITTEN - 1 : -1]),
        }  # fmt: skip

    def slopes(self, both: Results) -> np.ndarray:
        """The mean slope φ' of the vanilla RNN at each step."""
        slopes = both["elman-tanh"].data["activation_slopes"]
        of_steps: np.ndarray = slopes.sel(of_slope="mean_slope", place="candidate").values[-1]
        return of_steps

    def right(self, numbers: Numbers) -> str:
        """Whether the gated cell keeps its gradient over all paths, or more of it than the vanilla RNN at least."""
        vanilla, gated = float(numbers["vanilla"]), float(numbers["all"])
        if gated > KEPT_WELL:
            return "keeps"
        return "slower" if gated > vanilla + CLEARLY else "no_better"
