"""Figures: one file each, (results, text, look) -> figure. To add one: write its file, name it in FIGURES."""

from typing import TYPE_CHECKING

from rnnviz.figures.activation_use import ActivationUse
from rnnviz.figures.bptt_map import BpttMap
from rnnviz.figures.condition_number import ConditionNumber
from rnnviz.figures.figure import FigureDict, Result, Results, as_plotly
from rnnviz.figures.gate_product import GateProduct
from rnnviz.figures.gate_ruler import GateRuler
from rnnviz.figures.gradient_flow import GradientFlow
from rnnviz.figures.heat_map import HeatMap
from rnnviz.figures.jacobian_paths import JacobianPaths
from rnnviz.figures.layer_gradient import LayerGradient
from rnnviz.figures.look import Look
from rnnviz.figures.lyapunov_convergence import LyapunovConvergence
from rnnviz.figures.lyapunov_spectrum import LyapunovSpectrum
from rnnviz.figures.parallel_coordinates import ParallelCoordinates
from rnnviz.figures.phase_diagram import PhaseDiagram
from rnnviz.figures.saturation import Saturation
from rnnviz.figures.singular_spectrum import SingularSpectrum
from rnnviz.figures.step_eigenvalues import StepEigenvalues
from rnnviz.figures.step_norms import StepNorms
from rnnviz.figures.truncation_bias import TruncationBias
from rnnviz.figures.unit_activity import UnitActivity
from rnnviz.figures.unit_spread import UnitSpread
from rnnviz.figures.weight_blocks import WeightBlocks
from rnnviz.figures.weight_cancellation import WeightCancellation
from rnnviz.figures.weight_shares import WeightShares

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

AnyFigure = (
    GradientFlow
    | UnitActivity
    | UnitSpread
    | GateProduct
    | GateRuler
    | SingularSpectrum
    | ConditionNumber
    | JacobianPaths
    | StepEigenvalues
    | StepNorms
    | BpttMap
    | TruncationBias
    | LyapunovSpectrum
    | LyapunovConvergence
    | PhaseDiagram
    | WeightShares
    | WeightCancellation
    | WeightBlocks
    | ActivationUse
    | Saturation
    | LayerGradient
    | ParallelCoordinates
    | HeatMap
)
FIGURES = (
    GradientFlow,
    UnitActivity,
    UnitSpread,
    GateProduct,
    GateRuler,
    SingularSpectrum,
    ConditionNumber,
    JacobianPaths,
    StepEigenvalues,
    StepNorms,
    BpttMap,
    TruncationBias,
    LyapunovSpectrum,
    LyapunovConvergence,
    PhaseDiagram,
    WeightShares,
    WeightCancellation,
    WeightBlocks,
    ActivationUse,
    Saturation,
    LayerGradient,
    ParallelCoordinates,
    HeatMap,
)

__all__ = [
    "FIGURES",
    "ActivationUse",
    "AnyFigure",
    "BpttMap",
    "ConditionNumber",
    "FigureDict",
    "GateProduct",
    "GateRuler",
    "GradientFlow",
    "HeatMap",
    "JacobianPaths",
    "LayerGradient",
    "Look",
    "LyapunovConvergence",
    "LyapunovSpectrum",
    "ParallelCoordinates",
    "PhaseDiagram",
    "PlotlyFigure",
    "Result",
    "Results",
    "Saturation",
    "SingularSpectrum",
    "StepEigenvalues",
    "StepNorms",
    "TruncationBias",
    "UnitActivity",
    "UnitSpread",
    "WeightBlocks",
    "WeightCancellation",
    "WeightShares",
    "as_plotly",
]
