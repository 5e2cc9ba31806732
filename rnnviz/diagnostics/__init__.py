"""Diagnostics: one file each, (trace) -> named array. To add one: write its file, name it in DIAGNOSTICS."""

from rnnviz.diagnostics.bptt_map import bptt_map
from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.gate_product import gate_product
from rnnviz.diagnostics.gradient_flow import gradient_flow
from rnnviz.diagnostics.jacobian_bounds import jacobian_bounds
from rnnviz.diagnostics.jacobian_norm import jacobian_norm
from rnnviz.diagnostics.jacobian_paths import jacobian_paths
from rnnviz.diagnostics.keeping_gate import keeping_gate
from rnnviz.diagnostics.lyapunov_growth import lyapunov_growth
from rnnviz.diagnostics.singular_spectrum import singular_spectrum
from rnnviz.diagnostics.step_spectrum import step_spectrum
from rnnviz.diagnostics.truncated_gradient import truncated_gradient
from rnnviz.diagnostics.unit_activity import unit_activity
from rnnviz.diagnostics.unit_spread import unit_spread
from rnnviz.diagnostics.untied_growth import untied_growth
from rnnviz.diagnostics.weight_spectrum import weight_spectrum

DIAGNOSTICS = {
    diagnostic.name: diagnostic
    for diagnostic in (
        gradient_flow,
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
    )
}

__all__ = [
    "DIAGNOSTICS",
    "Diagnostic",
    "bptt_map",
    "gate_product",
    "gradient_flow",
    "jacobian_bounds",
    "jacobian_norm",
    "jacobian_paths",
    "keeping_gate",
    "lyapunov_growth",
    "singular_spectrum",
    "step_spectrum",
    "truncated_gradient",
    "unit_activity",
    "unit_spread",
    "untied_growth",
    "weight_spectrum",
]
