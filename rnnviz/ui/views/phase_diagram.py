"""Phase diagram: hundreds of networks over two parameters, and the line between vanishing and exploding."""

from __future__ import annotations

import streamlit as st

from rnnviz.export import Picture
from rnnviz.figures import GradientFlow, PhaseDiagram
from rnnviz.figures.phase_frame import with_mark
from rnnviz.jobs import Failure
from rnnviz.planes import BASE
from rnnviz.text import Text
from rnnviz.ui import asking, failures, filling, memory, taking, verifying
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import look, plot_words, replaced_worker, say_failure, share
from rnnviz.ui.filling import Found, Plan
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.plot import Click, plot

EVERY, PATIENCE = 0.3, 0.7  # seconds between two looks, and of waiting in one: the map is drawn about once a second
GOING, CLICKED = "phase.going", "phase.clicked"
HEIGHT, POINT_HEIGHT = 560, 460


def page(text: Text) -> None:
    record, refused = memory.page(START)
    with st.sidebar:
        controls(record, text)
    st.header(text("page.phase_diagram.title"), anchor=False)
    st.markdown(text("page.phase_diagram.lead"))
    failures.say_refused(refused, text)
    # Columns, because on a phone they stand one below the other.
    for column, path in zip(st.columns([2, 1]), ("phase.plane", "phase.colour"), strict=True):
        with column:
            Controls(record, START, text).draw(path, segmented=True)
    link = memory.write_link(record, START)
    going = filling.goes_on(plan_of(record))
    memory.put(GOING, going)
    st.fragment(live, run_every=EVERY if going else None)(text)
    at_the_mark(record, text)
    replaced_worker(text)
    share(link, text)


def plan_of(record: GradientFlowPage) -> Plan:
    return filling.plan(record.mapped(), figure_of(record).needs)


def figure_of(record: GradientFlowPage) -> PhaseDiagram:
    return PhaseDiagram(plane=record.phase.plane, colour=record.phase.colour)


def controls(record: GradientFlowPage, text: Text) -> None:
    """What the networks of the map have in common; what its axes vary is not among it. The gain moves the mark."""
    control, view = Controls(record, START, text), record.phase
    varied, cell = {view.parameters.across.name, view.parameters.up.name}, view.network().cell
    control.draw_live("experiment.initializer.scale.gain")
    st.markdown(f"**{text('page.phase_diagram.networks')}**")
    if view.plane != "forget_bias":
        control.draw("phase.cell", segmented=True)
    if "activation" not in varied:
        control.draw("phase.activation", segmented=True)
    control.draw("phase.initializer")
    for name in ("variance", "hidden_size", "sequence_length"):
        if name not in varied:
            control.draw(f"phase.{name}")
    if cell == "lstm" and "forget_bias" not in varied:
        control.draw("experiment.cell.forget_bias.value")
    if cell == "gru":
        control.draw("update_bias")
    control.draw("experiment.seed")
    control.draw("phase.resolution", segmented=True)
    st.button(
        text("page.reset"), help=text("page.reset_help"), on_click=memory.remember, args=(START,), width="stretch"
    )


# — what is drawn again as cells come in —


def live(text: Text) -> None:
    record = memory.kept(START)
    study = plan_of(record)
    found = filling.fill(study, "phase", PATIENCE)
    if memory.get(CLICKED) or found.going != memory.get(GOING):
        memory.put(CLICKED, None)
        st.rerun()  # the whole page, which decides whether to look again, and draws the gradient at the mark
    under_way(study, found, text)
    for failure in filling.failures_of(study):
        say_failure(
            failure,
            record,
            text,
            {"task.sequence_length": "phase.sequence_length", "cell.hidden_size": "phase.hidden_size"},
        )
    draw(record, found, text)


def under_way(study: Plan, found: Found, text: Text) -> None:
    if found.finished:
        st.caption(text("page.phase_diagram.finished", of=found.of))
        return
    stopped = not found.going
    said = text(f"page.phase_diagram.{'stopped' if stopped else 'progress'}", done=found.done, of=found.of)
    cost = text("page.phase_diagram.cost", seconds=max(1, round(study.seconds)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(found.done / found.of, text=f"{said} · {cost}")
        if stopped:
            st.button(text("page.phase_diagram.resume"), help=text("page.phase_diagram.resume_help"), key="phase.resume",
                      on_click=filling.resume)  # fmt: skip
        else:
            st.button(text("page.phase_diagram.stop"), help=text("page.phase_diagram.stop_help"), key="phase.stop",
                      on_click=filling.stop, args=(study,))  # fmt: skip
    if found.busy:
        st.caption(text("page.phase_diagram.busy"))


def draw(record: GradientFlowPage, found: Found, text: Text) -> None:
    figure = figure_of(record)
    picture = Picture(figure, record.mapped(), found.results, text, look())
    reading = figure.reading(found.results, text)
    st.markdown(reading)
    plot(
        with_mark(picture.figure, record.phase.parameters, record.one, look()),
        key="phase.figure",
        height=HEIGHT,
        alt=text("alt.map", title=picture.title, reading=reading.replace("**", "")),
        words=plot_words(text),
        file_name=f"phase-diagram-{plan_of(record).key}",  # the picture's own, whose key would take 40 ms every second
        on_click=lambda point: go_to(record, point),
    )
    note = "note" if record.phase.colour == "exponent" else "note_kept"
    st.caption(text(f"page.phase_diagram.{note}", examples=BASE.batch_size))
    if not found.going:  # a menu that is open while the map grows would be torn
        with st.expander(text("page.table")):
            st.dataframe(figure.table(found.results, text), hide_index=True)
        taking.menu(picture, key="phase")


# — the experiment —


def go_to(record: GradientFlowPage, point: Click) -> None:
    """Callback of the map: the experiment of all pages becomes the network of the cell that was clicked."""
    view = record.phase
    places = [
        min(axis.at(view.resolution), key=lambda value: abs(axis.place(value) - float(place)))
        for axis, place in zip(view.parameters, (point.x, point.y), strict=True)
    ]
    memory.remember(memory.kept(START).standing(view.parameters.words(*places)))
    memory.put(CLICKED, True)


def at_the_mark(record: GradientFlowPage, text: Text) -> None:
    """The gradient flow of the marked network, if it is one of the map's."""
    st.subheader(text("page.phase_diagram.point"), anchor=False)
    if record.mark is None:
        st.caption(text("page.phase_diagram.point_empty"))
        return
    view, study = GradientFlow(), record.opened()
    results = asking.ask(study, view.needs, text, place="phase.point", meanwhile=nothing_yet)
    if isinstance(results, Failure):
        say_failure(results, record, text)
        return
    picture = Picture(view, study, results, text, look())
    reading = view.reading(results, text)
    st.markdown(reading)
    plot(
        picture.figure, key="phase.point", height=POINT_HEIGHT, words=plot_words(text), file_name=picture.file_name,
        alt=text("alt.gradient_flow", title=picture.title, reading=reading.replace("**", "")),
    )  # fmt: skip
    with st.container(horizontal=True):
        front = text("page.gradient_flow.title")
        if st.button(text("page.phase_diagram.open", page=front), help=text("page.phase_diagram.open_help")):
            st.switch_page("views/gradient_flow.py")
        verifying.menu(picture, text, key="phase.point")
        taking.menu(picture, key="phase.point")


def nothing_yet() -> None:
    st.skeleton(height=POINT_HEIGHT)


page(memory.language())
