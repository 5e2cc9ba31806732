"""The front page: nine networks, one sequence, and the gradient on its way back through each of them."""

from __future__ import annotations

import streamlit as st

from rnnviz.choice import Choice
from rnnviz.export import Picture, Pinned
from rnnviz.figures import Results
from rnnviz.jobs import Failure
from rnnviz.text import Text
from rnnviz.ui import asking, failures, memory, taking, verifying
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import (
    controls,
    look,
    move_cursor,
    plot_words,
    preset_of,
    replaced_worker,
    say_failure,
    share,
)
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.plot import plot

PINNED, DRAWN = "flow.pinned", "flow.drawn"
OVERLAY_HEIGHT, GRID_HEIGHT = 520, 680  # with the sentence above it, a whole figure is seen on 1440 × 900
GRID_WIDTH = 720  # pixels; a phone scrolls the grid sideways


def page(text: Text) -> None:
    record, refused = memory.page(START)
    with st.sidebar:
        controls(record, text, own=("view.activations",))
    heading(record, text)
    failures.say_refused(refused, text)
    view_controls(record, text)
    link = memory.write_link(record, START)
    results = asking.ask(record.study(), record.view.needs, text, place="flow", meanwhile=lambda: draw_old(text))
    if isinstance(results, Failure):
        say_failure(results, record, text)
        return
    memory.put(DRAWN, record)
    picture = draw(record, results, text)
    below(record, picture, text, link)


def heading(record: GradientFlowPage, text: Text) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(text("page.gradient_flow.title"), anchor=False)
        lens_controls(record, text)
    name = preset_of(record)
    st.markdown(text(f"preset.{name}.look") if name else text("page.gradient_flow.lead"))


def view_controls(record: GradientFlowPage, text: Text) -> None:
    draw = Controls(record, START, text).draw
    with st.container(horizontal=True, vertical_alignment="bottom"):
        draw("view.quantity", segmented=True)
        draw("view.arrangement", segmented=True)
        draw("view.axis", segmented=True)
        if record.view.quantity == "gradient":
            draw("view.part", segmented=True)
        elif record.view.arrangement == "grid" or record.view.activations != "all":
            draw("view.bounds")


def lens_controls(record: GradientFlowPage, text: Text) -> None:
    """Where which format loses the gradient, and whether the backward pass is really run in one of them.

    Beside the title, where it takes no height from the figure.
    """
    draw, view = Controls(record, START, text).draw, record.view
    with st.popover(text("lens.menu_in", dtype=view.backward) if view.is_rounded else text("lens.menu")):
        if view.quantity == "gradient" and view.part == "state":
            draw("view.backward")
        if view.axis == "log":
            draw("view.precisions")


# — what comes of it —


def draw(record: GradientFlowPage, results: Results, text: Text, stale: bool = False) -> Picture:
    view, pinned = record.view, pinned_setting(record, text) if not stale else None
    picture = Picture(view, record.study(), results, text, look(), pinned, record.time)
    reading = view.reading(results, text)
    st.markdown(reading)
    if view.axis == "linear":
        st.warning(text("page.linear_warning"))
    show(picture, record, reading, stale)
    examples = record.experiment.batch_size
    over_examples = "page.band" if view.is_detailed else "page.median"
    note = text(over_examples if view.quantity == "gradient" else "page.one_example", examples=examples)
    note += f" {text('page.cursor.note', time=record.time)}"
    said = [note, text("page.notation"), text("page.no_part") if view.part == "cell_state" else ""]
    st.caption(" ".join(filter(None, [*said, text("rounded.note", dtype=view.backward) if view.is_rounded else ""])))
    return picture


def show(picture: Picture, record: GradientFlowPage, reading: str, stale: bool) -> None:
    text, title = picture.text, picture.figure["layout"]["title"]["text"]
    plot(
        picture.figure,
        key="flow.figure",
        height=GRID_HEIGHT if record.view.arrangement == "grid" else OVERLAY_HEIGHT,
        alt=text("alt.gradient_flow", title=title, reading=reading.replace("**", "")),
        words=plot_words(text),
        file_name=picture.file_name,
        stale=stale,
        on_click=lambda point: move_cursor(picture, point),
        min_width=GRID_WIDTH if record.view.arrangement == "grid" else 0,
    )


def draw_old(text: Text) -> None:
    """The figure of the last setting, marked as old, while the new one is computed."""
    old = memory.get(DRAWN)
    results = asking.already_there(old.study(), old.view.needs) if old else None
    if results is None:
        st.skeleton(height=OVERLAY_HEIGHT)
    else:
        draw(old, results, text, stale=True)


def pinned_setting(record: GradientFlowPage, text: Text) -> Pinned | None:
    pinned = memory.get(PINNED)
    if pinned is None:
        return None
    results = asking.ask(pinned.study(), record.view.needs, text, place="flow.pinned", meanwhile=lambda: None)
    return None if isinstance(results, Failure) else Pinned(pinned.study(), results)


def below(record: GradientFlowPage, picture: Picture, text: Text, link: dict[str, str]) -> None:
    replaced_worker(text)
    with st.container(horizontal=True):
        pin_button(record, text)
        share(link, text)
        with st.container(width="content"):
            verifying.menu(picture, text, key="flow")
        taking.menu(picture, key="flow")
    with st.expander(text("page.table")):
        st.dataframe(record.view.table(picture.results, text), hide_index=True)


def pin_button(record: GradientFlowPage, text: Text) -> None:
    pinned: Choice | None = memory.get(PINNED)
    label, value = ("page.pin", record) if pinned is None else ("page.unpin", None)
    st.button(text(label), on_click=memory.put, args=(PINNED, value), help=text("page.pin_help"))


page(memory.language())
