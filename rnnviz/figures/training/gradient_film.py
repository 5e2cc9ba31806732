"""The gradient's way back through time, update after update, and how far it gets against how far it would have to get."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from rnnviz.choice import Choice, Range
from rnnviz.diagnostics.diagnostic import evenly
from rnnviz.diagnostics.horizon import Horizon, horizon_of
from rnnviz.figures import lens
from rnnviz.figures.figure import FigureDict, Result, Results, packed
from rnnviz.figures.look import Look
from rnnviz.figures.training.panels import decades_ticks
from rnnviz.figures.training.runs import Arm, arm_at, arms, computed_for, snapshot_at
from rnnviz.text import Text

DEEPEST = 12.0  # decades of the colour scale: what is smaller takes its last colour
LATEST = 100_000  # an update that no training reaches: the newest one
FRAMES = 45_000  # numbers of all frames that are played: a quarter of a megabyte
BLANK = "\0"  # where the browser puts a number
PRECISIONS = "common"  # formats that are marked in the profile: the two in which people train
BORDER = 0.56  # of the height: the map above, the profile below


class Film(NamedTuple):
    """What is drawn of one run: the place of the snapshot that is shown, and the profiles (snapshot, band, time)."""

    name: str
    run: Result
    place: int
    profiles: np.ndarray
    updates: np.ndarray
    horizon: Horizon | None

    @property
    def length(self) -> int:
        return self.profiles.shape[-1]

    @property
    def update(self) -> int:
        return int(self.updates[self.place])

    @property
    def span(self) -> tuple[float, float]:
        """Of the profiles of all updates, log₁₀, with some room."""
        profiles = self.profiles[np.isfinite(self.profiles)]
        top = float(profiles.max(initial=0.0))
        low = max(float(profiles.min(initial=top - 1)), top - DEEPEST)
        room = 0.06 * max(top - low, 1.0)
        return low - room, top + room

    @property
    def lag(self) -> float:
        """Steps that the gradient reaches at this update; NaN where that is not known."""
        return float(self.horizon.lags[self.place]) if self.horizon else np.nan


class GradientFilm(Choice):
    """log₁₀ ‖∂ℓ/∂s_t‖: as a map of time × update, and as the profile of one update, for the first seed of one arm.

    The line in the map is the horizon: the steps back in which no step has less than a thousandth of the gradient at
    the loss. The task's needed lag is drawn against it, and in the profile the formats that would lose what is in view.
    """

    kind: Literal["gradient_film"] = Field("gradient_film", repr=False)
    arm: Annotated[int, Range(1, 9)] = 1
    update: Annotated[int, Range(0, LATEST, symbol="u")] = LATEST

    @property
    def needs(self) -> tuple[str, ...]:
        return ("gradient_profile",)

    def film(self, results: Results, text: Text) -> Film | None:
        found = arms(results, text)
        arm = arm_at(found, self.arm) if found else None
        run = run_of(arm) if arm else None
        if arm is None or run is None:
            return None
        place = snapshot_at(run.data, self.update)
        profiles = run.data["gradient_profile"].values
        assert place is not None
        return Film(arm.name, run, place, profiles, run.data["snapshot"].values, horizon_of(run.experiment, run.data))

    def __call__(self, results: Results, text: Text, look: Look) -> FigureDict:
        film, found = self.film(results, text), arms(results, text)
        title = text("figure.gradient_film.title", curve=arm_at(found, self.arm).name if found else "")
        subtitle = computed_for(found, text)
        if film is None:
            return {"data": [], "layout": look.layout(title, subtitle)}
        layout = look.layout(title, subtitle, uirevision=f"film-{self.arm}", showlegend=False)
        above, below = self.map(film, look), self.profile(film, look)
        layout |= self.axes(film, text, look)
        layout["meta"] = {"film": self.frames(film, len(above), text)}
        return {"data": [*above, *below], "layout": layout}

    # — the map —

    def map(self, film: Film, look: Look) -> list[dict[str, Any]]:
        median = film.profiles[:, 1].T  # (time, snapshot)
        finite = median[np.isfinite(median)]
        top = float(finite.max(initial=-DEEPEST))
        bottom = max(float(finite.min(initial=top)), top - DEEPEST)
        scale = decades_ticks(bottom, top) | {"thickness": 12, "outlinewidth": 0, "len": 0.44, "y": 0.78, "x": 1.01}
        drawn: list[dict[str, Any]] = [
            {"type": "heatmap", "x": packed(film.updates.astype(float)), "y": packed(np.arange(1.0, film.length + 1)),
             "z": packed(np.where(np.isfinite(median), median, np.nan)), "zmin": bottom, "zmax": max(top, bottom + 1e-6),
             "colorscale": look.sequential, "zsmooth": False, "colorbar": scale, "xaxis": "x", "yaxis": "y",
             "hovertemplate": "u = %{x}, t = %{y}: 10<sup>%{z:.2f}</sup><extra></extra>"}
        ]  # fmt: skip
        if film.horizon is not None:
            edge = self.judged(film) - film.horizon.lags
            for colour, width in ((look.paper, 4.5), (look.alarm, 2.0)):  # a seam, to be seen on every colour
                drawn.append(
                    {"type": "scatter", "mode": "lines", "x": packed(film.updates.astype(float)), "y": packed(edge),
                     "line": {"color": colour, "width": width}, "xaxis": "x", "yaxis": "y", "hoverinfo": "skip"}
                )  # fmt: skip
        return drawn

    def judged(self, film: Film) -> int:
        """The step of the loss, or the last of several."""
        return film.run.experiment.loss.steps(film.length).stop - 1

    # — one profile —

    def profile(self, film: Film, look: Look) -> list[dict[str, Any]]:
        colour, time = look.colour(film.run.experiment.cell.kind), np.arange(1.0, film.length + 1)
        low, median, high = (np.where(np.isfinite(y), y, np.nan) for y in film.profiles[film.place])
        there = np.isfinite(low) & np.isfinite(high)
        axes = {"type": "scatter", "mode": "lines", "xaxis": "x2", "yaxis": "y2"}
        edge = {**axes, "line": {"width": 0}, "hoverinfo": "skip"}
        fill = {"fill": "tonexty", "fillcolor": look.faint(colour, 0.18)}
        return [
            {**edge, "x": packed(time[there]), "y": packed(low[there])},
            {**edge, **fill, "x": packed(time[there]), "y": packed(high[there])},
            {**axes, "x": packed(time), "y": packed(median), "line": {"color": colour, "width": 3},
             "hovertemplate": "t = %{x}: 10<sup>%{y:.2f}</sup><extra></extra>"},
        ]  # fmt: skip

    # — frame —

    def axes(self, film: Film, text: Text, look: Look) -> dict[str, Any]:
        low, high = film.span
        steps = [0.5, film.length + 0.5]
        return {
            "xaxis": look.axis(title={"text": text("figure.training.x"), "standoff": 2}, anchor="y", showgrid=False),
            "yaxis": look.axis(domain=[BORDER, 1], range=steps, autorange=False, showgrid=False, nticks=6),
            "xaxis2": look.axis(title={"text": text("figure.gradient_film.time")}, anchor="y2", range=steps,
                                autorange=False),
            "yaxis2": look.axis(domain=[0, BORDER - 0.22], range=[low, high], autorange=False, anchor="x2",
                                **decades_ticks(low, high)),
            # The formats come last: the browser moves what stands before them by its place.
            "shapes": [*self.marks(film, look), *lens.bands(PRECISIONS, film.span, "x2 domain", "y2", look)],
            "annotations": [*self.names(film, text, look),
                            *lens.names(PRECISIONS, film.span, "x2 domain", "y2", text, look, left=True,
                                        curves=film.profiles[film.place], size=lens.SMALL)],
        }  # fmt: skip

    def marks(self, film: Film, look: Look) -> list[dict[str, Any]]:
        """The update that is shown, in the map; needed lag and horizon in the profile."""
        shown = [
            upright("x", "y", film.update, look.faint(look.paper, 0.6), 3.5),
            upright("x", "y", film.update, look.ink, 1.2),
        ]
        if film.horizon is None:
            return shown
        judged, needed = self.judged(film), film.horizon.needed
        edge = upright("x2", "y2", judged - np.nan_to_num(film.lag), look.alarm, 2.0)
        shown.append({**edge, "visible": not np.isnan(film.lag)})
        if needed:
            shown.append(upright("x2", "y2", judged - needed, look.ink, 1.5, "dash"))
            shown.append(
                {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": judged - needed,
                 "y1": judged - needed, "line": {"color": look.paper, "width": 1.5, "dash": "dash"}}
            )  # fmt: skip
        return shown

    def names(self, film: Film, text: Text, look: Look) -> list[dict[str, Any]]:
        words = {"showarrow": False, "font": {"size": 14}, "xanchor": "left", "yanchor": "bottom"}
        left = {"xref": "paper", "x": 0, "yshift": 3, **words}
        named = [
            {**left, "yref": "y domain", "y": 1, "text": text("figure.gradient_film.map")},
            {**left, "yref": "y2 domain", "y": 1, "text": text("figure.gradient_film.profile", update=film.update)},
        ]
        if film.horizon is None:
            return named
        judged, needed = self.judged(film), film.horizon.needed
        inside = {"xref": "x2", "yref": "y2 domain", "showarrow": False, "bgcolor": look.faint(look.paper, 0.75)}
        lag = int(np.nan_to_num(film.lag))
        named.append({**inside, **beside(judged - lag, film.length), "y": 0.98, "yanchor": "top",
                      "text": text("figure.gradient_film.horizon", lag=lag), "visible": not np.isnan(film.lag),
                      "font": {"size": 13, "color": look.alarm}})  # fmt: skip
        if needed:
            named.append({**inside, **beside(judged - needed, film.length), "y": 0.02, "yanchor": "bottom",
                          "text": text("figure.gradient_film.needed", lag=needed), "font": {"size": 13}})  # fmt: skip
        return named

    # — played by the browser —

    def frames(self, film: Film, first: int, text: Text) -> dict[str, Any]:
        """What `export/play.js` needs to show any other update; `first` is the place of the first trace of the profile.

        Places of shapes and annotations are those of `marks` and `names`.
        """
        places = evenly(len(film.updates), max(2, FRAMES // film.profiles[0].size))
        lags = [None] * len(places) if film.horizon is None else [whole(film.horizon.lags[k]) for k in places]
        known = film.horizon is not None
        return {
            "updates": film.updates[places].tolist(), "length": film.length, "profiles": packed(film.profiles[places]),
            "lags": lags, "judged": self.judged(film), "asked": self.update, "run": film.name,
            "traces": [first, first + 1, first + 2], "marks": [0, 1], "title": 1,
            "edge": 2 if known else None, "label": 2 if known else None,
            "words": {
                **{name: text(f"figure.film.{name}") for name in ("play", "pause", "step")},
                "profile": text("figure.gradient_film.profile", update=BLANK).split(BLANK),
                "horizon": text("figure.gradient_film.horizon", lag=BLANK).split(BLANK),
            },
        }  # fmt: skip

    # — in words and numbers —

    def reading(self, results: Results, text: Text) -> str:
        film = self.film(results, text)
        if film is None:
            return text("sentence.training.not_yet")
        if film.horizon is None:
            return text("sentence.horizon.many_losses", curve=film.name)
        if np.isnan(film.lag):
            return text("sentence.horizon.no_gradient", curve=film.name, update=film.update)
        facts = {"curve": film.name, "update": film.update, "lag": int(film.lag), "needed": film.horizon.needed}
        if not film.horizon.needed:
            return text("sentence.horizon.no_lag", **facts)
        since, last = film.horizon.until(film.place).since, film.horizon.until(film.place).last_reached
        if since is not None:
            return f"{text('sentence.horizon.reaches', **facts)} {text('sentence.horizon.since', since=since)}"
        said = text("sentence.horizon.short", **facts)
        if last is None:
            return f"{said} {text('sentence.horizon.never')}"
        return f"{said} {text('sentence.horizon.last', last=last)}"

    def table(self, results: Results, text: Text) -> pd.DataFrame:
        """A row per seed of every arm: the horizon at the start and now, and since when it is enough."""
        rows = []
        for arm in arms(results, text):
            for run in arm.runs:
                horizon = horizon_of(run.experiment, run.data) if started(run) else None
                lags = horizon.lags if horizon is not None else np.array([np.nan])
                since = horizon.since if horizon is not None and horizon.needed else None
                rows.append(
                    {
                        text("table.curve"): arm.name,
                        text("parameter.seed.label"): str(run.experiment.seed),
                        text("table.needed_lag"): str(run.experiment.task.needed_lag or "—"),
                        f"{text('table.horizon')}, {text('table.first')}": steps_said(lags[0]),
                        f"{text('table.horizon')}, {text('table.last')}": steps_said(lags[-1]),
                        text("table.reached_since"): "—" if since is None else str(since),
                    }
                )
        return pd.DataFrame(rows)

    def data(self, results: Results) -> pd.DataFrame:
        """The whole film: a row per update and time step."""
        film = self.film(results, Text())
        if film is None:
            return pd.DataFrame()
        frames, times = len(film.updates), np.arange(1, film.length + 1)
        edges = {f"log10_{edge}": film.profiles[:, k].ravel() for k, edge in enumerate(("low", "median", "high"))}
        of_update = np.repeat(film.updates, film.length)
        return pd.DataFrame({"curve": film.name, "update": of_update, "time": np.tile(times, frames), **edges})


def started(run: Result) -> bool:
    return "gradient_profile" in run.data and run.data.sizes["snapshot"] > 0


def run_of(arm: Arm) -> Result | None:
    """The first seed of an arm that has something to show."""
    return next(filter(started, arm.runs), None)


def upright(x: str, y: str, at: float, colour: str, width: float, dash: str = "solid") -> dict[str, Any]:
    line = {"color": colour, "width": width, "dash": dash}
    return {"type": "line", "xref": x, "x0": at, "x1": at, "yref": f"{y} domain", "y0": 0, "y1": 1, "line": line}


def beside(at: float, length: int) -> dict[str, Any]:
    """A name on the side of its line where there is more room."""
    right = at < length / 2
    return {"x": at, "xanchor": "left" if right else "right", "xshift": 4 if right else -4}


def whole(lag: float) -> int | None:
    return None if np.isnan(lag) else int(lag)


def steps_said(lag: float) -> str:
    return "—" if np.isnan(lag) else f"{int(lag)}"
