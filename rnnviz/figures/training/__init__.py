"""Figures of trainings, of several runs side by side. To add one: write its file, name it in TRAINING_FIGURES.

What they need are quantities of a training; `api.results_of` trains for them, and a page hands them logs that grow.
"""

from rnnviz.figures.training.gradient_film import GradientFilm
from rnnviz.figures.training.gradient_horizon import GradientHorizon
from rnnviz.figures.training.gradient_norm import GradientNorm
from rnnviz.figures.training.learning_curve import LearningCurve
from rnnviz.figures.training.log_lines import LogLines
from rnnviz.figures.training.prediction import Prediction
from rnnviz.figures.training.recurrent_spectrum import RecurrentSpectrum
from rnnviz.figures.training.training_gates import TrainingGates
from rnnviz.figures.training.update_ratio import UpdateRatio

AnyTrainingFigure = (
    LearningCurve
    | GradientNorm
    | GradientHorizon
    | GradientFilm
    | TrainingGates
    | RecurrentSpectrum
    | UpdateRatio
    | Prediction
    | LogLines
)
TRAINING_FIGURES = (
    LearningCurve,
    GradientNorm,
    GradientHorizon,
    GradientFilm,
    TrainingGates,
    RecurrentSpectrum,
    UpdateRatio,
    Prediction,
    LogLines,
)

__all__ = [
    "TRAINING_FIGURES",
    "AnyTrainingFigure",
    "GradientFilm",
    "GradientHorizon",
    "GradientNorm",
    "LearningCurve",
    "LogLines",
    "Prediction",
    "RecurrentSpectrum",
    "TrainingGates",
    "UpdateRatio",
]
