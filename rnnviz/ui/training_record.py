"""What a person can choose on the page Training, as one record, and the trainings that it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rnnviz.choice import Choice, Range
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
from rnnviz.replays import Contest


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


class TrainingPage(Contest):
    """What is trained side by side, and what of it is watched."""

    kind: Literal["train"] = Field("train", repr=False)
    view: TrainingView = TrainingView()


START = TrainingPage()
