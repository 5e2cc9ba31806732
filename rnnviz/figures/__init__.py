"""Figures: one file each, (results, text, look) -> figure. To add one: write its file, name it in FIGURES."""

from typing import TYPE_CHECKING

from rnnviz.figures.activation_use import ActivationUse
from rnnviz.figures.figure import FigureDict, Result, Results, as_plotly
from rnnviz.figures.gate_product import GateProduct
from rnnviz.figures.gate_ruler import GateRuler
from rnnviz.figures.gradient_flow import GradientFlow
from rnnviz.figures.layer_gradient import LayerGradient
from rnnviz.figures.look import Look
from rnnviz.figures.saturation import Saturation
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
    | WeightShares
    | WeightCancellation
    | WeightBlocks
    | ActivationUse
    | Saturation
    | LayerGradient
)
FIGURES = (
    GradientFlow,
    UnitActivity,
    UnitSpread,
    GateProduct,
    GateRuler,
    WeightShares,
    WeightCancellation,
    WeightBlocks,
    ActivationUse,
    Saturation,
    LayerGradient,
)

__all__ = [
    "FIGURES",
    "ActivationUse",
    "AnyFigure",
    "FigureDict",
    "GateProduct",
    "GateRuler",
    "GradientFlow",
    "LayerGradient",
    "Look",
    "PlotlyFigure",
    "Result",
    "Results",
    "Saturation",
    "UnitActivity",
    "UnitSpread",
    "WeightBlocks",
    "WeightCancellation",
    "WeightShares",
    "as_plotly",
]
