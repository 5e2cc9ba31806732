"""Diagnostics: one file each, (trace) -> named array. To add one: write its file, name it in DIAGNOSTICS."""

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.gate_product import gate_product
from rnnviz.diagnostics.gradient_flow import gradient_flow
from rnnviz.diagnostics.jacobian_bounds import jacobian_bounds
from rnnviz.diagnostics.jacobian_norm import jacobian_norm
from rnnviz.diagnostics.keeping_gate import keeping_gate
from rnnviz.diagnostics.lyapunov_growth import lyapunov_growth
from rnnviz.diagnostics.unit_activity import unit_activity
from rnnviz.diagnostics.unit_spread import unit_spread

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
    )
}

__all__ = [
    "DIAGNOSTICS",
    "Diagnostic",
    "gate_product",
    "gradient_flow",
    "jacobian_bounds",
    "jacobian_norm",
    "keeping_gate",
    "lyapunov_growth",
    "unit_activity",
    "unit_spread",
]
