"""The precision lens: where float16, bfloat16, float32 and float64 lose what a figure shows, as marks and in words.

A number below a format's smallest normal one is subnormal and loses a bit with every factor ½; below the smallest of all
it is 0. A norm is never smaller than its largest entry, so where the norm is lost, all entries are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from rnnviz.figures.look import Look
from rnnviz.precision import PRECISIONS
from rnnviz.text import Text

PrecisionsName = Literal["none", "common", "float16", "bfloat16", "float32", "float64", "all"]
WORDS = (0.44, 0.07)  # width and height of a name, as shares of a panel: the width is that on a phone
SMALL = (0.55, 0.16)  # the same of a small panel
POINTS = 200  # of every curve, to see where it runs


def chosen(precisions: str) -> tuple[str, ...]:
    """The formats that the word of an option stands for."""
    several = {"none": (), "common": ("float16", "float32"), "all": tuple(PRECISIONS)}
    return several.get(precisions, (precisions,))


class Lost(NamedTuple):
    """The first lags at which a curve is subnormal and at which it is 0; None where it never is."""

    subnormal: int | None
    zero: int | None


def lost(curve: np.ndarray, lags: np.ndarray | None = None) -> dict[str, Lost]:
    """By format, of log₁₀ values over the lags 0, 1, 2, … or over those that are given."""

    def first_below(floor: float) -> int | None:
        below = np.flatnonzero(curve < floor)
        return None if not len(below) else int(below[0] if lags is None else lags[below[0]])

    return {name: Lost(first_below(one.normal), first_below(one.least)) for name, one in PRECISIONS.items()}


def of_way_back(flow: np.ndarray) -> dict[str, Lost]:
    """The same of log₁₀ values over time, on the way back from the last step that has a gradient, where the loss is."""
    there = np.flatnonzero(np.isfinite(flow))
    return lost(flow[: there[-1] + 1][::-1] if len(there) else flow[:0])


def in_words(found: dict[str, Lost], text: Text) -> str:
    """Every format in one sentence; nothing where all of them keep the curve."""
    if all(one.subnormal is None for one in found.values()):
        return ""
    parts = [part_in_words(name, one, text) for name, one in found.items() if one.subnormal is not None]
    kept = [name for name, one in found.items() if one.subnormal is None]
    keeps = text("lens.keeps", dtypes=", ".join(kept)) if kept else ""
    return text("lens.sentence", parts=", ".join(parts), keeps=keeps)


def part_in_words(name: str, one: Lost, text: Text) -> str:
    if one.zero is None:
        return text("lens.subnormal", dtype=name, subnormal=one.subnormal)
    return text("lens.zero", dtype=name, subnormal=one.subnormal, zero=one.zero)


def in_cell(one: Lost) -> str:
    """For a table: subnormal → 0, as lags."""
    return " → ".join("—" if lag is None else str(lag) for lag in one) if one.subnormal is not None else "—"


# — marks —


def in_sight(precisions: str, span: tuple[float, float]) -> dict[str, float]:
    """The formats whose zero, or else whose subnormal numbers, lie in view, and where the highest of these marks is."""
    low, high = span
    found = {}
    for name in chosen(precisions):
        mark = PRECISIONS[name].least if PRECISIONS[name].least > low else PRECISIONS[name].normal
        if low < mark < high:
            found[name] = mark
    return found


def bands(precisions: str, span: tuple[float, float], x: str, y: str, look: Look) -> list[dict[str, Any]]:
    """From the smallest normal number down to the smallest of all, and a line at the end, below which is 0."""
    shapes: list[dict[str, Any]] = []
    for name in in_sight(precisions, span):
        normal, least, *_ = PRECISIONS[name]
        place = {"xref": x, "x0": 0, "x1": 1, "yref": y}
        shapes.append(
            {"type": "rect", **place, "y0": least, "y1": normal, "line": {"width": 0},
             "fillcolor": look.faint(look.alarm, 0.09), "layer": "below"}
        )  # fmt: skip
        stroke = {"color": look.alarm, "width": 1.5, "dash": "dot"}
        shapes.append({"type": "line", **place, "y0": least, "y1": least, "line": stroke, "layer": "below"})
    return shapes


def names(
    precisions: str,
    span: tuple[float, float],
    x: str,
    y: str,
    text: Text,
    look: Look,
    *,
    left: bool = False,
    curves: Iterable[np.ndarray] = (),
    size: tuple[float, float] = WORDS,
    corner: float = 0.0,
) -> list[dict[str, Any]]:
    """What the marks are, each at an end of its line and on the side of it where no curve runs.

    `curves` are those of the panel over its whole width, `size` is that of a name as a share of the panel; `left` is the
    end that is taken where both are free, `corner` the height of a legend in the lower left. Where a curve runs through
    all four places, the one farthest from any is taken.
    """
    marks, taken = in_sight(precisions, span), list[tuple[float, float]]()
    drawn = [spread(curve) for curve in curves if np.isfinite(curve).any()]
    placed = []
    for name, mark in marks.items():
        at_left, side = place(
            mark, [other for other in marks.values() if other != mark], drawn, span, size, left, corner, taken
        )
        placed.append(
            {
                "xref": x, "x": 0.01 if at_left else 0.99, "xanchor": "left" if at_left else "right", "yref": y, "y": mark,
                "yanchor": side, "showarrow": False, "font": {"size": 13, "color": look.alarm},
                "text": text("lens.floor" if mark == PRECISIONS[name].least else "lens.below_normal", dtype=name),
            }
        )  # fmt: skip
    return placed


def place(
    mark: float,
    others: Sequence[float],
    curves: Sequence[np.ndarray],
    span: tuple[float, float],
    size: tuple[float, float],
    left: bool,
    corner: float,
    taken: list[tuple[float, float]],
) -> tuple[bool, str]:
    """Whether a name stands at the left end of its line, and "top" where it hangs below the line; remembered in `taken`."""
    wide, high = size[0], size[1] * (span[1] - span[0])

    def room(at_left: bool, side: str) -> float:
        low, top = (mark - high, mark) if side == "top" else (mark, mark + high)
        if low < span[0] or top > span[1]:
            return -2 * high  # beyond the frame
        if any(low < other < top for other in others) or any(low < b and a < top for a, b in taken):
            return -high  # through another name or its line
        if at_left and low < span[0] + corner * (span[1] - span[0]):
            return -high  # behind the legend
        near = [curve[: round(wide * POINTS)] if at_left else curve[-round(wide * POINTS) :] for curve in curves]
        gaps = [np.maximum(low - one, one - top) for one in near]
        nearest = min((float(np.nanmin(gap)) for gap in gaps if np.isfinite(gap).any()), default=np.inf)
        return min(nearest, 0.5 * high)  # farther is no better

    found = [(at_left, side) for at_left in (left, not left) for side in ("top", "bottom")]
    best = max(found, key=lambda one: room(*one))
    taken.append((mark - high, mark) if best[1] == "top" else (mark, mark + high))
    return best


def spread(curve: np.ndarray) -> np.ndarray:
    """As many points for every curve, also between its own: a steep one runs through a name without a point in it."""
    at = np.linspace(0, len(curve) - 1, POINTS)
    return np.interp(at, np.arange(len(curve)), np.where(np.isfinite(curve), curve, np.nan))
