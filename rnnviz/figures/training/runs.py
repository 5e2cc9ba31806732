"""Several trainings as a few arms: the runs that differ in nothing but their seed are one curve with a band."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import xarray as xr

from rnnviz.choice import Flat, OneOf, Range, Word, parameter_at
from rnnviz.diagnostics.training_result import last_tenth
from rnnviz.experiment import Experiment
from rnnviz.figures.figure import Result, Results
from rnnviz.figures.look import Look
from rnnviz.text import Text

POINTS = 240  # bins of a whole training: more than a phone has room for, and a live figure stays small
NAMED_ALREADY = ("seed", "cell", "cell.activation")  # by the curve, or by the number of seeds

Within = Callable[[np.ndarray], np.ndarray]  # (bin, update in the bin) -> (bin,)


class Arm(NamedTuple):
    """Runs of one experiment with different seeds, in the order of the study."""

    name: str
    runs: tuple[Result, ...]
    place: int  # among the arms, from 0
    by_cell: bool  # whether no other arm has this cell

    @property
    def experiment(self) -> Experiment:
        return self.runs[0].experiment

    @property
    def cell(self) -> str:
        return self.experiment.cell.kind

    def colour(self, look: Look) -> str:
        return look.colour(self.cell) if self.by_cell else look.of_several(self.place)


class Curve(NamedTuple):
    """One quantity of an arm against updates: the middle and the edges, over its seeds."""

    x: np.ndarray
    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


def arms(results: Results, text: Text) -> list[Arm]:
    grouped: dict[Experiment, list[Result]] = {}
    for result in results.values():
        grouped.setdefault(of_any_seed(result.experiment), []).append(result)
    cells, names = [experiment.cell.kind for experiment in grouped], arm_names(grouped, text)
    return [
        Arm(names[experiment], tuple(runs), place, cells.count(experiment.cell.kind) == 1)
        for place, (experiment, runs) in enumerate(grouped.items())
    ]


def of_any_seed(experiment: Experiment) -> Experiment:
    """Equal for experiments that differ in their seed alone."""
    return experiment.model_copy(update={"seed": 0})


def arm_at(found: Sequence[Arm], asked: int) -> Arm:
    """The arm of this number, counted from 1; a number beyond the last means the last."""
    return found[min(asked, len(found)) - 1]


# — names —


def arm_names(experiments: Iterable[Experiment], text: Text) -> dict[Experiment, str]:
    """The name of every arm, by the experiment of any seed; in order."""
    apart = list(dict.fromkeys(map(of_any_seed, experiments)))
    return dict(zip(apart, names_of(apart, text), strict=True))


def names_of(experiments: Sequence[Experiment], text: Text) -> list[str]:
    """Cell and activation; where these are not enough, whatever else tells the experiments apart."""
    curves = [curve_name(one, text) for one in experiments]
    if len(set(curves)) == len(curves):
        return curves
    flats = [one.flat() for one in experiments]
    return [
        " · ".join([curve, *(said(one, path, flat[path], text) for path in apart(flats))])
        for curve, one, flat in zip(curves, experiments, flats, strict=True)
    ]


def curve_name(experiment: Experiment, text: Text) -> str:
    cell = experiment.cell
    return f"{text(f'option.cell.{cell.kind}.short')} · {text(f'option.activation.{cell.activation}.label')}"


def apart(flats: Sequence[Flat]) -> list[str]:
    """What all of them have and do not all have alike."""
    everywhere = [path for path in flats[0] if all(path in flat for flat in flats)] if flats else []
    return [path for path in everywhere if path not in NAMED_ALREADY and len({flat[path] for flat in flats}) > 1]


def said(experiment: Experiment, path: str, word: Word, text: Text) -> str:
    declared = parameter_at(experiment, path)
    assert declared is not None  # the path comes from this experiment
    match declared.domain:
        case OneOf():
            option = text(f"option.{declared.name}.{word}.label")
            return text("figure.training.option", name=text(f"parameter.{declared.name}.label"), option=option)
        case Range(symbol=symbol) if symbol:
            return f"{spoken(symbol)} = {word:.6g}" if isinstance(word, float) else f"{spoken(symbol)} = {word}"
    return f"{text(f'parameter.{declared.name}.label')} {word}"


def spoken(symbol: str) -> str:
    """A symbol for sentences as well as for figures: b_f, without marks."""
    return re.sub("<[^>]*>", "", symbol.replace("<sub>", "_"))


def computed_for(found: Sequence[Arm], text: Text) -> str:
    """What all these runs have in common, in one line."""
    if not found:
        return ""
    e, seeds = found[0].experiment, max(len(arm.runs) for arm in found)
    widths = sorted({arm.experiment.cell.hidden_size for arm in found})
    layers = e.cell.layers
    parts = [
        text(f"option.task.{e.task.kind}.label"),
        f"T = {e.task.sequence_length}",
        f"H = {', '.join(map(str, widths))}" + (f" × {layers}" if layers > 1 else ""),
        f"N = {e.batch_size}",
        text("figure.training.seeds", seeds=seeds),
    ]
    if e.training.kind == "training":
        optimizer = e.training.optimizer
        parts.insert(3, f"{text(f'option.optimizer.{optimizer.kind}.label')} η = {optimizer.learning_rate:g}")
    return escape(" · ".join(parts))


# — numbers —


def mean(values: np.ndarray) -> np.ndarray:
    return aggregate(values, np.nanmean)


def lowest(values: np.ndarray) -> np.ndarray:
    return aggregate(values, np.nanmin)


def middle(values: np.ndarray) -> np.ndarray:
    return aggregate(values, np.nanmedian)


def highest(values: np.ndarray) -> np.ndarray:
    return aggregate(values, np.nanmax)


def aggregate(values: np.ndarray, over: Callable[..., np.ndarray]) -> np.ndarray:
    """Over the last axis, of what is there; NaN where nothing is."""
    out = np.full(values.shape[:-1], np.nan)
    there = ~np.isnan(values).all(-1)
    if there.any():
        out[there] = over(values[there], axis=-1)
    return out


def bin_size(experiment: Experiment) -> int:
    """Updates that one point stands for; the same at every moment of a training."""
    return max(1, -(-experiment.training.updates // POINTS))


def binned(values: np.ndarray, size: int, within: Within) -> np.ndarray:
    """(update,) -> (bin,); the last bin may still be filling."""
    bins = -(-len(values) // size)
    padded = np.full(bins * size, np.nan)
    padded[: len(values)] = values
    return within(padded.reshape(bins, size))


def over_updates(arm: Arm, name: str, *, edges: tuple[Within, Within, Within] = (mean, mean, mean)) -> Curve:
    """A quantity (update,) of all seeds of an arm: in each bin low, middle and high, then the same over the seeds."""
    size = bin_size(arm.experiment)
    rows = [run.data[name].values.astype(float) for run in arm.runs if name in run.data]
    low, median, high = (stacked([binned(row, size, within) for row in rows]) for within in edges)
    bins = low.shape[-1]
    x = np.minimum((np.arange(bins) + 0.5) * size - 0.5, max(map(len, rows), default=1) - 1)
    return Curve(x, lowest(low.T), middle(median.T), highest(high.T))


def over_snapshots(arm: Arm, values: Callable[[Result], np.ndarray | None]) -> Curve:
    """A quantity (snapshot,) of all seeds: each run's own snapshots lie at the same updates."""
    rows = [(run.data["snapshot"].values, found) for run in arm.runs if (found := values(run)) is not None]
    x = max((updates for updates, _ in rows), key=len, default=np.empty(0))
    together = stacked([found for _, found in rows])
    return Curve(x.astype(float), lowest(together.T), middle(together.T), highest(together.T))


def stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    """(seed, point), with NaN where a run has not come, or has ended before."""
    longest = max(map(len, rows), default=0)
    out = np.full((len(rows), longest), np.nan)
    for k, row in enumerate(rows):
        out[k, : len(row)] = row
    return out


def updates_made(data: xr.Dataset) -> int:
    return int(data.sizes.get("update", 0))


def at_the_end(result: Result, name: str) -> float:
    """The mean over the last tenth of the updates that were made; NaN before there is one."""
    if name not in result.data or not updates_made(result.data):
        return np.nan
    return float(last_tenth(result.data[name].values).mean())


def snapshot_at(data: xr.Dataset, update: int) -> int | None:
    """The place of the last snapshot not after this update; the first where there is none so early."""
    updates = data["snapshot"].values if "snapshot" in data.coords else np.empty(0)
    if not len(updates):
        return None
    return max(int(np.searchsorted(updates, update, side="right")) - 1, 0)


# — endings —


def ending(result: Result, text: Text) -> str:
    """How a run ended, or how far it is."""
    attributes: Mapping[str, object] = result.data.attrs
    state = attributes.get("outcome", "running")
    return text(
        f"figure.training.outcome.{state}", update=attributes.get("ended_at", updates_made(result.data)),
        quantity=attributes.get("overflow_quantity", ""), parameter=attributes.get("overflow_parameter", ""),
        dtype=result.experiment.dtype,
    )  # fmt: skip


def diverged(arm: Arm) -> list[Result]:
    return [run for run in arm.runs if run.data.attrs.get("outcome") == "diverged"]
