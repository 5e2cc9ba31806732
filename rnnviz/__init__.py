"""Gradient dynamics of recurrent networks.

    from rnnviz import Experiment, LSTM, run, sweep, draw

The names below are loaded when they are first used, so that `import rnnviz` costs nothing and the engine brings neither
Streamlit nor Plotly along. `rnnviz/README.md` is the map of the house.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnviz.api import draw, results_of, run, sweep
    from rnnviz.cells import GRU, LSTM, Elman
    from rnnviz.experiment import Experiment, Study, comparison, grid
    from rnnviz.figures import GradientFlow

__version__ = "0.1.0"

_HOMES = {
    "run": "api",
    "sweep": "api",
    "draw": "api",
    "results_of": "api",
    "Experiment": "experiment",
    "Study": "experiment",
    "comparison": "experiment",
    "grid": "experiment",
    "Elman": "cells",
    "LSTM": "cells",
    "GRU": "cells",
    "GradientFlow": "figures",
}

__all__ = [
    "GRU", "LSTM", "Elman", "Experiment", "GradientFlow", "Study", "comparison", "draw", "grid", "results_of", "run",
    "sweep",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnviz' has no attribute {name!r}")
    return getattr(import_module(f"rnnviz.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
