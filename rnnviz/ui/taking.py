"""Under every figure, one menu of all that can be taken home: the figure as a file, its numbers, the lines that draw it.

What is quickly made is made here, when it is asked for. What needs Chromium or the engine is made by the lane `files`: a
button asks for it, a line says how far it is, and then a button that saves the file stands in its place.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.diagnostics.training_result import outcome_of
from rnnviz.experiment import Experiment, Study
from rnnviz.export import FORMATS, CannotExport, DemonstrationPicture, Format, Picture
from rnnviz.export.chromium import check_browser
from rnnviz.figures.training import TRAINING_FIGURES
from rnnviz.jobs import Failure, Result, Ticket, files
from rnnviz.text import Text
from rnnviz.trace import Trace
from rnnviz.ui import failures, memory
from rnnviz.ui.asking import POLL, standing

FORMAT = {one.name: one for one in FORMATS}
BY_BROWSER = ("pdf", "png", "svg")
CODE_HEIGHT = 240  # pixels


class Offer(NamedTuple):
    """What an open menu offers, and where: `key` is the place on the page. `live`: it is drawn anew every second."""

    picture: Picture | DemonstrationPicture
    key: str
    live: bool

    @property
    def text(self) -> Text:
        return self.picture.text

    def label(self, form: Format) -> str:
        return self.text(f"taking.format.{form.name}.label")

    def help(self, form: Format) -> str:
        return self.text(f"taking.format.{form.name}.help")

    def data(self, button: str, make: Callable[[], bytes]) -> Callable[[], bytes] | bytes:
        """What a button hands out: made when it is clicked; of what is live once, when the menu is opened.

        Streamlit forgets what a click would make as soon as the next run has ended, some time before the browser has that
        run's buttons. Where a run follows every second, one click in eight would find nothing. Bytes keep their address.
        """
        if not self.live:
            return make
        if button not in self.picture.made:
            self.picture.made[button] = make()
        return self.picture.made[button]


class Order(NamedTuple):
    """A file that a worker makes; equal keys mean equal files. `slot` holds its button, `line` what is said of it."""

    form: Format
    key: str
    request: dict[str, Any]
    file_name: str
    slot: DeltaGenerator
    line: DeltaGenerator


@st.fragment
def menu(picture: Picture | DemonstrationPicture, *, key: str, live: bool = False) -> None:
    """Closed, it costs nothing: what is in it is drawn when it is open. `live`: on a page that is drawn every second."""
    text = picture.text
    popover = st.popover(text("taking.menu"), help=text("taking.menu_help"), on_change="rerun", key=f"{key}.taking")
    if popover.open:
        with popover:
            contents(Offer(picture, key, live))


def is_open(key: str) -> bool:
    """Whether the menu of this place is open just now."""
    return bool(memory.get(f"{key}.taking"))


def contents(offer: Offer) -> None:
    text = offer.text
    st.caption(text("taking.same"))
    asked = [*pictures(offer), *numbers(offer)]
    with row(offer, "taking.again"):
        here(offer, "ipynb", "json", "py")
    st.caption(text("taking.lines"))
    st.code(FORMAT["py"].make(offer.picture).decode(), language="python", height=CODE_HEIGHT)
    for order in asked:  # last, so that all of the menu can be used while a worker is at work
        make(offer, order)


def row(offer: Offer, title: str) -> DeltaGenerator:
    st.markdown(f"**{offer.text(title)}**")
    return st.container(horizontal=True)


def pictures(offer: Offer) -> Iterator[Order]:
    """Those of the files that were just asked for."""
    refusal = why_no_picture(offer.text)
    with row(offer, "taking.picture"):
        slots = {name: st.empty() for name in BY_BROWSER}
        here(offer, "html")
    line = st.empty()
    if refusal:
        st.caption(f"{refusal} {offer.text('taking.own_browser')}")
    drawn = offer.picture.drawn.as_json()
    for name, slot in slots.items():
        key = hashlib.sha256(json.dumps([name, drawn]).encode()).hexdigest()[:24]
        request = {"picture": drawn, "format": name}
        order = Order(FORMAT[name], key, request, f"{offer.picture.file_name}.{name}", slot, line)
        if pressed(offer, order, disabled=bool(refusal)):
            yield order


def numbers(offer: Offer) -> Iterator[Order]:
    with row(offer, "taking.numbers"):
        here(offer, "csv")
        slot = st.empty()
    line, picture = st.empty(), offer.picture
    if isinstance(picture, DemonstrationPicture):
        return
    if isinstance(picture.view, TRAINING_FIGURES):
        log(offer, picture, slot)
        return
    study = picture.study.experiments()
    experiment, example = study[one_of(offer, picture)], picture.example
    request = {"trace": experiment.flat(), "example": example}
    key = f"trace {experiment.key} {example}"
    order = Order(FORMAT["nc"], key, request, f"trace-{experiment.key}.nc", slot, line)
    if pressed(offer, order):
        yield order


def one_of(offer: Offer, picture: Picture) -> str:
    """Which of several runs is meant."""
    text, names = offer.text, list(picture.results)
    if len(names) == 1:
        return names[0]
    labels = labels_of(picture.study, text)
    return st.selectbox(text("taking.curve"), names, key=f"{offer.key}.curve", format_func=lambda one: labels[one])


def labels_of(study: Study, text: Text) -> dict[str, str]:
    """The names of its runs; those that share one also say the numbers in which they differ, or else their keys."""
    experiments = study.experiments()
    numbers = {
        one.name: [f"{path.rpartition('.')[2]} = {word}" for path, word in one.changes if not isinstance(word, str)]
        for one in study.variations
    }
    labels = {name: curve(one, text) for name, one in experiments.items()}
    labels = told_apart(labels, {name: " · " + ", ".join(found) for name, found in numbers.items() if found})
    return told_apart(labels, {name: f" ({one.key[:4]})" for name, one in experiments.items()})


def told_apart(labels: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    """What is shared by several gets what there is more to say of each."""
    counts = Counter(labels.values())
    return {name: label + more.get(name, "") if counts[label] > 1 else label for name, label in labels.items()}


def log(offer: Offer, picture: Picture, slot: DeltaGenerator) -> None:
    """All that a training wrote down; it is here already, so no worker is asked."""
    experiment, data = picture.results[one_of(offer, picture)]
    trace = Trace(experiment, outcome_of(data, experiment.dtype), data)
    slot.download_button(
        offer.label(FORMAT["nc"]),
        data=offer.data(f"nc {experiment.key}", partial(FORMAT["nc"].make, trace)),
        file_name=f"training-{experiment.key}.nc",
        mime=FORMAT["nc"].media_type,
        on_click="ignore",
        help=offer.help(FORMAT["nc"]),
        key=f"{offer.key}.nc",
    )


def curve(experiment: Experiment, text: Text) -> str:
    cell = experiment.cell
    name = f"{text(f'option.cell.{cell.kind}.short')} · {text(f'option.activation.{cell.activation}.label')}"
    trained = experiment.training.updates > 0
    return f"{name} · {text('parameter.seed.label')} {experiment.seed}" if trained else name


def here(offer: Offer, *names: str) -> None:
    """Buttons of files that this process makes when they are clicked."""
    for name in names:
        st.download_button(
            offer.label(FORMAT[name]),
            data=offer.data(name, partial(FORMAT[name].make, offer.picture)),
            file_name=f"{offer.picture.file_name}.{name}",
            mime=FORMAT[name].media_type,
            on_click="ignore",
            help=offer.help(FORMAT[name]),
            key=f"{offer.key}.{name}",
        )


# — made by a worker —


def pressed(offer: Offer, order: Order, disabled: bool = False) -> bool:
    """Put the order's button into its slot: the file if it is made, else one that asks for it; whether it was asked for."""
    made = files().remembered(order.key)
    if made is not None:
        hand_over(offer, order, made)
        return False
    return order.slot.button(
        offer.label(order.form),
        help=offer.help(order.form),
        key=f"{offer.key}.ask.{order.form.name}",
        disabled=disabled,
    )


