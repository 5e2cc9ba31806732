"""What a person can choose on the Gradient flow page, as one record, and the study that it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rnnviz.cells import GRU, LSTM, ForgetBias
from rnnviz.choice import Choice, Range
from rnnviz.experiment import Experiment, Study, comparison
from rnnviz.figures import GradientFlow


class GradientFlowPage(Choice):
    """One base experiment for all nine networks, what belongs to the GRU alone, and the view.

    The base carries the LSTM, because it has everything the cells share and the forget bias besides. Both gates start
    well open for the past, which is what a trained network would have learnt: so the page opens with "who survives?".
    """

    kind: Literal["flow"] = Field("flow", repr=False)
    experiment: Experiment = Experiment(cell=LSTM(forget_bias=ForgetBias(value=3.0)))
    update_bias: Annotated[float, Range(-6.0, 10.0, step=0.1)] = 3.0
    reset: Literal["after", "before"] = "after"
    view: GradientFlow = GradientFlow()

    def study(self) -> Study:
        base = self.experiment
        if not isinstance(base.cell, LSTM):  # a link may name another cell; the page compares all of them
            base = base.changed({"cell": "lstm"})
        gru = GRU(update_bias=self.update_bias, reset=self.reset)
        own = {"cell.update_bias": gru.update_bias, "cell.reset": gru.reset}
        return comparison(base, changes={"gru": own})


START = GradientFlowPage()
