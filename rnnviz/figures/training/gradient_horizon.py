"""From which update on can this lag be learnt? The horizon of the gradient of all arms against the lag the task needs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.diagnostics.horizon import horizon_of
from rnnviz.figures.figure import Result, Results
from rnnviz.figures.training.gradient_film import GradientFilm, started
from rnnviz.figures.training.over_updates import OverUpdates
from rnnviz.figures.training.panels import Line, Panel, Reference
from rnnviz.figures.training.runs import Arm, arms, over_snapshots
from rnnviz.text import Text


class GradientHorizon(OverUpdates):
    """Steps back that keep at least a thousandth of the gradient at the loss, against updates."""

    kind: Literal["gradient_horizon"] = Field("gradient_horizon", repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("gradient_profile",)

    def panels(self, found: list[Arm], text: Text) -> list[Panel]:
        lines = [Line(arm, over_snapshots(arm, lags), "horizon", arm.name) for arm in found]
        needed = found[0].experiment.task.needed_lag if found else 0
        level = [Reference(needed, text("figure.gradient_film.needed", lag=needed))] if needed else []
        return [Panel(text("figure.gradient_horizon.y"), lines, level)]

    def reading(self, results: Results, text: Text) -> str:
        """When each arm could first learn the lag, or that it cannot yet."""
        found = [arm for arm in arms(results, text) if any(map(started, arm.runs))]
        if not found:
            return text("sentence.training.not_yet")
        if horizon_of(found[0].experiment, next(filter(started, found[0].runs)).data) is None:
            return text("sentence.horizon.every_step")
        needed = found[0].experiment.task.needed_lag
        if not needed:
            return text("task.no_needed_lag")
        return " ".join([text("sentence.horizon.lag", needed=needed), *(self.sentence(arm, text) for arm in found)])

    def sentence(self, arm: Arm, text: Text) -> str:
        horizons = [found for run in arm.runs if started(run) and (found := horizon_of(run.experiment, run.data))]
        now = np.array([horizon.lags[-1] for horizon in horizons])
        lag = 0 if np.isnan(now).all() else int(np.nanmedian(now))
        since = [one.since for one in horizons if one.since is not None]
        if since:
            seeds = {"reached": len(since), "seeds": len(arm.runs)}
            return text("sentence.horizon.now", curve=arm.name, lag=lag, since=min(since), **seeds)
        last = [one.last_reached for one in horizons if one.last_reached is not None]
        if last:
            return text("sentence.horizon.lost", curve=arm.name, lag=lag, last=max(last))
        return text("sentence.horizon.cannot_yet", curve=arm.name, lag=lag)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        return GradientFilm().table(results, text)


def lags(run: Result) -> np.ndarray | None:
    """(snapshot,)"""
    horizon = horizon_of(run.experiment, run.data) if started(run) else None
    return None if horizon is None else horizon.lags
