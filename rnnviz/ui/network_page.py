"""A page about one network: which of the study's curves is opened, and its figures one below the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from rnnviz.experiment import Study
from rnnviz.export import Picture
from rnnviz.figures import AnyFigure, Results
from rnnviz.jobs import Failure
from rnnviz.text import Text
from rnnviz.ui import asking, failures, memory, taking, verifying
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import controls, look, move_cursor, plot_words, replaced_worker, say_failure, share
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.plot import plot


class Panel(NamedTuple):
    """One figure of the page: how high, how it is called to a screen reader, and the remark below it."""

    figure: AnyFigure
    height: int
    alt: str
    note: str

    @property
    def needs(self) -> tuple[str, ...]:
        return self.figure.needs


class Passage(NamedTuple):
    """What the page writes of a result where a figure would draw it; `height` of the place that is kept free for it."""

    needs: tuple[str, ...]
    write: Callable[[GradientFlowPage, Results, Text], None]
    height: int


Sections = Mapping[str, Sequence[Panel | Passage]]


class Page(NamedTuple):
    """What makes one page of a network another than the next."""

    name: str
    sections: Callable[[GradientFlowPage], Sections]
    study: Callable[[GradientFlowPage], Study]
    places: Mapping[str, str]
    cursor: bool

    def example(self, record: GradientFlowPage) -> int:
        """A study of the page's own may have fewer examples."""
        return min(record.example, self.study(record).base.batch_size - 1)


def network_page(
    text: Text,
    name: str,
    view_controls: Callable[[GradientFlowPage, Controls], None],
    sections: Callable[[GradientFlowPage], Sections],
    study: Callable[[GradientFlowPage], Study] = GradientFlowPage.opened,
    places: Mapping[str, str] | None = None,
    cursor: bool = True,
) -> None:
    """The whole page `page.<name>` of the catalogue.

    study   what is asked of the engine
    places  where `study` sets a parameter from the page's own view, from which: a refusal then offers to change that one
    cursor  whether the figures are over the time of the experiment, on which the shared cursor stands

    Each section is a question of its own to the engine, answered from above: what is costly may be refused or take long
    where what stands above it is quickly there.
    """
    page = Page(name, sections, study, places or {}, cursor)
    record, refused = memory.page(START)
    with st.sidebar:
        controls(record, text, own=("network.cell", "network.activation"))
    st.header(text(f"page.{name}.title"), anchor=False)
    st.markdown(text(f"page.{name}.lead"))
    failures.say_refused(refused, text)
    control = Controls(record, START, text)
    view_controls(record, control)
    if cursor:
        control.draw("network.time", highest=record.experiment.task.sequence_length, shown=record.time)
    link = memory.write_link(record, START)
    for place in sections(record):
        if not section(page, record, place, text):
            break
    replaced_worker(text)
    share(link, text)


def layer_control(record: GradientFlowPage, control: Controls) -> None:
    """Only where there is something to choose."""
    if record.experiment.cell.layers > 1:
        control.draw("network.layer", highest=record.experiment.cell.layers, shown=record.layer)


def layer_and_example(record: GradientFlowPage, control: Controls) -> None:
    """For figures that show one sequence of the batch."""
    layer_control(record, control)
    example_control(record, control)


def example_control(record: GradientFlowPage, control: Controls) -> None:
    """Without the layer, for figures that show the whole state."""
    if record.experiment.batch_size > 1:
        control.draw("network.example", highest=record.experiment.batch_size, shown=record.example + 1)


def section(page: Page, record: GradientFlowPage, place: str, text: Text) -> bool:
    """Ask for what these figures need and draw them; whether there was an answer."""
    shown, drawn = page.sections(record)[place], f"{page.name}.{place}.drawn"

    def draw_old() -> None:
        """The figures of the last setting, marked as old, while the new ones are computed."""
        old = memory.get(drawn)
        panels = page.sections(old).get(place, ()) if old else ()
        results = asking.already_there(page.study(old), needs_of(panels), page.example(old)) if panels else None
        if results is None:
            st.skeleton(height=shown[0].height)
        else:
            draw(page, old, panels, results, text, stale=True)

    results = asking.ask(
        page.study(record), needs_of(shown), text, place=f"{page.name}.{place}", meanwhile=draw_old,
        example=page.example(record),
    )  # fmt: skip
    if isinstance(results, Failure):
        say_failure(results, record, text, page.places)
        return False
    memory.put(drawn, record)
    draw(page, record, shown, results, text)
    return True


def needs_of(shown: Sequence[Panel | Passage]) -> list[str]:
    return sorted({name for panel in shown for name in panel.needs})


def draw(
    page: Page,
    record: GradientFlowPage,
    shown: Sequence[Panel | Passage],
    results: Results,
    text: Text,
    stale: bool = False,
) -> None:
    study = page.study(record)
    instead: set[str] = set()  # sentences that stand where nothing can be drawn, each said once
    for panel in shown:
        if isinstance(panel, Passage):
            panel.write(record, results, text)
            continue
        picture = Picture(panel.figure, study, results, text, look(), time=record.time if page.cursor else None)
        reading = panel.figure.reading(results, text)
        if picture.figure["data"]:
            draw_panel(page, record, panel, picture, reading, stale)
        elif reading not in instead:
            instead.add(reading)
            st.warning(reading)


def draw_panel(page: Page, record: GradientFlowPage, panel: Panel, picture: Picture, reading: str, stale: bool) -> None:
    figure, results, text = panel.figure, picture.results, picture.text
    title = picture.figure["layout"]["title"]["text"]
    st.markdown(reading)
    plot(
        picture.figure,
        key=f"network.{figure.kind}",
        height=panel.height,
        alt=text(panel.alt, title=title, reading=reading.replace("**", "")),
        words=plot_words(text),
        file_name=picture.file_name,
        stale=stale,
        on_click=(lambda point: move_cursor(picture, point)) if page.cursor else None,
    )
    st.caption(text(panel.note, example=record.example + 1, examples=record.experiment.batch_size))
    if stale:
        return
    with st.expander(text("page.table")):
        st.dataframe(figure.table(results, text), hide_index=True)
    with st.container(horizontal=True):
        with st.container(width="content"):  # a fragment takes all the width that it is given
            verifying.menu(picture, text, key=f"network.{figure.kind}")
        taking.menu(picture, key=f"network.{figure.kind}")
