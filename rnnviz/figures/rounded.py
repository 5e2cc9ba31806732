"""A backward pass that was really run in a format, beside the exact one: value, subnormal, exactly zero, overflowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from rnnviz.figures.figure import Result, Results, power_of_ten
from rnnviz.figures.survival import flow_of, name_of
from rnnviz.precision import PRECISIONS
from rnnviz.text import Text

BackwardName = Literal["exact", "float16", "bfloat16", "float32", "float64"]


class Ended(NamedTuple):
    """The lags from the loss at which the median curve is first in a state; None where it never is.

    `at_first` is log₁₀ of the norm at t = 1 and `exact` what it is without rounding.
    """

    subnormal: int | None
    zero: int | None
    overflow: int | None
    at_first: float
    exact: float


def rows_of(result: Result, precision: str) -> dict[str, np.ndarray]:
    """low, median, high and largest against time; empty where there is no gradient."""
    found = result.data["rounded_gradient"]
    names = found["of_rounded"].values.tolist()
    chosen = found.values[found["precision"].values.tolist().index(precision)]
    return {name: chosen[k] for k, name in enumerate(names)}


def curve(result: Result, precision: str) -> np.ndarray:
    return rows_of(result, precision)["median"]


def states(result: Result, precision: str) -> dict[str, np.ndarray]:
    """Where the median curve is what, by time step. Subnormal: no entry of the gradient is a normal number any more."""
    found = rows_of(result, precision)
    norm = found["median"]
    subnormal = np.isfinite(norm) & (found["largest"] < PRECISIONS[precision].normal)
    return {
        "value": np.isfinite(norm) & ~subnormal,
        "subnormal": subnormal,
        "zero": np.isneginf(norm),
        "overflow": np.isposinf(norm),
    }


def ended(result: Result, precision: str) -> Ended | None:
    """None where there is no gradient."""
    at, exact = states(result, precision), flow_of(result.data, "state", "median")
    norm = curve(result, precision)
    there = np.flatnonzero(np.isfinite(exact))
    if not len(there):
        return None
    first = {
        name: int(there[-1] - np.flatnonzero(found[: there[-1] + 1])[-1]) if found[: there[-1] + 1].any() else None
        for name, found in at.items()
    }
    return Ended(first["subnormal"], first["zero"], first["overflow"], float(norm[0]), float(exact[0]))


def traces(result: Result, precision: str, name: str, stroke: dict[str, Any], text: Text) -> Iterator[dict[str, Any]]:
    """A full line; open circles where it is subnormal; a cross before it is zero; a triangle before it overflows.

    Each carries its `state` and its `points` (time, log₁₀ norm), which the figure puts on its axes.
    """
    at, norm = states(result, precision), curve(result, precision)
    time = np.arange(1, len(norm) + 1)
    if not len(norm):
        norm, time, at = np.full(1, np.nan), np.full(1, np.nan), {name: np.zeros(1, bool) for name in at}
    yield {"state": "value", "mode": "lines", "name": name, "line": {**stroke, "width": 3},
           "points": (time, np.where(at["value"], norm, np.nan))}  # fmt: skip
    if at["subnormal"].any():
        marker = {"symbol": "circle-open", "size": 6, "color": stroke["color"]}
        yield {"state": "subnormal", "mode": "markers", "name": name, "marker": marker,
               "points": (time, np.where(at["subnormal"], norm, np.nan))}  # fmt: skip
    if at["overflow"].any() and not np.isfinite(norm).any():  # at the loss itself: it stands on the exact curve
        norm = np.where(
            np.arange(len(norm)) == np.flatnonzero(at["overflow"])[-1], flow_of(result.data, "state", "median"), norm
        )
    for state, symbol in (("zero", "x"), ("overflow", "triangle-up")):
        last = before(at[state], np.isfinite(norm))
        if last is not None:
            marker = {"symbol": symbol, "size": 12, "color": stroke["color"]}
            yield {"state": state, "mode": "markers", "name": name, "marker": marker,
                   "points": (time[last : last + 1], norm[last : last + 1])}  # fmt: skip


def before(state: np.ndarray, finite: np.ndarray) -> int | None:
    """The last finite place on the way back before a curve is in this state; None if it never is."""
    reached = np.flatnonzero(state)
    beyond = np.flatnonzero(finite & (np.arange(len(finite)) >= reached.min(initial=len(finite))))
    return int(beyond[0]) if len(reached) and len(beyond) else None


def reading(results: Results, precision: str, text: Text) -> str:
    """What became of the curve that loses most, and of one that overflows."""
    found = {name: one for name, result in results.items() if (one := ended(result, precision)) is not None}
    over = [name for name, one in found.items() if one.overflow is not None]
    gone = [name for name, one in found.items() if one.zero is not None or one.subnormal is not None]
    said = [text("rounded.sentence.head", dtype=precision)] if found else []
    if over:
        first = min(over, key=lambda name: found[name].overflow or 0)
        said.append(text("rounded.sentence.overflow", curve=name_of(results[first], text), lag=found[first].overflow))
    if gone:
        first = min(gone, key=lambda name: (found[name].zero is None, found[name].zero or found[name].subnormal or 0))
        said.append(loss_in_words(name_of(results[first], text), found[first], text))
    if found and not over and not gone:
        said.append(text("rounded.sentence.kept"))
    return " ".join(said)


def loss_in_words(curve: str, one: Ended, text: Text) -> str:
    if one.zero is None:
        return text("rounded.sentence.subnormal", curve=curve, subnormal=one.subnormal)
    exact = power_of_ten(one.exact)
    if one.subnormal is None or one.subnormal >= one.zero:
        return text("rounded.sentence.zero_at_once", curve=curve, zero=one.zero, exact=exact)
    return text("rounded.sentence.zero", curve=curve, subnormal=one.subnormal, zero=one.zero, exact=exact)


def in_cell(result: Result, precision: str, text: Text) -> str:
    """For a table: what is left at t = 1, and the lag from which it is 0 or ∞."""
    one = ended(result, precision)
    if one is None:
        return "—"
    left, lag = power_of_ten(one.at_first), one.zero if one.overflow is None else one.overflow
    return left if lag is None else text("rounded.from_lag", left=left, lag=lag)


def rows(result: Result, precision: str) -> pd.DataFrame:
    """Of the whole state, to stand beside the exact numbers in a CSV."""
    found = rows_of(result, precision)
    time, bands = np.arange(1, len(found["median"]) + 1), ("low", "median", "high")
    return pd.DataFrame(
        {"part": "state", "band": np.repeat(bands, len(time)), "time": np.tile(time, len(bands)),
         f"log10_norm_in_{precision}": np.concatenate([found[name] for name in bands])}
    )  # fmt: skip
