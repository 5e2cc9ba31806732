"""Training: several networks learn one task at once, and the gradient is watched while they do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from rnnviz.comparing import parameter_count
from rnnviz.experiment import Study
from rnnviz.export import Picture
from rnnviz.figures import Results
from rnnviz.figures.training import (
    AnyTrainingFigure,
    GradientFilm,
    GradientHorizon,
    GradientNorm,
    Prediction,
    RecurrentSpectrum,
    TrainingGates,
)
from rnnviz.figures.training.panels import bin_note
from rnnviz.figures.training.runs import arm_names, bin_size, of_any_seed
from rnnviz.figures.training.verdict import score_of, verdict
from rnnviz.refusals import in_words
from rnnviz.tasks.facts import facts as task_facts
from rnnviz.text import Text
from rnnviz.ui import failures, memory, under_way
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import look, share
from rnnviz.ui.live_slider import live_slider
from rnnviz.ui.training_controls import controls, replay_of
from rnnviz.ui.training_figures import draw
from rnnviz.ui.training_record import START, TrainingPage
from rnnviz.ui.under_way import UnderWay

EVERY = 1.0  # seconds between two looks at what has been written down, which is how often a worker writes
HEIGHTS = {"gradient_film": 720, "gradient_norm": 640, "training_gates": 520, "recurrent_spectrum": 520}
HEIGHT, TWO_PANELS = 440, 560
ACTIVE = "train.active"  # whether anything was under way when the whole page was last drawn


def page(text: Text) -> None:
    record, refused = memory.page(START)
    with st.sidebar:
        controls(record, text)
    st.header(text("page.training.title"), anchor=False)
    name = replay_of(record)
    st.markdown(published(name, record, text) if name else text("page.training.lead"))
    st.caption(facts(record, text))
    failures.say_refused(refused, text)
    found = under_way.under_way(record.study())
    memory.put(ACTIVE, found.active)
    st.fragment(live, run_every=EVERY if found.active else None)(text)
    other_trainings(record, text)


def published(name: str, record: TrainingPage, text: Text) -> str:
    """A replay: what is trained, what was published, at which budget it is tried here, and what to look at."""
    amount = {"updates": record.experiment.training.updates, "examples": record.experiment.batch_size}
    claim = text("replay.theirs", claim=text(f"replay.{name}.claim"))
    claim = claim[:1].upper() + claim[1:]
    parts = [text(f"replay.{name}.what"), claim, text("replay.budget", **amount, seeds=record.seeds)]
    return " ".join([*parts, text(f"replay.{name}.look")])


def facts(record: TrainingPage, text: Text) -> str:
    """What the task asks, and how large the networks are where they are made equally large."""
    said = task_facts(record.experiment.task, text)
    if record.size == "width":
        return said
    networks = {one.cell.kind: one for one in record.study().experiments().values()}.values()
    widths = ", ".join(str(one.cell.hidden_size) for one in networks)
    counts = ", ".join(f"{parameter_count(one):,}" for one in networks)
    return f"{said} {text('page.training.widths', widths=widths, counts=counts)}"


# — what is drawn again every second —


def live(text: Text) -> None:
    record = memory.kept(START)
    found = under_way.under_way(record.study())
    link = memory.write_link(record, START)  # here, because a hand that scrubs draws only this part again
    if found.active != memory.get(ACTIVE):  # the whole page decides whether to look again in a second
        st.rerun()
    buttons(found, text)
    standing(found, text)
    watched(record, found, text)
    share(link, text)


def watched(record: TrainingPage, found: UnderWay, text: Text) -> None:
    results = under_way.results_of(found)
    if not found.known:
        empty(record, text)
        return
    if not results:
        st.caption(text("page.training.waiting"))
        st.skeleton(height=HEIGHT)
        return
    view_controls(record, results, text)
    if (name := replay_of(record)) and found.finished:
        scores = score_of(results, text)
        counts = ", ".join(score.said(text) for score in scores)
        st.info(f"**{verdict(name, record.compared, scores, text)}** {counts}.")
    for figure in record.view.figures:
        picture = Picture(figure, found.study, results, text, look())
        draw(
            picture, f"train.{figure.kind}", height_of(figure, picture), note(figure, record, text), active=found.active
        )
    with st.expander(text("page.training.states")):
        st.dataframe(states(found, text), hide_index=True)


def buttons(found: UnderWay, text: Text) -> None:
    study = found.study
    resumes = not found.to_start and bool(found.to_resume)
    with st.container(horizontal=True):
        main = "resume" if resumes else "start"
        button(main, text, under_way.start, study, primary=True, off=not (found.to_start or found.to_resume))
        button("pause", text, under_way.pause, study, off=not any(status.can_pause for status in found.known))
        button("stop", text, under_way.stop, study, off=not any(status.can_stop for status in found.known))


def button(
    name: str, text: Text, press: Callable[[Study], None], study: Study, *, primary: bool = False, off: bool = False
) -> None:
    pressed = st.button(
        text(f"page.training.{name}"), key=f"train.{name}", help=text(f"page.training.{name}_help"), disabled=off,
        on_click=press, args=(study,), type="primary" if primary else "secondary",
    )  # fmt: skip
    if pressed:
        st.rerun()  # the whole page, which then looks every second, or no longer


def standing(found: UnderWay, text: Text) -> None:
    """Progress, rate and time left; what was cut off, not accepted or refused."""
    if error := memory.get(under_way.REFUSED):
        st.error(f"**{text('page.training.too_large')}** {in_words(error, text)}")
    if not found.known:
        return
    runs, finished = len(found.statuses), sum(status.state in ("completed", "diverged") for status in found.known)
    said = [text("page.training.progress", done=found.done, all=found.all, finished=finished, runs=runs)]
    if found.rate:
        said.append(text("page.training.rate", rate=f"{found.rate:.0f}"))
    if found.active and found.seconds_left is not None:
        said.append(text("page.training.left", left=duration(found.seconds_left, text)))
    st.progress(min(found.done / max(found.all, 1), 1.0), text=" · ".join(said))
    if cut := sum(status.state == "interrupted" for status in found.known):
        st.warning(text("page.training.interrupted", count=cut))
    for failure in {status.failure.kind: status.failure for status in found.known if status.failure}.values():
        st.error(failures.in_words(failure, text))
    if any(status.elsewhere for status in found.known):
        st.info(text("page.training.elsewhere"))
    if found.to_start and memory.get(under_way.BUSY):
        st.warning(text("page.training.busy", count=memory.get(under_way.BUSY)))


def duration(seconds: float, text: Text) -> str:
    if seconds < 90:
        return text("page.training.seconds", seconds=max(1, round(seconds)))
    if seconds < 5400:
        return text("page.training.minutes", minutes=round(seconds / 60))
    return text("page.training.hours", hours=f"{seconds / 3600:.1f}")


def empty(record: TrainingPage, text: Text) -> None:
    """What pressing the button will do."""
    study = record.study().experiments()
    names = arm_names(study.values(), text).values()
    updates = next(iter(study.values())).training.updates
    st.info(text("page.training.empty", runs=len(study), updates=updates, arms=", ".join(names), seeds=record.seeds))


# — figures —


def view_controls(record: TrainingPage, results: Results, text: Text) -> None:
    control, view = Controls(record, START, text), record.view
    control.draw("view.watch", segmented=True)
    kinds = {figure.kind for figure in view.figures}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if kinds & {"gradient_film", "training_gates"}:
            arm_control(record, text)
        if "recurrent_spectrum" in kinds:
            control.draw("view.gate")
        if "update_ratio" in kinds:
            control.draw("view.matrix", segmented=True)
        if record.experiment.cell.layers > 1 and view.watch in ("size", "weights"):
            control.draw("view.layer", highest=record.experiment.cell.layers)
    if kinds & {"gradient_film", "prediction"}:
        scrubber(record, results, text)


def arm_control(record: TrainingPage, text: Text) -> None:
    """By the names of the runs, which the declaration cannot know."""
    names = list(arm_names(record.study().experiments().values(), text).values())
    key, shown = "train.view.arm", min(record.view.arm, len(names))
    memory.show(key, shown)
    st.segmented_control(
        text("parameter.arm.label"), list(range(1, len(names) + 1)), key=key, format_func=lambda k: names[k - 1],
        help=text("parameter.arm.help"), on_change=memory.change, args=(START, "view.arm", key),
    )  # fmt: skip


def scrubber(record: TrainingPage, results: Results, text: Text) -> None:
    """The film's: from the first snapshot to the newest of all runs. At its right end it stays with the newest."""
    taken = [data["snapshot"].values for _, data in results.values() if "snapshot" in data.coords]
    updates = max(taken, key=len, default=np.empty(0))
    if len(updates) < 2:
        return
    last, step = int(updates[-1]), int(updates[1] - updates[0])
    high = -(-last // step) * step
    shown = min(record.view.update, high)

    def scrubbed(value: float) -> None:
        start = type(START.view)().update
        memory.take(START, "view.update", start if value >= high else int(value))

    live_slider(text("parameter.update.label"), float(shown), 0.0, float(high), float(step), "train.view.update",
                text("parameter.update.help"), scrubbed)  # fmt: skip


def height_of(figure: AnyTrainingFigure, picture: Picture) -> int:
    panels = sum(name.startswith("yaxis") for name in picture.figure["layout"])
    return HEIGHTS.get(figure.kind, HEIGHT if panels < 2 else TWO_PANELS)


def note(figure: AnyTrainingFigure, record: TrainingPage, text: Text) -> str:
    examples, band = record.experiment.batch_size, text("page.training.band")
    match figure:
        case Prediction():
            return text("page.training.snapshot_note", examples=examples)
        case GradientFilm():
            return text("page.training.film_note", examples=examples)
        case GradientHorizon():
            return f"{band} {text('page.training.horizon_note')}"
        case RecurrentSpectrum():
            return f"{band} {text('page.training.spectrum_note')}"
        case TrainingGates():
            return f"{band} {text('page.training.gates_note')}"
    each = bin_note(bin_size(record.experiment), text)
    return f"{text('page.training.norm_note') if isinstance(figure, GradientNorm) else band} {each}"


def states(found: UnderWay, text: Text) -> list[dict[str, str]]:
    """A row per training."""
    experiments = found.study.experiments()
    names = arm_names(experiments.values(), text)
    rows = []
    for name, experiment in experiments.items():
        status = found.statuses[name]
        rows.append(
            {
                text("table.curve"): names[of_any_seed(experiment)],
                text("parameter.seed.label"): str(experiment.seed),
                text("table.state"): text(f"run_state.{status.state}") if status else "—",
                text("table.updates"): f"{status.update} / {status.updates}" if status else "—",
                text("table.rate"): f"{status.rate:.0f}" if status and status.rate else "—",
                text("table.outcome"): text(f"training.outcome.{status.outcome.state}", **vars(status.outcome))
                if status and status.outcome
                else "—",
                text("table.key"): experiment.key,
            }
        )
    return rows


def other_trainings(record: TrainingPage, text: Text) -> None:
    found = under_way.others(record.study())
    if found:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(text("page.training.others", count=len(found)))
            st.button(
                text("page.training.others_stop"),
                key="train.others",
                on_click=under_way.stop_others,
                args=(record.study(),),
            )


page(memory.language())