def hand_over(offer: Offer, order: Order, made: Result) -> None:
    data = made.arrays["file"]
    order.slot.download_button(
        offer.text("taking.save", name=offer.label(order.form), size=size_in_words(data.nbytes, offer.text)),
        data=offer.data(order.key, data.tobytes),
        file_name=order.file_name,
        mime=order.form.media_type,
        on_click="ignore",
        type="primary",
        help=offer.help(order.form),
        key=f"{offer.key}.save.{order.form.name}",
    )


def make(offer: Offer, order: Order) -> None:
    """Have the file made, and say how far it is. One owner a session: a newer order takes the place of an older.

    Whoever moves a slider meanwhile does not stop it: the file is there when the menu is drawn again.
    """
    ticket = files().submit(order.key, order.request, f"{memory.session()}:file")
    while not ticket.wait(POLL):
        order.line.caption(progress(ticket, offer, order))
    answer = ticket.result()
    if isinstance(answer, Failure):
        order.line.error(in_words(answer, order.form, offer.text))
    else:
        order.line.empty()
        hand_over(offer, order, answer)


def progress(ticket: Ticket, offer: Offer, order: Order) -> str:
    if ticket.position and ticket.position > 1:  # the first in the queue may be waiting for the worker to start
        return standing(ticket, offer.text)
    if order.form.by_browser:
        return offer.text("taking.drawing", name=offer.label(order.form))
    return offer.text("taking.running", percent=round(100 * (ticket.progress or 0)))


def size_in_words(nbytes: int, text: Text) -> str:
    if nbytes < 1e6:
        return text("taking.kilobytes", size=max(1, round(nbytes / 1e3)))
    return text("taking.megabytes", size=f"{nbytes / 1e6:.1f}")


# — what goes wrong —


def why_no_picture(text: Text) -> str:
    """Why this server can draw no picture, or nothing; it starts no browser to find out."""
    try:
        check_browser(text.language)
    except CannotExport as error:
        return refusal_in_words(error.reason, FORMAT["pdf"], error.detail, text)
    return ""


def in_words(failure: Failure, form: Format, text: Text) -> str:
    detail: dict[str, Any] = dict(failure.detail)
    match failure.kind:
        case "refused" if detail["reason"] == "cannot_export":
            refusal = refusal_in_words(detail["export_reason"], form, detail, text)
            return f"{refusal} {text('taking.own_browser')}"
        case "refused":
            return f"{failures.in_words(failure, text)} {text('taking.no_limit')}"
        case "superseded" | "cancelled":
            return text("taking.error.stopped")
        case "deadline":
            detail["seconds"] = f"{float(detail['seconds']):g}"
    return text(f"taking.error.{failure.kind}", **detail)


def refusal_in_words(reason: str, form: Format, detail: Mapping[str, Any], text: Text) -> str:
    return text(f"taking.error.{reason}", **{**detail, "name": text(f"taking.format.{form.name}.label")})
