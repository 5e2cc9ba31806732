"""Diagnostics: one file each, (trace) -> named array. To add one: write its file, name it in DIAGNOSTICS."""

from rnnviz.diagnostics.diagnostic import Diagnostic
from rnnviz.diagnostics.gradient_flow import gradient_flow
from rnnviz.diagnostics.jacobian_bounds import jacobian_bounds
from rnnviz.diagnostics.jacobian_norm import jacobian_norm

DIAGNOSTICS = {diagnostic.name: diagnostic for diagnostic in (gradient_flow, jacobian_norm, jacobian_bounds)}

__all__ = ["DIAGNOSTICS", "Diagnostic", "gradient_flow", "jacobian_bounds", "jacobian_norm"]
