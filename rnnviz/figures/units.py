"""What the figures of one network's units share: which network, which layer, which variable, and how they are named."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from rnnviz.cells.cell import Cell
from rnnviz.diagnostics.unit_activity import variables_of
from rnnviz.figures.figure import Result, Results, computed_for
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

VariableName = Literal[
    "input_gate",
    "forget_gate",
    "output_gate",
    "reset_gate",
    "update_gate",
    "candidate",
    "cell_state",
    "hidden_state",
]
SYMBOLS = {"forget_gate": "f", "update_gate": "z"}


def first(results: Results) -> tuple[str, Result]:
    """The network that is drawn: the first of those given."""
    return next(iter(results.items()))


def variable_for(cell: Cell, asked: str) -> str:
    """The variable that was asked for if the cell has it, else the one that stands in its place."""
    return asked if asked in variables_of(cell) else cell.keeping_gate or "hidden_state"


def layer_index(cell: Cell, asked: int) -> int:
    """A layer above the last means the last."""
    return min(asked, cell.layers) - 1


def gate_in_words(cell: Cell, option: str, gate: str, text: Text) -> str:
    """The name of a gate's rows; a cell without gates has nothing that is only a candidate: its rows make the state."""
    return text("figure.units.state") if len(cell.gate_names) == 1 else text(f"option.{option}.{gate}.label")


def is_gate(variable: str) -> bool:
    return variable.endswith("_gate")


def last_step(result: Result) -> int:
    """The last time step that there is: T, or the one before the state overflowed."""
    attributes = result.data.attrs
    ended = attributes["outcome"] == "diverged"
    return attributes["overflow_time"] - 1 if ended else result.experiment.task.sequence_length


def log_keeping(result: Result, layer: int) -> np.ndarray:
    """Mean ln of the keeping gate of every unit of a layer; empty for a cell without one."""
    return keeping(result, layer, "mean_log")


def mean_keeping(result: Result, layer: int) -> np.ndarray:
    """Mean of the keeping gate of every unit of a layer; empty for a cell without one."""
    return keeping(result, layer, "mean")


def keeping(result: Result, layer: int, mean: str) -> np.ndarray:
    if not result.data.sizes["layer"]:  # it overflowed at its first step
        return np.empty(0)
    return result.data["keeping_gate"].sel(mean=mean).values[layer_index(result.experiment.cell, layer)]


def drawable(result: Result) -> bool:
    """Whether there is a single time step to draw: a network may overflow at its first."""
    return all(result.data.sizes.get(dim, 1) > 0 for dim in ("layer", "kept_time"))


def nearest_step(result: Result, time: int) -> int:
    """Index of the decomposed time step that is nearest to the one asked for; a step beyond the end means the last."""
    return int(np.abs(result.data["kept_step"].values - time).argmin())


def step_at(result: Result, time: int) -> int:
    """That step itself, counted from 1; 0 if there is none."""
    steps = result.data["kept_step"].values
    return int(steps[nearest_step(result, time)]) if len(steps) else 0


def half_life(log_gate: float) -> float:
    """ln ½ / ln f: the steps after which half of what was held is left."""
    return math.log(0.5) / log_gate if log_gate < 0 else math.inf


def steps_in_words(steps: float) -> str:
    return "∞" if math.isinf(steps) or steps >= 1e7 else f"{float(f'{steps:.3g}'):.10g}"


def percent(fraction: float) -> str:
    return f"{100 * fraction:.0f}"


def subtitle(result: Result, layer: int | None, text: Text) -> str:
    """What the figure was computed for, with the layer where it shows one of several, and how the run ended if it did."""
    parts = [computed_for(result.experiment, text)]
    if layer is not None and result.experiment.cell.layers > 1:
        parts.append(text("figure.units.layer", layer=layer_index(result.experiment.cell, layer) + 1))
    if result.data.attrs["outcome"] == "diverged":
        parts.append("✕ " + text("figure.overflow", time=result.data.attrs["overflow_time"]))
    return " · ".join(parts)


def of_example(result: Result, layer: int | None, text: Text) -> str:
    """The same of a figure that shows one example."""
    return (
        subtitle(result, layer, text)
        + " · "
        + text("figure.units.example", example=result.data.attrs.get("example", 0) + 1)
    )


def overflowed(result: Result, text: Text) -> str:
    """The sentence in place of a figure that has nothing to show."""
    attributes = result.data.attrs
    time, dtype = attributes["overflow_time"], result.experiment.dtype
    return text("sentence.overflow", curve=name_of(result, text), time=time, dtype=dtype)
