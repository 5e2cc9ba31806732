"""What a person can choose about the nine networks, as one record that the pages share, and the study that it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rnnviz.cells import GRU, LSTM, ForgetBias
from rnnviz.cells.cell import Cell
from rnnviz.choice import Choice, Range
from rnnviz.experiment import Experiment, Study, comparison
from rnnviz.figures import GradientFlow, LayerGradient
from rnnviz.figures.activation_use import PlaceName
from rnnviz.figures.equations import NotationName
from rnnviz.figures.shares import BlockName, MatrixName
from rnnviz.figures.units import VariableName


class OneNetwork(Choice):
    """Which curve of the study the pages of one network open up, and where in it they look."""

    kind: Literal["network"] = Field("network", repr=False)
    cell: Literal["elman", "lstm", "gru"] = "lstm"
    activation: Literal["sigmoid", "tanh", "relu"] = "tanh"
    layer: Annotated[int, Range(1, 4)] = 1
    example: Annotated[int, Range(1, 256)] = 1
    # In the middle of the page's first sequence: a past before it, a gradient after it, and a line that is seen.
    time: Annotated[int, Range(1, 10_000, symbol="t", unit="time steps")] = 50


class GatesView(Choice):
    """What the page Gates and states shows of the network."""

    kind: Literal["gates"] = Field("gates", repr=False)
    variable: VariableName = "forget_gate"
    order: Literal["time_constant", "unit"] = "time_constant"


class WeightGradientView(Choice):
    """What the page Weight gradient shows of the network."""

    kind: Literal["weights"] = Field("weights", repr=False)
    matrix: MatrixName = "weight_hh"
    block: BlockName = "all"


class ActivationView(Choice):
    """What the page Activation shows of the network."""

    kind: Literal["squashing"] = Field("squashing", repr=False)
    place: PlaceName = "candidate"


class EquationsView(Choice):
    """Of which unit the page Equations writes the numbers, and in which notation."""

    kind: Literal["equations"] = Field("equations", repr=False)
    unit: Annotated[int, Range(1, 512)] = 1
    notation: NotationName = "pytorch"


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
    network: OneNetwork = OneNetwork()
    gates: GatesView = GatesView()
    weights: WeightGradientView = WeightGradientView()
    squashing: ActivationView = ActivationView()
    equations: EquationsView = EquationsView()
    layer_gradient: LayerGradient = LayerGradient()

    def study(self) -> Study:
        base = self.experiment
        if not isinstance(base.cell, LSTM):  # a link may name another cell; the page compares all of them
            base = base.changed({"cell": "lstm"})
        gru = GRU(update_bias=self.update_bias, reset=self.reset)
        own = {"cell.update_bias": gru.update_bias, "cell.reset": gru.reset}
        return comparison(base, changes={"gru": own})

    def opened(self) -> Study:
        """The one network of the study that the pages of one network open up."""
        study, name = self.study(), f"{self.network.cell}-{self.network.activation}"
        return Study(base=study.base, variations=tuple(v for v in study.variations if v.name == name))

    @property
    def cell(self) -> Cell:
        """The cell of that network."""
        (experiment,) = self.opened().experiments().values()
        return experiment.cell

    @property
    def layer(self) -> int:
        """Counted from 1; a layer above the last means the last."""
        return min(self.network.layer, self.experiment.cell.layers)

    @property
    def example(self) -> int:
        """Counted from 0; an example beyond the last means the last."""
        return min(self.network.example, self.experiment.batch_size) - 1

    @property
    def time(self) -> int:
        """The step of the time cursor, counted from 1; a step beyond the end means the last."""
        return min(self.network.time, self.experiment.task.sequence_length)


START = GradientFlowPage()
