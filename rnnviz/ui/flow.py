"""What a person can choose about the nine networks, as one record that two pages share, and the study that it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rnnviz.cells import GRU, LSTM, ForgetBias
from rnnviz.choice import Choice, Range
from rnnviz.experiment import Experiment, Study, comparison
from rnnviz.figures import GradientFlow
from rnnviz.figures.units import VariableName


class GatesView(Choice):
    """Which curve of the study the page Gates and states opens up, and what it shows of it."""

    kind: Literal["gates"] = Field("gates", repr=False)
    cell: Literal["elman", "lstm", "gru"] = "lstm"
    activation: Literal["sigmoid", "tanh", "relu"] = "tanh"
    variable: VariableName = "forget_gate"
    layer: Annotated[int, Range(1, 4)] = 1
    example: Annotated[int, Range(1, 256)] = 1
    order: Literal["time_constant", "unit"] = "time_constant"


class GradientFlowPage(Choice):
    """One base experiment for all nine networks, what belongs to the GRU alone, and a view for each page.

    The base carries the LSTM, because it has everything the cells share and the forget bias besides. Both gates start
    well open for the past, which is what a trained network would have learnt: so the page opens with "who survives?".
    """

    kind: Literal["flow"] = Field("flow", repr=False)
    experiment: Experiment = Experiment(cell=LSTM(forget_bias=ForgetBias(value=3.0)))
    update_bias: Annotated[float, Range(-6.0, 10.0, step=0.1)] = 3.0
    reset: Literal["after", "before"] = "after"
    view: GradientFlow = GradientFlow()
    gates: GatesView = GatesView()

    def study(self) -> Study:
        base = self.experiment
        if not isinstance(base.cell, LSTM):  # a link may name another cell; the page compares all of them
            base = base.changed({"cell": "lstm"})
        gru = GRU(update_bias=self.update_bias, reset=self.reset)
        own = {"cell.update_bias": gru.update_bias, "cell.reset": gru.reset}
        return comparison(base, changes={"gru": own})

    def curve(self) -> Study:
        """The one network of the study that the page Gates and states opens up."""
        study, name = self.study(), f"{self.gates.cell}-{self.gates.activation}"
        return Study(base=study.base, variations=tuple(v for v in study.variations if v.name == name))


START = GradientFlowPage()
