"""The engine: unroll, adjoint, Jacobian products, record, run. It knows nothing of pixels."""

from rnnviz.engine.run import run

__all__ = ["run"]
