"""A page about one network: which of the study's curves is opened, and its figures one below the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from rnnviz.experiment import Study
from rnnviz.figures import AnyFigure, Results
from rnnviz.jobs import Failure
from rnnviz.text import Text
from rnnviz.ui import asking, failures, memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import controls, look, plot_words, replaced_worker, say_failure, share
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.plot import plot


class Panel(NamedTuple):
    """One figure of the page: how high, how it is called to a screen reader, and the remark below it."""

    figure: AnyFigure
    height: int
    alt: str
    note: str


Sections = Mapping[str, Sequence[Panel]]
StudyOf = Callable[[GradientFlowPage], Study]


def network_page(
    text: Text,
    name: str,
    view_controls: Callable[[GradientFlowPage, Controls], None],
    sections: Callable[[GradientFlowPage], Sections],
    study: StudyOf = GradientFlowPage.opened,
    places: Mapping[str, str] | None = None,
) -> None:
    """The whole page `page.<name>` of the catalogue.

    `study` is what is asked of the engine. Where it sets a parameter from the page's own view, `places` says from which:
    a refusal then offers to change that one.

    Each section is a question of its own to the engine, answered from above: what is costly may be refused or take long
    where what stands above it is quickly there.
    """
    record, refused = memory.page(START)
    with st.sidebar:
        controls(record, text, own=("network.cell", "network.activation"))
    st.header(text(f"page.{name}.title"), anchor=False)
    st.markdown(text(f"page.{name}.lead"))
    failures.say_refused(refused, text)
    view_controls(record, Controls(record, START, text))
    link = memory.write_link(record, START)
    for place in sections(record):
        if not section(record, sections, name, place, text, study, places or {}):
            break
    replaced_worker(text)
    share(link, text)


def layer_and_example(record: GradientFlowPage, control: Controls, layer: bool = True) -> None:
    """Only where there is something to choose; no layer where the figures show the whole state."""
    if layer and record.experiment.cell.layers > 1:
        control.draw("network.layer", highest=record.experiment.cell.layers, shown=record.layer)
    if record.experiment.batch_size > 1:
        control.draw("network.example", highest=record.experiment.batch_size, shown=record.example + 1)


def section(
    record: GradientFlowPage,
    sections: Callable[[GradientFlowPage], Sections],
    name: str,
    place: str,
    text: Text,
    study: StudyOf,
    places: Mapping[str, str],
) -> bool:
    """Ask for what these figures need and draw them; whether there was an answer."""
    shown, drawn = sections(record)[place], f"{name}.{place}.drawn"

    def draw_old() -> None:
        """The figures of the last setting, marked as old, while the new ones are computed."""
        old = memory.get(drawn)
        panels = sections(old).get(place, ()) if old else ()
        results = asking.already_there(study(old), needs_of(panels), example_of(old, study)) if panels else None
        if results is None:
            st.skeleton(height=shown[0].height)
        else:
            draw(old, panels, results, text, study, stale=True)

    results = asking.ask(
        study(record), needs_of(shown), text, place=f"{name}.{place}", meanwhile=draw_old,
        example=example_of(record, study),
    )  # fmt: skip
    if isinstance(results, Failure):
        say_failure(results, record, text, places)
        return False
    memory.put(drawn, record)
    draw(record, shown, results, text, study)
    return True


def example_of(record: GradientFlowPage, study: StudyOf) -> int:
    """A study of the page's own may have fewer examples."""
    return min(record.example, study(record).base.batch_size - 1)


def needs_of(shown: Sequence[Panel]) -> list[str]:
    return sorted({name for panel in shown for name in panel.figure.needs})


def draw(
    record: GradientFlowPage,
    shown: Sequence[Panel],
    results: Results,
    text: Text,
    study: StudyOf,
    stale: bool = False,
) -> None:
    for panel in shown:
        draw_panel(record, panel, results, text, study(record).key, stale)


def draw_panel(record: GradientFlowPage, panel: Panel, results: Results, text: Text, key: str, stale: bool) -> None:
    figure, reading = panel.figure, panel.figure.reading(results, text)
    drawn = figure(results, text, look())
    title, name = drawn["layout"]["title"]["text"], f"{figure.kind.replace('_', '-')}-{key}"
    st.markdown(reading)
    plot(
        drawn,
        key=f"network.{figure.kind}",
        height=panel.height,
        alt=text(panel.alt, title=title, reading=reading.replace("**", "")),
        words=plot_words(text),
        file_name=name,
        stale=stale,
    )
    st.caption(text(panel.note, example=record.example + 1, examples=record.experiment.batch_size))
    if stale:
        return
    with st.expander(text("page.table")):
        st.dataframe(figure.table(results, text), hide_index=True)
        st.download_button(
            text("page.csv"),
            data=lambda: figure.data(results).to_csv(index=False),
            file_name=f"{name}.csv",
            mime="text/csv",
            on_click="ignore",
            help=text("page.csv_help"),
            key=f"network.csv.{figure.kind}",
        )
