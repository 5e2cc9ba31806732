"""What the pages of one record share: the experiment in the sidebar, presets, the link, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlencode

import streamlit as st

from rnnviz.choice import Choice, Parameter
from rnnviz.export import Picture
from rnnviz.figures import Look
from rnnviz.figures.cursor import time_at
from rnnviz.jobs import Failure
from rnnviz.tasks import OwnSeries, OwnText, Task
from rnnviz.text import Text
from rnnviz.ui import failures, memory, uploads
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.plot import Click
from rnnviz.ui.presets import PRESETS

PRESET = "flow.preset"
OWN = ""  # the entry of the preset menu that stands for no preset


def controls(record: GradientFlowPage, text: Text, own: Iterable[str]) -> None:
    """In the order in which a lecturer thinks; `own` are the segmented controls of the page itself."""
    draw = Controls(record, START, text).draw
    preset_menu(record, text)
    scale = record.experiment.initializer.scale.kind
    Controls(record, START, text).draw_live(f"experiment.initializer.scale.{scale}")
    draw("experiment.task.sequence_length", highest=1_000)
    for path in own:
        draw(path, segmented=True)
    draw("experiment.initializer")
    draw("experiment.initializer.scale")
    draw("experiment.initializer.chain")
    draw("experiment.cell.forget_bias.value")
    draw("experiment.cell.forget_bias.longest_lag")
    draw("update_bias")
    task_controls(record, record.experiment.task, START, text)
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


def task_controls(record: Choice, task: Task, start: Choice, text: Text) -> None:
    """The task and all its parameters but the length, of any record that has an `experiment`."""
    draw = Controls(record, start, text).draw
    draw("experiment.task")
    match task:
        case OwnText():
            uploads.own_text(record, start, text)
        case OwnSeries():
            uploads.own_series(record, start, text)
        case _:
            for parameter in task.parameters_declared():
                if parameter.name != "sequence_length":
                    draw(f"experiment.task.{parameter.name}")
                    for inner in parameters_of(getattr(task, parameter.name)):
                        draw(f"experiment.task.{parameter.name}.{inner.name}")


def parameters_of(value: object) -> tuple[Parameter, ...]:
    return value.parameters_declared() if isinstance(value, Choice) else ()


def preset_menu(record: GradientFlowPage, text: Text) -> None:
    names = {name: text(f"preset.{name}.label") for name in PRESETS}
    menu_of_settings(
        PRESET, preset_of(record), names, text("page.preset"), text("page.preset_help"), choose_preset, text
    )


def menu_of_settings(
    key: str, now: str, names: Mapping[str, str], label: str, help: str, choose: Callable[[], None], text: Text
) -> None:
    """Settings worth choosing by their names; what was set by hand is an entry of its own."""
    memory.show(key, now)
    st.selectbox(
        label, [OWN, *names], key=key, format_func=lambda name: names.get(name, text("page.own_setting")), help=help,
        on_change=choose,
    )  # fmt: skip


def choose_preset() -> None:
    """A preset sets the experiment and the front page; the other pages look where they looked."""
    name = memory.get(PRESET)
    if name:
        chosen = preset(name)
        sets = {part: getattr(chosen, part) for part in ("experiment", "update_bias", "reset", "view")}
        memory.remember(memory.kept(START).model_copy(update=sets))


def preset(name: str) -> GradientFlowPage:
    return START.changed(PRESETS[name])


def preset_of(record: GradientFlowPage) -> str:
    """The preset that this setting is, however it is looked at otherwise."""
    return next((name for name in PRESETS if setting(preset(name)) == setting(record)), OWN)


def setting(record: GradientFlowPage) -> tuple[object, ...]:
    return record.experiment, record.update_bias, record.reset, record.view.activations


def move_cursor(picture: Picture, point: Click) -> None:
    """Callback of a figure: the time cursor goes to the step that was clicked."""
    time = time_at(picture.figure, picture.results, point.x, picture.text, point.y)
    if time is not None:
        memory.take(START, "network.time", time)


def look() -> Look:
    return Look(dark=st.context.theme.type == "dark")


def replaced_worker(text: Text) -> None:
    """Said once, after a worker had to be replaced."""
    if memory.get("worker_was_replaced"):
        memory.put("worker_was_replaced", None)
        st.info(text("waiting.replaced"))


def share(link: dict[str, str], text: Text) -> None:
    with st.popover(text("page.share"), help=text("page.share_help")):
        st.code(f"{(st.context.url or '').partition('?')[0]}?{urlencode(link)}", language=None, wrap_lines=True)


def plot_words(text: Text) -> dict[str, str]:
    return {name: text(f"plot.{name}") for name in ("computing", "save_svg", "save_png", "load_failed")}


def say_failure(
    failure: Failure, record: GradientFlowPage, text: Text, places: Mapping[str, str] | None = None
) -> None:
    """What went wrong, and a button where another setting would do; `places` are parameters with a place of their own."""
    st.error(f"**{text('error.title')}.** {failures.in_words(failure, text)}")
    if failure.detail.get("reason") == "over_budget":
        path, nearest = str(failure.detail["parameter"]), int(failure.detail["nearest"])
        place = (places or {}).get(path, f"experiment.{path}")
        name = failures.parameter_name(place, text)
        st.button(
            text("error.over_budget_button", parameter=name, nearest=nearest),
            on_click=lambda: memory.remember(record.changed({place: nearest})),
        )
