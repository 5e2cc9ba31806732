"""The sidebar of the page Training, in a lecturer's order: task, length, what is compared, how it is trained."""

from __future__ import annotations

import streamlit as st

from rnnviz.choice import Choice
from rnnviz.comparing import Activations, Cells, Clippings, ForgetBiases
from rnnviz.replays import REPLAYS
from rnnviz.text import Text
from rnnviz.training import Training
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import OWN, menu_of_settings, parameters_of, task_controls
from rnnviz.ui.training_record import START, TrainingPage

REPLAY = "train.replay"
WIDEST, LONGEST, MOST_UPDATES = 128, 1_000, 20_000  # of the sliders; a link may name more


def controls(record: TrainingPage, text: Text) -> None:
    replay_menu(record, text)
    task_controls(record, record.experiment.task, START, text)
    draw = Controls(record, START, text).draw
    draw("experiment.task.sequence_length", highest=LONGEST)
    compared(record, text)
    how(record, text)
    draw("experiment.training.updates", highest=MOST_UPDATES)
    draw("seeds")
    with st.expander(text("page.more")):
        more(record, text)
    st.button(
        text("page.reset"), help=text("page.reset_help"), on_click=memory.remember, args=(START,), width="stretch"
    )


def compared(record: TrainingPage, text: Text) -> None:
    """Which networks: what differs between them, and what they have in common."""
    draw = Controls(record, START, text).draw
    draw("compared")
    draw("compared.of", segmented=True)
    if not isinstance(record.compared, Activations):
        draw("experiment.cell.activation", segmented=True, only=("sigmoid", "tanh", "relu"))
    draw("experiment.cell.hidden_size", highest=WIDEST)
    if isinstance(record.compared, Cells):
        draw("size", segmented=True)


def how(record: TrainingPage, text: Text) -> None:
    """Optimizer, clipping, backpropagation through time."""
    control = Controls(record, START, text)
    control.draw("experiment.training.optimizer")
    control.draw("experiment.training.optimizer.learning_rate")
    if not isinstance(record.compared, Clippings):
        control.draw("experiment.training.clipping", segmented=True)
    inner(record.experiment.training, "clipping", control)
    control.draw("experiment.training.truncation", segmented=True)
    inner(record.experiment.training, "truncation", control)


def more(record: TrainingPage, text: Text) -> None:
    control = Controls(record, START, text)
    control.draw("experiment.batch_size")
    control.draw("experiment.loss")
    control.draw("experiment.loss.step", highest=record.experiment.task.sequence_length)
    control.draw("experiment.cell.layers")
    if not isinstance(record.compared, ForgetBiases):
        control.draw("experiment.cell.forget_bias.value")
    if isinstance(record.compared, Cells):
        control.draw("update_bias")
    control.draw("experiment.initializer")
    control.draw("experiment.initializer.scale")
    control.draw(f"experiment.initializer.scale.{record.experiment.initializer.scale.kind}")
    inner(record.experiment.training, "optimizer", control, but="learning_rate")
    control.draw("experiment.training.weight_decay")
    control.draw("experiment.training.schedule")
    inner(record.experiment.training, "schedule", control)
    control.draw("experiment.seed")
    control.draw("experiment.dtype", segmented=True)


def inner(of: Choice, name: str, control: Controls, but: str = "") -> None:
    """All parameters of a choice inside the training, but one that stands elsewhere."""
    if isinstance(of, Training):
        for parameter in parameters_of(getattr(of, name)):
            if parameter.name != but:
                control.draw(f"experiment.training.{name}.{parameter.name}")


# — published results —


def replay_menu(record: TrainingPage, text: Text) -> None:
    names = {name: text(f"replay.{name}.label") for name in REPLAYS}
    menu_of_settings(REPLAY, replay_of(record), names, text("replay.label"), text("replay.help"), choose, text)


def choose() -> None:
    """A replay sets everything but what is watched."""
    name = memory.get(REPLAY)
    if name:
        memory.remember(replay(name).model_copy(update={"view": memory.kept(START).view}))


def replay(name: str) -> TrainingPage:
    return START.changed(REPLAYS[name].words)


def replay_of(record: TrainingPage) -> str:
    return next((name for name in REPLAYS if replay(name).model_copy(update={"view": record.view}) == record), OWN)
