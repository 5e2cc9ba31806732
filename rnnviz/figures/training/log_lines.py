"""One quantity of several trainings against the update, a line each: overlaid, or one of them on the axes of all."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Annotated, Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.figures.figure import FigureDict, Result, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.training.panels import decades_ticks, logarithm
from rnnviz.figures.training.runs import apart, at_the_end, curve_name, said, updates_made
from rnnviz.text import Text
from rnnviz.text.numbers import numeral

Logged = Literal["loss", "accuracy", "gradient_norm", "clipped_gradient_norm", "direction_change", "learning_rate"]
LOGGED: tuple[Logged, ...] = get_args(Logged)
IN_DECADES = ("loss", "gradient_norm", "clipped_gradient_norm", "learning_rate")
DASHES = ("solid", "dash", "dot", "dashdot")
WINDOW = 50  # the median runs over so many parts of a log: what is left of the noise is seen faintly behind it
POINTS = 1000  # of a line; more than there are pixels
MANY = 8  # runs; more have no room in a legend, nor in a sentence each: the pointer names them
DIFFERENCES = 2  # of settings that a name says; where more differ, a table is the place for them


class Row(NamedTuple):
    """One run: its number from 1, its name, its stroke and the quantity at every update, (update,)."""

    place: int
    name: str
    stroke: dict[str, Any]
    run: Result
    values: np.ndarray


class LogLines(Choice):
    """Every update of every run, faintly, and a running median; no seeds are put together.

    `only` draws the run of this number alone, with the stroke and the axes that it has among all; 0 draws all. A run
    without the quantity, such as the accuracy of a regression, has no line.
    """

    kind: Literal["log_lines"] = Field("log_lines", repr=False)
    logged: Logged = "loss"
    only: Annotated[int, Range(0, 999)] = 0

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.logged,)

    @property
    def in_decades(self) -> bool:
        return self.logged in IN_DECADES

    def rows(self, results: Results, text: Text, look: Look) -> list[Row]:
        """Of all runs that have the quantity; those not drawn too, for the axes are theirs as well."""
        named = names(results, text)
        return [
            Row(
                place + 1,
                name,
                stroke(place, list(results.values()), look),
                run,
                run.data[self.logged].values.astype(float),
            )
            for place, (name, run) in enumerate(zip(named, results.values(), strict=True))
            if self.logged in run.data and updates_made(run.data)
        ]

    def drawn(self, rows: list[Row]) -> list[Row]:
        return [row for row in rows if self.only in (0, row.place)]

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        rows = self.rows(results, text, look)
        drawn = self.drawn(rows)
        quantity = text(f"option.logged.{self.logged}.label")
        title = escape(drawn[0].name) if self.only and drawn else quantity
        subtitle = quantity if self.only else text("log.subtitle")
        layout = look.layout(
            title,
            subtitle,
            uirevision=f"log-{self.logged}-{self.only}",
            showlegend=not self.only and len(drawn) <= MANY,
        )
        traces = [trace for row in drawn for trace in self.lines(row, len(drawn) <= MANY)]
        return {"data": traces, "layout": layout | self.axes(rows, text, look)}

    def lines(self, row: Row, named: bool) -> Iterator[dict[str, Any]]:
        y, update = self.shown(row.values), np.arange(1.0, len(row.values) + 1)  # counted as people do
        step = max(1, -(-len(y) // POINTS))
        name = escape(row.name)  # a person's own words, and plotly reads HTML
        value = "10<sup>%{y:.2f}</sup>" if self.in_decades else "%{y:.4g}"
        shared = {"type": "scatter", "mode": "lines", "x": packed(update[::step]), "legendgroup": name}
        faint = {"color": row.stroke["color"], "width": 1}
        yield {
            **shared,
            "y": packed(y[::step]),
            "line": faint,
            "opacity": 0.3,
            "hoverinfo": "skip",
            "showlegend": False,
        }
        hover = f"{name}<br>%{{x}}: {value}<extra></extra>"
        yield {**shared, "y": packed(running_median(y)[::step]), "name": name, "hovertemplate": hover,
               "showlegend": named, "line": row.stroke}  # fmt: skip

    def shown(self, values: np.ndarray) -> np.ndarray:
        """As it stands on the axis; what is not finite there is a gap."""
        return logarithm(values) if self.in_decades else np.where(np.isfinite(values), values, np.nan)

    def axes(self, rows: list[Row], text: Text, look: Look) -> dict[str, Any]:
        curves = [self.shown(row.values) for row in rows]
        finite = np.concatenate([np.empty(0), *(y[np.isfinite(y)] for y in curves)])
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        room = 0.05 * (high - low) or 0.5
        longest = max(map(len, curves), default=1)
        ticks = decades_ticks(low - room, high + room) if self.in_decades else {}
        return {
            "xaxis": look.axis(title={"text": text("log.updates")}, range=[0, longest + 1], autorange=False),
            "yaxis": look.axis(range=[low - room, high + room], autorange=False, **ticks),
            "legend": {"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top"},
            "margin": {"l": 70, "r": 20, "t": 84, "b": 110},
        }  # fmt: skip

    def reading(self, results: Results, text: Text) -> str:
        rows = self.drawn(self.rows(results, text, Look()))
        quantity = text(f"option.logged.{self.logged}.label")
        if not rows:
            return text("sentence.training.not_yet")
        ordered = sorted(rows, key=lambda row: at_the_end(row.run, self.logged))
        told = rows if len(rows) <= MANY else [ordered[0], ordered[-1]]
        said = [text("sentence.log_lines.run", curve=row.name, value=self.end(row)) for row in told]
        if len(rows) > MANY:
            said.insert(0, text("sentence.log_lines.many", runs=len(rows)))
        return " ".join([text("sentence.log_lines.what", quantity=quantity), *said])

    def end(self, row: Row) -> str:
        """Over the last tenth of its updates."""
        return numeral(at_the_end(row.run, self.logged), 4)

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per run: over the last tenth of its updates."""
        quantity = text(f"option.logged.{self.logged}.label")
        return pd.DataFrame(
            [
                {
                    text("table.curve"): row.name,
                    text("table.updates"): str(len(row.values)),
                    text("log.at_the_end", quantity=quantity): self.end(row),
                }
                for row in self.drawn(self.rows(results, text, Look()))
            ]
        )

    def data(self, results: Results) -> pd.DataFrame:
        """Every update, as it was written down."""
        frames = [
            pd.DataFrame({"curve": row.name, "key": row.run.experiment.key, "update": np.arange(len(row.values)),
                          self.logged: row.values})
            for row in self.drawn(self.rows(results, Text(), Look()))
        ]  # fmt: skip
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def names(results: Results, text: Text) -> list[str]:
    """The title that a person gave (`data.attrs["title"]`), else cell and activation with what tells the runs apart; the
    start of its key where that is not enough, or would be too much.
    """
    experiments = [run.experiment for run in results.values()]
    flats = [one.flat() for one in experiments]
    different = [*apart(flats), *(["seed"] if len({one.seed for one in experiments}) > 1 else [])]
    told = different if len(different) <= DIFFERENCES else []
    made = [
        str(run.data.attrs.get("title") or "")
        or " · ".join([curve_name(run.experiment, text), *(said(run.experiment, p, flat[p], text) for p in told)])
        for run, flat in zip(results.values(), flats, strict=True)
    ]
    return [
        f"{name} ({one.key[:4]})" if made.count(name) > 1 else name for name, one in zip(made, experiments, strict=True)
    ]


def stroke(place: int, runs: list[Result], look: Look) -> dict[str, Any]:
    """The colour of the cell, which it has everywhere; runs of one cell are told apart by their dashes."""
    cell = runs[place].experiment.cell.kind
    before = sum(run.experiment.cell.kind == cell for run in runs[:place])
    return {"color": look.colour(cell), "dash": DASHES[before % len(DASHES)], "width": 2.5}


def running_median(y: np.ndarray) -> np.ndarray:
    """Over the last updates, never over ones to come: a line must not know of a fall before it happens."""
    window = max(1, len(y) // WINDOW)
    padded = np.concatenate([np.full(window - 1, np.nan), y])
    parts = np.lib.stride_tricks.sliding_window_view(padded, window)
    finite = np.isfinite(parts).any(-1)
    found = np.full(len(y), np.nan)
    found[finite] = np.nanmedian(parts[finite], -1)
    return found
