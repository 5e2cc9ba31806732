"""How far an update moves the weights, compared with their size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Range
from rnnviz.diagnostics.training_result import last_tenth
from rnnviz.figures.figure import Result, Results
from rnnviz.figures.shares import IN_FIGURES, IN_SENTENCES, MatrixName
from rnnviz.figures.training.gradient_norm import size
from rnnviz.figures.training.over_updates import OverUpdates
from rnnviz.figures.training.panels import Line, Panel, Reference
from rnnviz.figures.training.runs import Arm, Curve, arms, bin_size, binned, highest, lowest, middle, stacked
from rnnviz.figures.units import layer_index
from rnnviz.text import Text

USUAL = 1e-3  # a rule of thumb of Karpathy's for a healthy training; drawn as a level, not as a verdict


class UpdateRatio(OverUpdates):
    """‖ΔW‖/‖W‖ of one matrix of every arm."""

    kind: Literal["update_ratio"] = Field("update_ratio", repr=False)
    matrix: MatrixName = "weight_hh"
    layer: Annotated[int, Range(1, 4)] = 1

    @property
    def needs(self) -> tuple[str, ...]:
        return ("update_ratio",)

    def ratios(self, run: Result) -> np.ndarray:
        """(update,)"""
        if "update_ratio" not in run.data:
            return np.empty(0)
        name = f"{self.matrix}_l{layer_index(run.experiment.cell, self.layer)}"
        return run.data["update_ratio"].sel(parameter=name).values

    def panels(self, found: list[Arm], text: Text) -> list[Panel]:
        lines = [Line(arm, self.curve(arm), "update_ratio", arm.name) for arm in found]
        usual = Reference(USUAL, text("figure.update_ratio.usual"))
        ratio = f"‖Δ{IN_FIGURES[self.matrix]}‖ / ‖{IN_FIGURES[self.matrix]}‖"
        return [Panel(ratio, lines, [usual], log=True)]

    def curve(self, arm: Arm) -> Curve:
        """The middle of each bin, over the seeds: low, median, high."""
        step = bin_size(arm.experiment)
        rows = [self.ratios(run) for run in arm.runs]
        bins = stacked([binned(row, step, middle) for row in rows])
        x = np.minimum((np.arange(bins.shape[-1]) + 0.5) * step - 0.5, max(map(len, rows), default=1) - 1)
        return Curve(x, lowest(bins.T), middle(bins.T), highest(bins.T))

    def reading(self, results: Results, text: Text) -> str:
        said = []
        for arm in arms(results, text):
            ratios = np.concatenate([last_tenth(self.ratios(run)) for run in arm.runs])
            if np.isfinite(ratios).any():
                said.append(
                    text("sentence.update_ratio", curve=arm.name, matrix=IN_SENTENCES[self.matrix],
                         ratio=size(float(np.nanmedian(ratios))))
                )  # fmt: skip
        return " ".join(said) or text("sentence.training.not_yet")

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per run: least, median and most over all updates."""
        rows = []
        for arm in arms(results, text):
            for run in arm.runs:
                ratios = self.ratios(run)
                ratios = ratios[np.isfinite(ratios)]
                of: dict[str, Callable[[np.ndarray], Any]] = {"least": np.min, "median": np.median, "most": np.max}
                rows.append(
                    {
                        text("table.curve"): arm.name,
                        text("parameter.seed.label"): str(run.experiment.seed),
                        **{
                            text(f"table.{name}"): size(float(take(ratios))) if len(ratios) else "—"
                            for name, take in of.items()
                        },
                    }
                )
        return pd.DataFrame(rows)
