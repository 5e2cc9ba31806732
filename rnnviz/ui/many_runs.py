"""Many runs on a page, as parallel coordinates or as a map over two of the parameters that vary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import streamlit as st

from rnnviz.experiment import together
from rnnviz.export import Picture
from rnnviz.figures import HeatMap, ParallelCoordinates, Results
from rnnviz.figures.many_runs import Measure, label, varying
from rnnviz.text import Text
from rnnviz.ui.experiment_controls import look
from rnnviz.ui.training_figures import draw

View = Literal["parallel", "map"]
VIEWS: tuple[View, ...] = get_args(View)
HEIGHT = 560  # pixels
AXIS = 120  # pixels that an axis needs; a phone scrolls sideways


def many_runs(
    results: Results, view: View, measures: Sequence[Measure], key: str, text: Text, *, active: bool = False
) -> None:
    """`measures` are those that these runs have; `key` is the place on the page."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = chosen_measure(measures, key, text)
        paths = varying(results)
        figure: ParallelCoordinates | HeatMap = ParallelCoordinates(measure=measure)
        if view == "map":
            across = parameter("across", paths, 0, key, text)
            down = parameter("down", paths, 1, key, text)
            figure = HeatMap(measure=measure, across=across, down=down)
    if not paths:
        st.info(figure.reading(results, text))
        return
    study = together({name: run.experiment for name, run in results.items()})
    note = text("page.runs.sweep.note" if view == "parallel" else "page.runs.sweep.map_note")
    width = AXIS * (len(paths) + 1) if view == "parallel" else 0
    draw(Picture(figure, study, results, text, look()), f"{key}.{view}", HEIGHT, note, active=active, min_width=width)


def chosen_measure(measures: Sequence[Measure], key: str, text: Text) -> Measure:
    if len(measures) == 1:
        return measures[0]
    chosen: Measure = st.selectbox(
        text("parameter.measure.label"), measures, key=f"{key}.measure", help=text("parameter.measure.help"),
        format_func=lambda measure: text(f"option.measure.{measure}.label"),
    )  # fmt: skip
    return chosen


def parameter(name: Literal["across", "down"], paths: Sequence[str], start: int, key: str, text: Text) -> int:
    """By its name, which the declaration of the figure cannot know; counted from 1, as the figure does."""
    if len(paths) < 2:
        return 1
    place: int = st.selectbox(
        text(f"parameter.{name}.label"), range(len(paths)), min(start, len(paths) - 1), key=f"{key}.{name}",
        format_func=lambda place: label(paths[place], text), help=text(f"parameter.{name}.help"),
    )  # fmt: skip
    return place + 1
