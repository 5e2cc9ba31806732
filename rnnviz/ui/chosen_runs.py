"""The runs that were chosen on the page Runs, drawn beside each other; those still under way grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from rnnviz.diagnostics.training_result import ended
from rnnviz.experiment import together
from rnnviz.export import Picture
from rnnviz.figures import Result, Results
from rnnviz.figures.many_runs import OF_TRAININGS
from rnnviz.figures.training import LogLines
from rnnviz.figures.training.log_lines import LOGGED
from rnnviz.store import Run
from rnnviz.text import Text
from rnnviz.trainings import Status, trainings
from rnnviz.ui.experiment_controls import look
from rnnviz.ui.many_runs import VIEWS, many_runs
from rnnviz.ui.training_figures import draw
from rnnviz.ui.under_way import log_of

HEIGHT = 460  # pixels
BESIDE = 3  # figures in a row
EVERY = 1.0  # seconds between two looks at what is under way


def chosen_runs(runs: Sequence[Run], text: Text) -> None:
    under_way = any(status.active for status in statuses(runs))
    st.fragment(drawn, run_every=EVERY if under_way else None)(runs, under_way, text)


def statuses(runs: Sequence[Run]) -> list[Status]:
    return [status for run in runs if (status := trainings().status(run.key)) is not None]


def drawn(runs: Sequence[Run], was_active: bool, text: Text) -> None:
    now = statuses(runs)
    active = [status for status in now if status.active]
    if was_active and not active:
        st.rerun()  # the table says how they ended
    if active:
        done, whole = sum(status.update for status in active), sum(status.updates for status in active)
        said = text("page.runs.rerun.under_way", done=done, all=whole)
        st.progress(min(done / max(whole, 1), 1.0), text=said)
    results = results_of(runs, now)
    if results:
        views(results, bool(active), text)


def results_of(runs: Sequence[Run], now: Sequence[Status]) -> Results:
    """What each has written down, under its key, with the title that a person gave it."""
    titles = {run.key: run.title for run in runs}
    return {
        status.key: Result(status.experiment, ended(log, status.outcome).assign_attrs(title=titles[status.key]))
        for status in now
        if (log := log_of(status)) is not None
    }


def views(results: Results, active: bool, text: Text) -> None:
    """Lines over the updates, or all runs at once through what varies among them."""
    shown: Literal["lines", "parallel", "map"] = "lines"
    if len(results) > 1:
        shown = st.segmented_control(
            text("page.runs.views.label"), ("lines", *VIEWS), key="runs.view", help=text("page.runs.views.help"),
            format_func=lambda view: text(f"page.runs.views.{view}"), default="lines", required=True,
        )  # fmt: skip
    if shown == "lines":
        curves(results, active, text)
        return
    measures = [one for one in OF_TRAININGS if any(one in run.data for run in results.values())]
    many_runs(results, shown, measures, "runs.many", text, active=active)


def curves(results: Results, active: bool, text: Text) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        there = [name for name in LOGGED if any(name in run.data for run in results.values())]
        logged = st.selectbox(
            text("parameter.logged.label"),
            there,
            key="runs.quantity",
            format_func=lambda name: text(f"option.logged.{name}.label"),
        )
        beside = len(results) > 1 and st.toggle(text("page.runs.beside"), key="runs.beside")
    if not beside:
        curve(LogLines(logged=logged), results, active, text)
        return
    columns = st.columns(min(len(results), BESIDE))
    for place in range(len(results)):
        with columns[place % BESIDE]:
            curve(LogLines(logged=logged, only=place + 1), results, active, text)


def curve(figure: LogLines, results: Results, active: bool, text: Text) -> None:
    study = together({name: run.experiment for name, run in results.items()})
    draw(Picture(figure, study, results, text, look()), f"runs.lines.{figure.only}", HEIGHT, active=active)
