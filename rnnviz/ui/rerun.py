"""A kept run again, with one parameter changed: which one, to what, and the training that it means."""

from __future__ import annotations

from typing import Literal

import streamlit as st
from pydantic import Field

from rnnviz.choice import Choice, OneOf, Range, parameter_at
from rnnviz.experiment import Experiment
from rnnviz.figures.many_runs import label, said
from rnnviz.refusals import REFUSALS, in_words
from rnnviz.store import Run
from rnnviz.text import Text
from rnnviz.training import Training
from rnnviz.trainings import trainings, understood
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls

USUAL = "training.optimizer.learning_rate"  # what is changed most often stands first
OF, REFUSED, BUSY = "rerun.of", "rerun.refused", "rerun.busy"


class Rerun(Choice):
    """The experiment that is to be trained."""

    kind: Literal["rerun"] = Field("rerun", repr=False)
    experiment: Experiment = Experiment()


START = Rerun()


def rerun(run: Run, selection: str, text: Text) -> None:
    """`selection` is the key of the widget that chooses runs: the new one joins the old one there."""
    if not understood(run) or not isinstance((before := Experiment.from_flat(run.words)).training, Training):
        return
    with st.expander(text("page.runs.rerun.title")):
        st.caption(text("page.runs.rerun.lead"))
        path = parameter(before, text)
        if memory.get(OF) != (run.key, path):
            memory.put(OF, (run.key, path))
            memory.remember(START.model_copy(update={"experiment": before}))
        Controls(memory.kept(START), START, text).draw(f"experiment.{path}")
        wanted = memory.kept(START).experiment
        if wanted == before:
            st.caption(text("page.runs.rerun.before", value=said(path, before.flat()[path], text)))
        st.button(
            text("page.runs.rerun.train"), help=text("page.runs.rerun.train_help"), key="rerun.train", type="primary",
            disabled=wanted == before, on_click=start, args=(wanted, run.key, selection),
        )  # fmt: skip
        say_refusal(text)


def parameter(before: Experiment, text: Text) -> str:
    paths = changeable(before)
    named = [label(path, text) for path in paths]
    chosen: str = st.selectbox(
        text("page.runs.rerun.parameter"), paths, key="rerun.parameter", help=text("page.runs.rerun.parameter_help"),
        format_func=lambda path: f"{label(path, text)} ({path})" if named.count(label(path, text)) > 1 else label(path, text),
    )  # fmt: skip
    return chosen


def changeable(experiment: Experiment) -> list[str]:
    """Every parameter that has a control: all but the hash of an upload, and whether it is trained at all."""
    paths = [path for path in experiment.flat() if path != "training" and has_control(experiment, path)]
    return sorted(paths, key=lambda path: path != USUAL)


def has_control(experiment: Experiment, path: str) -> bool:
    declared = parameter_at(experiment, path)
    return declared is not None and isinstance(declared.domain, Range | OneOf)


def start(experiment: Experiment, beside: str, selection: str) -> None:
    """Callback: train it, and look at both."""
    memory.put(REFUSED, None)
    try:
        status = trainings().start(experiment)
    except REFUSALS as error:
        memory.put(REFUSED, error)
        return
    memory.put(BUSY, status.state == "busy")
    if status.state != "busy":
        memory.put(selection, [beside, experiment.key])


def say_refusal(text: Text) -> None:
    if error := memory.get(REFUSED):
        st.error(f"**{text('page.runs.rerun.too_large')}** {in_words(error, text)}")
    if memory.get(BUSY):
        st.warning(text("page.runs.rerun.busy"))
