"""The front page: nine networks, one sequence, and the gradient on its way back through each of them."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from rnnviz.choice import Choice
from rnnviz.figures import FigureDict, Look, Results
from rnnviz.jobs import Failure
from rnnviz.tasks import OwnSeries, OwnText
from rnnviz.text import Text
from rnnviz.ui import asking, failures, memory, uploads
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.plot import plot
from rnnviz.ui.presets import PRESETS

PINNED, DRAWN, PRESET = "flow.pinned", "flow.drawn", "flow.preset"
OVERLAY_HEIGHT, GRID_HEIGHT = 520, 680  # with the sentence above it, a whole figure is seen on 1440 × 900
GRID_WIDTH = 720  # pixels; a phone scrolls the grid sideways
OWN = ""  # the entry of the preset menu that stands for no preset


def page(text: Text) -> None:
    record, refused = memory.page(START)
    with st.sidebar:
        controls(record, text)
    heading(record, text)
    failures.say_refused(refused, text)
    view_controls(record, text)
    link = memory.write_link(record, START)
    results = asking.ask(record.study(), record.view.needs, text, place="flow", meanwhile=lambda: draw_old(text))
    if isinstance(results, Failure):
        say_failure(results, record, text)
        return
    memory.put(DRAWN, record)
    draw(record, results, text)
    below(record, results, text, link)


# — what a person sets —


def controls(record: GradientFlowPage, text: Text) -> None:
    """In the order in which a lecturer thinks."""
    draw = Controls(record, START, text).draw
    preset_menu(record, text)
    scale = record.experiment.initializer.scale.kind
    Controls(record, START, text).draw_live(f"experiment.initializer.scale.{scale}")
    draw("experiment.task.sequence_length", highest=1_000)
    draw("view.activations", segmented=True)
    draw("experiment.initializer")
    draw("experiment.initializer.scale")
    draw("experiment.initializer.chain")
    draw("experiment.cell.forget_bias.value")
    draw("experiment.cell.forget_bias.longest_lag")
    draw("update_bias")
    task_controls(record, text)
    draw("experiment.cell.hidden_size", highest=128)
    draw("experiment.cell.layers")
    draw("experiment.loss")
    draw("experiment.loss.step", highest=record.experiment.task.sequence_length)
    draw("experiment.seed")
    with st.expander(text("page.more")):
        for path in ("experiment.cell.forget_bias", "reset", "experiment.batch_size", "experiment.dtype"):
            draw(path)
    st.button(
        text("page.reset"), help=text("page.reset_help"), on_click=memory.remember, args=(START,), width="stretch"
    )


def task_controls(record: GradientFlowPage, text: Text) -> None:
    draw, task = Controls(record, START, text).draw, record.experiment.task
    draw("experiment.task")
    match task:
        case OwnText():
            uploads.own_text(record, text)
        case OwnSeries():
            uploads.own_series(record, text)
        case _:
            for parameter in task.parameters_declared():
                if parameter.name != "sequence_length":
                    draw(f"experiment.task.{parameter.name}")


def preset_menu(record: GradientFlowPage, text: Text) -> None:
    memory.show(PRESET, preset_of(record))
    st.selectbox(
        text("page.preset"),
        [OWN, *PRESETS],
        key=PRESET,
        format_func=lambda name: text(f"preset.{name}.label") if name else text("page.own_setting"),
        on_change=choose_preset,
        help=text("page.preset_help"),
    )


def choose_preset() -> None:
    name = memory.get(PRESET)
    if name:
        memory.remember(preset(name))


def preset(name: str) -> GradientFlowPage:
    return START.changed(PRESETS[name])


def preset_of(record: GradientFlowPage) -> str:
    """The preset that this setting is, however it is looked at otherwise."""
    return next((name for name in PRESETS if setting(preset(name)) == setting(record)), OWN)


def setting(record: GradientFlowPage) -> tuple[object, ...]:
    return record.experiment, record.update_bias, record.reset, record.view.activations


def heading(record: GradientFlowPage, text: Text) -> None:
    st.header(text("page.gradient_flow.title"), anchor=False)
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


# — what comes of it —


def draw(record: GradientFlowPage, results: Results, text: Text, stale: bool = False) -> None:
    view, pinned = record.view, pinned_results(record, text) if not stale else None
    figure = view(results, text, look(), pinned)
    reading = view.reading(results, text)
    st.markdown(reading)
    if view.axis == "linear":
        st.warning(text("page.linear_warning"))
    show(figure, record, text, reading, stale)
    examples = record.experiment.batch_size
    note = text("page.band" if view.quantity == "gradient" else "page.one_example", examples=examples)
    st.caption(f"{note} {text('page.notation')}" + (f" {text('page.no_part')}" if view.part == "cell_state" else ""))


def show(figure: FigureDict, record: GradientFlowPage, text: Text, reading: str, stale: bool) -> None:
    title = figure["layout"]["title"]["text"]
    plot(
        figure,
        key="flow.figure",
        height=GRID_HEIGHT if record.view.arrangement == "grid" else OVERLAY_HEIGHT,
        alt=text("alt.gradient_flow", title=title, reading=reading.replace("**", "")),
        words={name: text(f"plot.{name}") for name in ("computing", "save_svg", "save_png", "load_failed")},
        file_name=f"gradient-flow-{record.study().key}",
        stale=stale,
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


def look() -> Look:
    return Look(dark=st.context.theme.type == "dark")


def pinned_results(record: GradientFlowPage, text: Text) -> Results | None:
    pinned = memory.get(PINNED)
    if pinned is None:
        return None
    results = asking.ask(pinned.study(), record.view.needs, text, place="flow.pinned", meanwhile=lambda: None)
    return None if isinstance(results, Failure) else results


def below(record: GradientFlowPage, results: Results, text: Text, link: dict[str, str]) -> None:
    if memory.get("worker_was_replaced"):
        memory.put("worker_was_replaced", None)
        st.info(text("waiting.replaced"))
    with st.container(horizontal=True):
        pin_button(record, text)
        st.download_button(
            text("page.csv"),
            data=lambda: record.view.data(results).to_csv(index=False),
            file_name=f"gradient-flow-{record.study().key}.csv",
            mime="text/csv",
            on_click="ignore",
            help=text("page.csv_help"),
        )
        with st.popover(text("page.share"), help=text("page.share_help")):
            st.code(f"{(st.context.url or '').partition('?')[0]}?{urlencode(link)}", language=None, wrap_lines=True)
    with st.expander(text("page.table")):
        st.dataframe(record.view.table(results, text), hide_index=True)


def pin_button(record: GradientFlowPage, text: Text) -> None:
    pinned: Choice | None = memory.get(PINNED)
    label, value = ("page.pin", record) if pinned is None else ("page.unpin", None)
    st.button(text(label), on_click=memory.put, args=(PINNED, value), help=text("page.pin_help"))


def say_failure(failure: Failure, record: GradientFlowPage, text: Text) -> None:
    st.error(f"**{text('error.title')}.** {failures.in_words(failure, text)}")
    if failure.detail.get("reason") == "over_budget":
        path, nearest = str(failure.detail["parameter"]), int(failure.detail["nearest"])
        name = failures.parameter_name(path, text)
        st.button(
            text("error.over_budget_button", parameter=name, nearest=nearest),
            on_click=lambda: memory.remember(record.changed({f"experiment.{path}": nearest})),
        )


page(memory.language())
