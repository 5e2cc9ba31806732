"""The engine: unroll, adjoint, Jacobian products, record, run, train. It knows nothing of pixels."""

from rnnviz.engine.run import run
from rnnviz.engine.training import Trainer, train

__all__ = ["Trainer", "run", "train"]
