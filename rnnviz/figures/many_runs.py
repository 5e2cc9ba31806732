"""What figures of many runs share: the parameters that vary among them, as axes, and one number of each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from rnnviz.choice import OneOf, Range, Word, parameter_at
from rnnviz.diagnostics.training_result import last_tenth
from rnnviz.figures.figure import Result, Results, power_of_ten
from rnnviz.figures.training.panels import decades_ticks
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

Measure = Literal["gradient_kept", "loss", "accuracy", "gradient_norm"]
OF_TRAININGS: tuple[Measure, ...] = ("loss", "accuracy", "gradient_norm")
TICKS, APART = 7, 0.13  # at most so many names at an axis, and so far apart, in its length
SAID = 4  # parameters of a run that a sentence says; more are in the table
LONGEST = 16  # characters of a line of an axis' name


class Axis(NamedTuple):
    """One axis. places: of each run, 0 … 1; NaN for a run without a value.   ticks: places with their names.

    said: each run's value in words.   values: the distinct ones in order, as ticks or cells name them.
    """

    title: str
    places: np.ndarray
    ticks: Sequence[tuple[float, str]]
    said: Sequence[str]
    values: Sequence[str]


# — parameters —


def varying(results: Results) -> list[str]:
    """Paths with at least two values among these runs. The seed only where nothing else varies: it draws anew, and sets
    nothing. A parameter that only some runs have, all alike, goes with their kind and is no axis.
    """
    flats = [run.experiment.flat() for run in results.values()]
    paths = dict.fromkeys(path for flat in flats for path in flat)
    several = [path for path in paths if len({str(flat[path]) for flat in flats if path in flat}) > 1]
    return [path for path in several if path != "seed"] or several


def axis_of(path: str, results: Results, text: Text) -> Axis:
    words = [run.experiment.flat().get(path) for run in results.values()]
    declared = next(
        found
        for run in results.values()
        if (found := parameter_at(run.experiment, path)) and path in run.experiment.flat()
    )
    present = {word for word in words if word is not None}
    domain = declared.domain
    order = sorted(present, key=lambda word: domain.words.index(spelt(word)) if isinstance(domain, OneOf) else word)
    scale = places_of(order, isinstance(domain, Range) and domain.log)
    names = [said(path, word, text) for word in order]
    by_word = dict(zip(order, scale, strict=True))
    places = np.array([by_word[word] if word is not None else np.nan for word in words])
    spoken = [said(path, word, text) for word in words]
    return Axis(label(path, text), places, spaced(list(zip(scale, names, strict=True))), spoken, names)


def places_of(order: Sequence[Word], log: bool) -> list[float]:
    """Numbers in proportion, on a log axis where they are declared so; words at equal distances."""
    if len(order) == 1:
        return [0.5]
    if any(isinstance(word, str | bool) for word in order):
        return [k / (len(order) - 1) for k in range(len(order))]
    values = np.array([float(word) for word in order])
    if log and values[0] > 0:
        values = np.log(values)
    return [float(place) for place in (values - values[0]) / (values[-1] - values[0])]


def spaced(ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The first, the last, and of those between as many as have room."""
    if len(ticks) <= TICKS and all(b - a >= APART for (a, _), (b, _) in pairwise(ticks)):
        return ticks
    kept = [ticks[0]]
    for tick in ticks[1:-1]:
        if tick[0] - kept[-1][0] >= APART and ticks[-1][0] - tick[0] >= APART:
            kept.append(tick)
    return [*kept, ticks[-1]]


def spelt(word: Word) -> str:
    return str(word).lower() if isinstance(word, bool) else str(word)


def label(path: str, text: Text) -> str:
    key = f"parameter.{path.rpartition('.')[2]}.label"
    return text(key) if key in text else path


def said(path: str, word: Word | None, text: Text) -> str:
    if word is None:
        return "–"
    key = f"option.{path.rpartition('.')[2]}.{word}.label"
    return text(key) if key in text else f"{word:.6g}" if isinstance(word, float) else spelt(word)


# — what came out —


def measured(run: Result, measure: Measure) -> float:
    """As it stands on an axis: decades, but the accuracy is a share. NaN for a run that diverged or has no such number."""
    if measure not in run.data:
        return np.nan
    values = run.data[measure].values
    if measure == "gradient_kept":
        return float(values)  # decades already; −∞ is an exact zero
    if values.ndim != 1 or not len(values):
        return np.nan
    end = float(last_tenth(values).mean())
    with np.errstate(divide="ignore", invalid="ignore"):
        return end if measure == "accuracy" else float(np.log10(end))


def measures(results: Results, measure: Measure) -> np.ndarray:
    """(run,)"""
    return np.array([measured(run, measure) for run in results.values()], float)


