"""Figures: one file each, (results, text, look) -> figure. To add one: write its file, name it in FIGURES."""

from typing import TYPE_CHECKING

from rnnviz.figures.bptt_map import BpttMap
from rnnviz.figures.figure import FigureDict, Result, Results, as_plotly
from rnnviz.figures.gate_product import GateProduct
from rnnviz.figures.gate_ruler import GateRuler
from rnnviz.figures.gradient_flow import GradientFlow
from rnnviz.figures.jacobian_paths import JacobianPaths
from rnnviz.figures.look import Look
from rnnviz.figures.lyapunov_convergence import LyapunovConvergence
from rnnviz.figures.lyapunov_spectrum import LyapunovSpectrum
from rnnviz.figures.singular_spectrum import SingularSpectrum
from rnnviz.figures.step_eigenvalues import StepEigenvalues
from rnnviz.figures.step_norms import StepNorms
from rnnviz.figures.truncation_bias import TruncationBias
from rnnviz.figures.unit_activity import UnitActivity
from rnnviz.figures.unit_spread import UnitSpread

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

AnyFigure = (
    GradientFlow
    | UnitActivity
    | UnitSpread
    | GateProduct
    | GateRuler
    | SingularSpectrum
    | JacobianPaths
    | StepEigenvalues
    | StepNorms
    | BpttMap
    | TruncationBias
    | LyapunovSpectrum
    | LyapunovConvergence
)
FIGURES = (
    GradientFlow,
    UnitActivity,
    UnitSpread,
    GateProduct,
    GateRuler,
    SingularSpectrum,
    JacobianPaths,
    StepEigenvalues,
    StepNorms,
    BpttMap,
    TruncationBias,
    LyapunovSpectrum,
    LyapunovConvergence,
)

__all__ = [
    "FIGURES",
    "AnyFigure",
    "BpttMap",
    "FigureDict",
    "GateProduct",
    "GateRuler",
    "GradientFlow",
    "JacobianPaths",
    "Look",
    "LyapunovConvergence",
    "LyapunovSpectrum",
    "PlotlyFigure",
    "Result",
    "Results",
    "SingularSpectrum",
    "StepEigenvalues",
    "StepNorms",
    "TruncationBias",
    "UnitActivity",
    "UnitSpread",
    "as_plotly",
]
