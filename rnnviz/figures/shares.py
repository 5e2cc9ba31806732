"""What the figures of the weight gradient share: which matrix, which rows of it, and how both are named."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
import xarray as xr

from rnnviz.cells.cell import Cell
from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.weight_gradient import ALL, SHARE
from rnnviz.figures import units
from rnnviz.figures.figure import FigureDict, Result, Results
from rnnviz.figures.look import Look
from rnnviz.figures.survival import name_of
from rnnviz.text import Text

MatrixName = Literal["weight_hh", "weight_ih"]
BlockName = Literal["all", "input_gate", "forget_gate", "candidate", "output_gate", "reset_gate", "update_gate"]
IN_FIGURES = {"weight_hh": "<i>W</i><sub>hh</sub>", "weight_ih": "<i>W</i><sub>ih</sub>"}
IN_SENTENCES = {"weight_hh": "W_hh", "weight_ih": "W_ih"}


class OfMatrix(Choice):
    """A figure of one matrix: of all its rows or those of one gate, in one layer."""

    matrix: MatrixName = "weight_hh"
    block: BlockName = "all"
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("weight_gradient",)

    def curves(self, result: Result) -> dict[str, np.ndarray]:
        return shares(result, self.matrix, self.block, self.layer)

    @abstractmethod
    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        """What is drawn of these curves."""


def blocks_of(cell: Cell) -> tuple[str, ...]:
    """All rows, and those of each gate; a cell with one gate has no smaller part."""
    return (ALL, *cell.gate_names) if len(cell.gate_names) > 1 else (ALL,)


def block_for(cell: Cell, asked: str) -> str:
    """The rows that were asked for if the cell has them, else all."""
    return asked if asked in blocks_of(cell) else ALL


def shares(result: Result, matrix: str, block: str, layer: int) -> dict[str, np.ndarray]:
    """size, projection, tail and tail_of_sizes against time; empty where there is no gradient."""
    return of_block(result, matrix, block_for(result.experiment.cell, block), layer)


def of_block(result: Result, matrix: str, block: str, layer: int) -> dict[str, np.ndarray]:
    """The same of rows that the cell has, be they all that there are."""
    found = result.data["weight_gradient"]
    if not found.sizes["time"]:
        return {name: np.empty(0) for name in SHARE}
    at = units.layer_index(result.experiment.cell, layer)
    chosen = found.sel(matrix=matrix, block=block).isel(layer=at)
    return {str(name): chosen.values[k] for k, name in enumerate(found["share"].values)}


def time_of(result: Result) -> np.ndarray:
    found: xr.DataArray = result.data["weight_gradient"]
    return found["time"].values.astype(int) if found.sizes["time"] else np.empty(0, int)


def norm_of(curves: dict[str, np.ndarray]) -> float:
    """log₁₀ ‖G‖; −∞ for a gradient of zero or none."""
    return float(curves["tail"][0]) if len(curves["tail"]) else -np.inf


def relative(curves: dict[str, np.ndarray]) -> np.ndarray:
    """log₁₀ ‖S_t‖ / ‖G‖; NaN where G is zero."""
    with np.errstate(invalid="ignore"):
        return curves["size"] - norm_of(curves)


def drawable(curves: dict[str, np.ndarray]) -> bool:
    return bool(np.isfinite(norm_of(curves)))


def in_percent(fraction: float) -> str:
    """31, 4.2, 0.07, −12; more than 100 where steps pull against each other."""
    return f"{float(f'{100 * fraction:.2g}'):.10g}".replace("-", "−")


def finite(log_norms: np.ndarray) -> np.ndarray:
    """An exact zero is drawn as a gap."""
    return np.where(np.isfinite(log_norms), log_norms, np.nan)


def without_gradient(result: Result, curves: dict[str, np.ndarray], matrix: str, text: Text) -> str:
    """The sentence in place of a figure that has nothing to show."""
    if not len(curves["tail"]):
        return units.overflowed(result, text)
    name = "zero" if np.isneginf(norm_of(curves)) else "not_finite"
    return text(f"sentence.weight_gradient.{name}", curve=name_of(result, text), matrix=matrix)


def in_sentences(result: Result, matrix: str, block: str, text: Text) -> str:
    return IN_SENTENCES[matrix] + rows_in_words(result, block, text)


def in_figures(result: Result, matrix: str, block: str, text: Text) -> str:
    return IN_FIGURES[matrix] + rows_in_words(result, block, text)


def rows_in_words(result: Result, block: str, text: Text) -> str:
    """ "" for all rows, else which, to stand behind the name of a matrix."""
    block = block_for(result.experiment.cell, block)
    return "" if block == ALL else text("figure.weight_gradient.rows", gate=text(f"option.block.{block}.label"))