def number(value: float, measure: Measure, *, html: bool = False) -> str:
    if np.isnan(value):
        return "–"
    if measure == "accuracy":
        return f"{value:.1%}"
    if measure == "gradient_kept":
        return power_of_ten(value, html=html)
    return numeral(10**value) if np.isfinite(value) else power_of_ten(value)


def scale_of(values: np.ndarray, measure: Measure) -> tuple[float, float, list[tuple[float, str]]]:
    """The ends of an axis with all finite values, and its ticks in the units of the values."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    if measure == "accuracy":
        return low, high, [(float(v), f"{v:.0%}") for v in np.linspace(low, high, 5)]
    ticks = decades_ticks(low, high)
    found = list(zip(ticks["tickvals"], ticks["ticktext"], strict=True))
    return low, high, found or [(low, number(low, measure, html=True)), (high, number(high, measure, html=True))]


def measure_axis(results: Results, measure: Measure, text: Text) -> Axis:
    values = measures(results, measure)
    low, high, ticks = scale_of(values, measure)
    places = np.where(np.isfinite(values), (values - low) / (high - low), np.nan)
    scaled = [((value - low) / (high - low), name) for value, name in ticks]
    spoken = [number(value, measure, html=True) for value in values]
    return Axis(text(f"option.measure.{measure}.label"), places, spaced(scaled) if scaled else [], spoken, [])


# — in words and numbers —


def names(results: Results) -> list[str]:
    """The title that a person gave it, else the name that it has in its study; of a number or a key enough to find it."""

    def own(name: str, run: Result) -> str:
        return f"#{name}" if name.isdigit() else f"#{name[:4]}" if name == run.experiment.key else name

    return [str(run.data.attrs.get("title") or own(name, run)) for name, run in results.items()]


def hover(k: int, name: str, axes: Sequence[Axis]) -> str:
    return "<br>".join([f"<b>{escape(name)}</b>", *(f"{axis.title}: {escape_words(axis.said[k])}" for axis in axes)])


def escape_words(said: str) -> str:
    return said if "<sup>" in said else escape(said)


def reading(results: Results, measure: Measure, text: Text) -> str:
    """What varies, which run has most and which least, and how many have nothing to show."""
    paths, values, named = varying(results), measures(results, measure), names(results)
    if not paths:
        return text("sentence.many_runs.nothing_varies")
    what = text(f"option.measure.{measure}.label")
    parts = [
        text("sentence.many_runs.varies", runs=len(named), parameters=", ".join(label(path, text) for path in paths))
    ]
    if np.isfinite(values).any():
        shown = np.where(np.isfinite(values), values, np.nan)
        ends = {"most": int(np.nanargmax(shown)), "least": int(np.nanargmin(shown))}
        facts = {key: described(k, results, paths, text) for key, k in ends.items()}
        numbers = {f"{key}_value": number(float(values[k]), measure) for key, k in ends.items()}
        parts.append(text("sentence.many_runs.ends", measure=what, **facts, **numbers))
    zero, none = int(np.isneginf(values).sum()), int((np.isnan(values) | np.isposinf(values)).sum())
    parts += [text("sentence.many_runs.zero", runs=zero)] if zero else []
    parts += [text("sentence.many_runs.none", runs=none)] if none else []
    return " ".join(parts)


def described(k: int, results: Results, paths: Sequence[str], text: Text) -> str:
    name, run = names(results)[k], list(results.values())[k]
    if len(paths) > SAID:
        return name
    flat = run.experiment.flat()
    own = ", ".join(f"{label(path, text)} = {said(path, flat[path], text)}" for path in paths if path in flat)
    return text("sentence.many_runs.run", name=name, setting=own)


def table(results: Results, measure: Measure, text: Text) -> pd.DataFrame:
    """A row a run."""
    values, paths = measures(results, measure), varying(results)
    columns: Mapping[str, list[Any]] = {
        text("table.curve"): names(results),
        **{label(path, text): list(axis_of(path, results, text).said) for path in paths},
        text(f"option.measure.{measure}.label"): [number(value, measure) for value in values],
    }
    return pd.DataFrame(columns)


def data(results: Results, measure: Measure) -> pd.DataFrame:
    """A row a run: its name, every parameter that varies, and the number as it stands on the axis."""
    values = measures(results, measure)
    flats = [run.experiment.flat() for run in results.values()]
    unit = measure if measure == "accuracy" else f"log10_{measure}"
    return pd.DataFrame(
        {"run": names(results), **{path: [flat.get(path) for flat in flats] for path in varying(results)}, unit: values}
    )


def in_lines(title: str) -> str:
    """An axis' name in lines that do not run into its neighbour's."""
    lines: list[str] = []
    for word in title.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= LONGEST:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "<br>".join(lines)
