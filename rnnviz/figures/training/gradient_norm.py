"""How large the gradient is before and after clipping, how often it is clipped, and how far that turns it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.clipping import ByNorm, ByValue, Clipping
from rnnviz.figures.figure import Results, power_of_ten
from rnnviz.figures.training.over_updates import OverUpdates
from rnnviz.figures.training.panels import Line, Panel
from rnnviz.figures.training.runs import (
    Arm,
    arms,
    highest,
    lowest,
    mean,
    middle,
    over_updates,
)
from rnnviz.text import Text
from rnnviz.training import Training

WHOLE = (lowest, middle, highest)  # a spike of one update is what clipping is for: the band holds every update


class GradientNorm(OverUpdates):
    """‖g‖ full and ‖ĝ‖ dotted, with every single update within the band; then the fraction clipped.

    Clipping by value turns the gradient: then ∠(g, ĝ) as well. Clipping by norm keeps its direction.
    """

    kind: Literal["gradient_norm"] = Field("gradient_norm", repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("gradient_norm", "clipped_gradient_norm", "clipped", "direction_change")

    def panels(self, found: list[Arm], text: Text) -> list[Panel]:
        before = [
            Line(arm, over_updates(arm, "gradient_norm", edges=WHOLE), "gradient_norm", arm.name) for arm in found
        ]
        clipping = [arm for arm in found if clips(arm)]
        after = [
            Line(arm, over_updates(arm, "clipped_gradient_norm", edges=(middle, middle, middle)), "clipped_gradient_norm",
                 text("figure.gradient_norm.after", curve=arm.name), "dot", band=False)
            for arm in clipping
        ]  # fmt: skip
        panels = [Panel(text("figure.gradient_norm.norm"), [*before, *after], log=True, weight=2)]
        if clipping:
            fraction = [Line(arm, over_updates(arm, "clipped"), "clipped") for arm in clipping]
            panels.append(Panel(text("figure.gradient_norm.clipped"), fraction, percent=True))
        if turning := [arm for arm in clipping if clips(arm, ByValue)]:
            whole = (mean, mean, highest)
            angle = [
                Line(arm, over_updates(arm, "direction_change", edges=whole), "direction_change") for arm in turning
            ]
            panels.append(Panel(text("figure.gradient_norm.angle"), angle))
        return panels

    def reading(self, results: Results, text: Text) -> str:
        found = [arm for arm in arms(results, text) if len(together(arm, "gradient_norm"))]
        said = [self.sentence(arm, text) for arm in found]
        return " ".join(said) or text("sentence.training.not_yet")

    def sentence(self, arm: Arm, text: Text) -> str:
        norms = together(arm, "gradient_norm")
        finite = norms[np.isfinite(norms)]
        facts = {"curve": arm.name, "median": size(np.median(finite)) if len(finite) else "—",
                 "most": size(norms.max()) if np.isfinite(norms).all() else "∞"}  # fmt: skip
        if not clips(arm):
            return text("sentence.gradient_norm.whole", **facts)
        clipped, turned = together(arm, "clipped"), together(arm, "direction_change")
        return text(
            "sentence.gradient_norm.clipped", **facts, fraction=f"{100 * float(np.nanmean(clipped)):.3g}",
            angle=degrees(turned),
        )  # fmt: skip

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per arm, over all its updates."""
        rows = []
        for arm in arms(results, text):
            norms = together(arm, "gradient_norm")
            clipped, turned = together(arm, "clipped"), together(arm, "direction_change")
            rows.append(
                {
                    text("table.curve"): arm.name,
                    text("table.median_norm"): size(np.nanmedian(norms)) if len(norms) else "—",
                    text("table.largest_norm"): size(np.nanmax(norms)) if len(norms) else "—",
                    text("table.clipped"): f"{np.nanmean(clipped):.1%}" if len(clipped) else "—",
                    text("table.turned"): f"{degrees(turned)}°" if len(turned) else "—",
                }
            )
        return pd.DataFrame(rows)


def clips(arm: Arm, how: type[Clipping] | tuple[type[Clipping], ...] = (ByNorm, ByValue)) -> bool:
    training = arm.experiment.training
    return isinstance(training, Training) and isinstance(training.clipping, how)


def together(arm: Arm, name: str) -> np.ndarray:
    """All updates of all seeds."""
    return np.concatenate([np.empty(0), *(run.data[name].values for run in arm.runs if name in run.data)])


def degrees(turned: np.ndarray) -> str:
    """The largest; what rounding makes of a gradient that only became shorter is 0."""
    most = float(np.nanmax(turned))
    return f"{most:.3g}" if most >= 0.001 else "0"


def size(norm: float) -> str:
    with np.errstate(divide="ignore"):
        return power_of_ten(float(np.log10(norm)))
