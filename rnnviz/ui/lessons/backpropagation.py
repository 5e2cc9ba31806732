"""Lesson 9, backpropagation through time and its truncation: the order of computation, the product, memory and bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.demonstrations import BackwardPass, Demonstrated, TruncationCost
from rnnviz.experiment import Study
from rnnviz.figures import BpttMap
from rnnviz.figures.demonstrations import BackwardDrawing, TruncationSaving
from rnnviz.figures.demonstrations.backward_drawing import bracketed
from rnnviz.figures.demonstrations.truncation_saving import nearest
from rnnviz.text.numbers import numeral
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Onward, Part
from rnnviz.ui.lessons.prose import over_lines
from rnnviz.ui.numbers import Decades

LESS = 2.0  # times as large: less of a difference is none


class BackpropagationLesson(Lesson):
    """One unit by hand; the T × T map of a network under a window; and what windows save and cost, measured."""

    number = 9
    choices = ("vanilla", "lstm", "same")
    onward = (Onward("bptt", {"network.cell": "elman", "bptt.truncation_length": 10}),)

    kind: Literal["backpropagation"] = Field("backpropagation", repr=False)
    by_hand: BackwardPass = BackwardPass()
    drawing: BackwardDrawing = BackwardDrawing()
    mapped: Literal["elman", "lstm"] = "elman"
    truncation_length: Annotated[int, Range(1, 200, symbol="τ", unit="time steps", log=True)] = 20
    cost: TruncationCost = TruncationCost()

    def parts(self) -> tuple[Part, ...]:
        network = Study.of(self.cost.experiment(self.mapped), {self.mapped: {}})
        tau, last = self.truncation_length, self.cost.sequence_length
        by_hand = (
            "by_hand.activation",
            "by_hand.recurrent_weight",
            "by_hand.unrolled_steps",
            "drawing.truncation_length",
        )
        return (
            Part(self.by_hand, (self.drawing,), (*by_hand, "drawing.moment"), height=500),
            Part(network, (BpttMap(time=last, truncation_length=tau),), ("mapped", "truncation_length"), height=560),
            Part(self.cost, (TruncationSaving(truncation_length=tau),), ("cost.opening", "cost.sequence_length"), height=640),
        )  # fmt: skip

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """Of the unit by hand the product and the sum; of the map what is heard; of the windows what they save and cost."""
        hand, network, cost = found
        assert (
            isinstance(hand, Demonstrated) and isinstance(cost, Demonstrated) and not isinstance(network, Demonstrated)
        )
        (result,) = network.values()
        heard = result.data["bptt_map"].values[-1] - result.data["bptt_map"].values[-1, -1]
        steps = result.data["map_state"].values
        window = min(self.truncation_length, int(steps[-1]))
        edge = int(abs(steps - (steps[-1] - window + 1)).argmin())
        at, whole = nearest(cost.data, self.truncation_length), cost.data.isel(truncation=-1)
        kept = (at["kept"] / whole["kept"]).sel(network="lstm")
        return self.by_hand_numbers(hand) | {
            "length": self.cost.sequence_length, "window": int(at["truncation"]),
            "first": Decades(heard[0]), "edge": Decades(heard[edge]), "edge_lag": int(steps[-1] - steps[edge]),
            "first_lag": int(steps[-1] - steps[0]),
            "vanilla_bias": float(at["bias"].sel(network="elman")), "lstm_bias": float(at["bias"].sel(network="lstm")),
            "kept": numeral(float(kept), 2), "kilobytes": numeral(float(at["kept"].sel(network="lstm")) / 1024),
            "all_kilobytes": numeral(float(whole["kept"].sel(network="lstm")) / 1024),
            "faster": numeral(float((at["seconds"] / whole["seconds"]).sel(network="lstm")), 2),
            "share_error": numeral(float(cost.data["share_error"].max()), 1),
        }  # fmt: skip

    def by_hand_numbers(self, shown: Demonstrated) -> Numbers:
        """The product of derivatives and the sum of shares, also as the formula writes them, T first."""
        data = shown.data
        steps, window = data.sizes["time"], min(self.drawing.truncation_length, data.sizes["time"])
        factors, shares = data["factor"].values[:0:-1], data["share"].values
        return {
            "steps": steps, "small_window": window,
            "factors": r" \cdot ".join(in_red(factors)),
            "product": numeral(float(factors.prod())),
            "shares": over_lines(bracketed([numeral(float(share)) for share in shares]), "+", 2),
            "whole": numeral(float(shares.sum())), "by_autograd": numeral(float(data["by_autograd"])),
            "cut": numeral(float(data["truncated"].values[window - 1])),
            "cut_at_once": numeral(float(data["truncated"].values[0])),
        }  # fmt: skip

    def right(self, numbers: Numbers) -> str:
        """Whose gradient the window changes less."""
        vanilla, lstm = float(numbers["vanilla_bias"]), float(numbers["lstm_bias"])
        if vanilla < LESS * lstm and lstm < LESS * vanilla:
            return "same"
        return "vanilla" if vanilla < lstm else "lstm"


def in_red(factors: np.ndarray) -> list[str]:
    """The factors of a product in LaTeX; black only where one neither shrinks nor grows anything."""
    numbers = bracketed([numeral(float(factor)) for factor in factors])
    return [
        number if abs(factor) == 1 else rf"\textcolor{{red}}{{{number}}}"
        for number, factor in zip(numbers, factors, strict=True)
    ]
