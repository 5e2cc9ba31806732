"""Diagnostics: one file each, (trace) -> named array. To add one: write its file, name it in DIAGNOSTICS."""

from rnnviz.diagnostics.activation_histogram import activation_histogram
from rnnviz.diagnostics.activation_slopes import activation_slopes
from rnnviz.diagnostics.activation_totals import activation_totals
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.gate_product import gate_product
from rnnviz.diagnostics.gradient_flow import gradient_flow
from rnnviz.diagnostics.gradient_kept import gradient_kept
from rnnviz.diagnostics.jacobian_bounds import jacobian_bounds
from rnnviz.diagnostics.jacobian_norm import jacobian_norm
from rnnviz.diagnostics.keeping_gate import keeping_gate
from rnnviz.diagnostics.layer_gradient import layer_gradient
from rnnviz.diagnostics.step_biases import step_biases
from rnnviz.diagnostics.step_numbers import step_numbers
from rnnviz.diagnostics.unit_activity import unit_activity
from rnnviz.diagnostics.unit_spread import unit_spread
from rnnviz.diagnostics.weight_gradient import weight_gradient

DIAGNOSTICS = {
    diagnostic.name: diagnostic
    for diagnostic in (
        gradient_flow,
        gradient_kept,
        jacobian_norm,
        jacobian_bounds,
        unit_activity,
        unit_spread,
        keeping_gate,
        gate_product,
        weight_gradient,
        activation_histogram,
        activation_slopes,
        activation_totals,
        step_numbers,
        step_biases,
        layer_gradient,
    )
}

__all__ = [
    "DIAGNOSTICS",
    "Diagnostic",
    "activation_histogram",
    "activation_slopes",
    "activation_totals",
    "gate_product",
    "gradient_flow",
    "gradient_kept",
    "jacobian_bounds",
    "jacobian_norm",
    "keeping_gate",
    "layer_gradient",
    "step_biases",
    "step_numbers",
    "unit_activity",
    "unit_spread",
    "weight_gradient",
]
