"""Lesson 1, sequence data: why order matters, and why a network with a fixed input cannot serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from rnnviz.demonstrations import AnyLength, Demonstrated, SequenceData
from rnnviz.demonstrations.any_length import LONGEST
from rnnviz.figures.demonstrations import AnyLengthError, ForecastError, Neighbours
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part

SAME = 0.05  # of the error without a past: less is no help worth the name


class SequenceDataLesson(Lesson):
    """A series as recorded and shuffled, with more and less of its past; and sequences of every length."""

    number = 1
    choices = ("falls", "same", "rises")
    asks_about = {"data.series": "sine", "data.past": 2}  # noqa: RUF012

    kind: Literal["sequence_data"] = Field("sequence_data", repr=False)
    data: SequenceData = SequenceData()
    lengths: AnyLength = AnyLength()

    def parts(self) -> tuple[Part, ...]:
        return (
            Part(self.data, (Neighbours(), ForecastError()), ("data.series", "data.ordering", "data.past")),
            Part(self.lengths, (AnyLengthError(),), ("lengths.inputs",)),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """With the past and without it, in both orders; and what each model costs at the greatest length."""
        series, lengths = (one.data for one in found if isinstance(one, Demonstrated))
        error, information = series["error"], series["mutual_information"]
        past = min(self.data.past, int(error["window"].values[-1]))
        both = {order: error.sel(in_order=order) for order in ("recorded", "shuffled")}
        far = lengths["error"].sel(length=LONGEST)
        return {
            "past": past,
            "values": series.sizes["time"],
            **{order: float(one.sel(window=past)) for order, one in both.items()},
            **{f"{order}_alone": float(one.sel(window=0)) for order, one in both.items()},
            **{f"{order}_bits": float(information.sel(in_order=order)) for order in both},
            "inputs": self.lengths.inputs,
            "beyond": self.lengths.inputs + 1,
            "longest": LONGEST,
            **{model: float(far.sel(model=model)) for model in ("this_step", "fixed_input", "recurrent")},
        }

    def right(self, numbers: Numbers) -> str:
        """What two past values do to the error of the shuffled series."""
        alone, seen = float(numbers["shuffled_alone"]), float(numbers["shuffled"])
        if abs(seen - alone) < SAME * alone:
            return "same"
        return "falls" if seen < alone else "rises"
