"""A sine wave, some steps ahead."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task


class Sine(Task):
    """v_t = sin(ω(t − 1) + φ) with ω = 2π/P and a phase φ of each example's own; the answer is v_{t+k}.

    visible="every": x_t = v_t and φ ~ U(0, 2π). Two neighbouring values decide all others, v_{t+1} = 2 cos ω v_t − v_{t−1},
    so the needed lag is 1. visible="first": only x_1 = v_1 is shown, then zeros, and φ ~ U(−π/2, π/2), where v_1 decides
    φ: the network has to go on by itself, from one input to many answers.
    """

    judgement = "squared_error"
    input_size: ClassVar[int] = 1
    output_size: ClassVar[int] = 1

    kind: Literal["sine"] = Field("sine", repr=False)
    period: Annotated[int, Range(3, 1_000, symbol="P", unit="time steps", log=True)] = 25
    ahead: Annotated[int, Range(1, 50, symbol="k", unit="time steps")] = 1
    visible: Literal["every", "first"] = "every"

    @property
    def shape(self) -> Shape:
        return "aligned" if self.visible == "every" else "one_to_many"

    @property
    def needed_lag(self) -> int:
        return 1 if self.visible == "every" else self.sequence_length - 1

    def batch(self, examples: Examples) -> Batch:
        u = examples.uniform("sine.phase", 1)[:, 0]
        phase = 2 * math.pi * u if self.visible == "every" else math.pi * (u - 0.5)
        at = torch.arange(self.sequence_length + self.ahead, dtype=torch.float64)
        values = torch.sin(2 * math.pi / self.period * at[:, None] + phase)[..., None]
        inputs, targets = values[: self.sequence_length].clone(), values[self.ahead :]
        if self.visible == "first":
            inputs[1:] = 0
        return Batch(inputs, targets)

    def baseline(self) -> Baseline:
        """½ for any phase; with φ ~ U(−π/2, π/2), E cos φ = 2/π and E cos 2φ = 0 give ½ − (2/π)² sin²(ω(t + k − 1))."""
        if self.visible == "every":
            return Baseline.of_numbers(torch.full_like(self.steps, 0.5))
        angle = 2 * math.pi / self.period * (self.steps + self.ahead - 1)
        return Baseline.of_numbers(0.5 - (2 / math.pi * angle.sin()).square())
