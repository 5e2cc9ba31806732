"""What a person can choose on the page Training, as one record, and the trainings that it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rnnviz.cells import GRU, LSTM, ForgetBias
from rnnviz.choice import Choice, Range
from rnnviz.clipping import ByNorm
from rnnviz.comparing import AnyComparison, Cells, side_by_side
from rnnviz.experiment import Experiment, Study
from rnnviz.figures.shares import MatrixName
from rnnviz.figures.training import (
    AnyTrainingFigure,
    GradientFilm,
    GradientHorizon,
    GradientNorm,
    LearningCurve,
    Prediction,
    RecurrentSpectrum,
    TrainingGates,
    UpdateRatio,
)
from rnnviz.figures.training.gradient_film import LATEST
from rnnviz.figures.training.recurrent_spectrum import GateName
from rnnviz.initializers import PyTorchDefault
from rnnviz.optimizers import Adam
from rnnviz.tasks import Adding
from rnnviz.training import Training


class TrainingView(Choice):
    """What of the trainings is watched: a few figures at a time, for they are drawn anew every second."""

    kind: Literal["watched"] = Field("watched", repr=False)
    watch: Literal["learning", "reach", "size", "weights"] = "learning"
    arm: Annotated[int, Range(1, 9)] = 1
    update: Annotated[int, Range(0, LATEST, symbol="u")] = LATEST
    layer: Annotated[int, Range(1, 4)] = 1
    gate: GateName = "candidate"
    matrix: MatrixName = "weight_hh"

    @property
    def figures(self) -> tuple[AnyTrainingFigure, ...]:
        match self.watch:
            case "learning":
                return LearningCurve(), Prediction(update=self.update)
            case "reach":
                return GradientHorizon(), GradientFilm(arm=self.arm, update=self.update)
            case "size":
                return GradientNorm(), UpdateRatio(matrix=self.matrix, layer=self.layer)
        return RecurrentSpectrum(gate=self.gate, layer=self.layer), TrainingGates(arm=self.arm, layer=self.layer)


# Two numbers, 30 steps apart at most: PyTorch's own start, with the forget bias that everybody sets. The vanilla network
# learns nothing in 800 updates, the gated ones do, and nine of these trainings take about half a minute on two cores.
EXPERIMENT = Experiment(
    task=Adding(sequence_length=30),
    cell=LSTM(forget_bias=ForgetBias(value=1.0)),
    initializer=PyTorchDefault(),
    batch_size=32,
    training=Training(updates=800, optimizer=Adam(learning_rate=0.02), clipping=ByNorm(threshold=1.0)),
)


class TrainingPage(Choice):
    """One base experiment, what is compared in it, over how many seeds, and what is watched.

    The base carries the LSTM, because it has everything the cells share and the forget bias besides.
    """

    kind: Literal["train"] = Field("train", repr=False)
    experiment: Experiment = EXPERIMENT
    compared: AnyComparison = Cells()
    size: Literal["width", "parameters"] = "width"
    update_bias: Annotated[float, Range(-6.0, 10.0, step=0.1)] = 1.0
    seeds: Annotated[int, Range(1, 10)] = 3
    view: TrainingView = TrainingView()

    def study(self) -> Study:
        base = self.experiment
        if not isinstance(base.cell, LSTM):  # a link may name another cell
            base = base.changed({"cell": "lstm"})
        if not isinstance(base.training, Training):
            base = base.changed({"training": "training"})
        own = {"gru": {"cell.update_bias": GRU(update_bias=self.update_bias).update_bias}}
        return side_by_side(base, self.compared, self.seeds, equal_parameters=self.size == "parameters", own=own)


START = TrainingPage()
