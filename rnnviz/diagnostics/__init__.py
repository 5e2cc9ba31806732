"""Diagnostics: one file each, (trace) -> named array. To add one: write its file, name it in DIAGNOSTICS."""

from rnnviz.diagnostics.activation_histogram import activation_histogram
from rnnviz.diagnostics.activation_slopes import activation_slopes
from rnnviz.diagnostics.activation_totals import activation_totals
from rnnviz.diagnostics.bptt_map import bptt_map
from rnnviz.diagnostics.clipped_gradient import clipped_gradient
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.gate_product import gate_product
from rnnviz.diagnostics.gradient_flow import gradient_flow
from rnnviz.diagnostics.gradient_kept import gradient_kept
from rnnviz.diagnostics.gradient_rate import gradient_rate
from rnnviz.diagnostics.jacobian_bounds import jacobian_bounds
from rnnviz.diagnostics.jacobian_norm import jacobian_norm
from rnnviz.diagnostics.jacobian_paths import jacobian_paths
from rnnviz.diagnostics.keeping_gate import keeping_gate
from rnnviz.diagnostics.layer_gradient import layer_gradient
from rnnviz.diagnostics.lyapunov_growth import lyapunov_growth
from rnnviz.diagnostics.rounded_gradient import rounded_gradient
from rnnviz.diagnostics.singular_spectrum import singular_spectrum
from rnnviz.diagnostics.slope_by_autograd import slope_by_autograd
from rnnviz.diagnostics.step_biases import step_biases
from rnnviz.diagnostics.step_numbers import step_numbers
from rnnviz.diagnostics.step_spectrum import step_spectrum
from rnnviz.diagnostics.truncated_gradient import truncated_gradient
from rnnviz.diagnostics.unit_activity import unit_activity
from rnnviz.diagnostics.unit_spread import unit_spread
from rnnviz.diagnostics.untied_growth import untied_growth
from rnnviz.diagnostics.weight_gradient import weight_gradient
from rnnviz.diagnostics.weight_spectrum import weight_spectrum

DIAGNOSTICS = {
    diagnostic.name: diagnostic
    for diagnostic in (
        gradient_flow,
        gradient_kept,
        gradient_rate,
        jacobian_norm,
        jacobian_bounds,
        unit_activity,
        unit_spread,
        keeping_gate,
        gate_product,
        lyapunov_growth,
        untied_growth,
        singular_spectrum,
        jacobian_paths,
        step_spectrum,
        weight_spectrum,
        bptt_map,
        truncated_gradient,
        weight_gradient,
        activation_histogram,
        activation_slopes,
        activation_totals,
        step_numbers,
        step_biases,
        layer_gradient,
        clipped_gradient,
        slope_by_autograd,
        rounded_gradient,
    )
}

__all__ = [
    "DIAGNOSTICS",
    "Diagnostic",
    "activation_histogram",
    "activation_slopes",
    "activation_totals",
    "bptt_map",
    "clipped_gradient",
    "gate_product",
    "gradient_flow",
    "gradient_kept",
    "gradient_rate",
    "jacobian_bounds",
    "jacobian_norm",
    "jacobian_paths",
    "keeping_gate",
    "layer_gradient",
    "lyapunov_growth",
    "rounded_gradient",
    "singular_spectrum",
    "slope_by_autograd",
    "step_biases",
    "step_numbers",
    "step_spectrum",
    "truncated_gradient",
    "unit_activity",
    "unit_spread",
    "untied_growth",
    "weight_gradient",
    "weight_spectrum",
]
