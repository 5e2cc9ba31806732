"""Gates and states: one curve of the Gradient flow page opened up, down to its units."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from rnnviz.cells.cell import Cell
from rnnviz.diagnostics.unit_activity import variables_of
from rnnviz.figures import GateProduct, GateRuler, Results, UnitActivity, UnitSpread
from rnnviz.figures.units import variable_for
from rnnviz.jobs import Failure
from rnnviz.text import Text
from rnnviz.ui import asking, failures, memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import controls, look, plot_words, replaced_worker, say_failure, share
from rnnviz.ui.flow import START, GradientFlowPage
from rnnviz.ui.plot import plot

DRAWN = "gates.drawn"


class Panel(NamedTuple):
    """One figure of the page: how high, how it is called to a screen reader, and the remark below it."""

    figure: UnitActivity | UnitSpread | GateProduct | GateRuler
    height: int
    alt: str
    note: str


def page(text: Text) -> None:
    record, refused = memory.page(START)
    with st.sidebar:
        controls(record, text, own=("gates.cell", "gates.activation"))
    st.header(text("page.gates.title"), anchor=False)
    st.markdown(text("page.gates.lead"))
    failures.say_refused(refused, text)
    view_controls(record, text)
    link = memory.write_link(record, START)
    # Two questions: the products of Jacobians may be refused or take long where the units themselves are quickly there.
    of_units, of_paths = panels(record)
    if section(record, of_units, "units", text):
        section(record, of_paths, "paths", text)
    replaced_worker(text)
    share(link, text)


def view_controls(record: GradientFlowPage, text: Text) -> None:
    draw, cell, view = Controls(record, START, text).draw, cell_of(record), record.gates
    # By itself, because only so does it wrap on a phone.
    draw("gates.variable", segmented=True, only=variables_of(cell), shown=variable_for(cell, view.variable))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if cell.keeping_gate:
            draw("gates.order", segmented=True)
        if cell.layers > 1:
            draw("gates.layer", highest=cell.layers, shown=min(view.layer, cell.layers))
        if record.experiment.batch_size > 1:
            draw("gates.example", highest=record.experiment.batch_size, shown=example_of(record) + 1)


def cell_of(record: GradientFlowPage) -> Cell:
    (experiment,) = record.curve().experiments().values()
    return experiment.cell


def example_of(record: GradientFlowPage) -> int:
    """Counted from 0; an example beyond the last means the last."""
    return min(record.gates.example, record.experiment.batch_size) - 1


def panels(record: GradientFlowPage) -> tuple[list[Panel], list[Panel]]:
    view = record.gates
    layer = min(view.layer, record.experiment.cell.layers)
    activity = UnitActivity(variable=view.variable, layer=layer, order=view.order)
    spread = UnitSpread(variable=view.variable, layer=layer)
    return (
        [
            Panel(activity, 460, "alt.heat_map", "page.gates.heat_scale"),
            Panel(spread, 440, "alt.gradient_flow", "page.gates.spread_note"),
            Panel(GateRuler(layer=layer), 460, "alt.gradient_flow", "page.gates.two_biases"),
        ],
        [Panel(GateProduct(layer=layer), 460, "alt.gradient_flow", "page.gates.one_path")],
    )


def needs_of(shown: list[Panel]) -> list[str]:
    return sorted({name for panel in shown for name in panel.figure.needs})


def section(record: GradientFlowPage, shown: list[Panel], place: str, text: Text) -> bool:
    """Ask for what these figures need and draw them; whether there was an answer."""
    results = asking.ask(
        record.curve(), needs_of(shown), text, place=f"gates.{place}",
        meanwhile=lambda: draw_old(place, text), example=example_of(record),
    )  # fmt: skip
    if isinstance(results, Failure):
        say_failure(results, record, text)
        return False
    memory.put(f"{DRAWN}.{place}", record)
    draw(record, shown, results, text)
    return True


def draw_old(place: str, text: Text) -> None:
    """The figures of the last setting, marked as old, while the new ones are computed."""
    old = memory.get(f"{DRAWN}.{place}")
    shown = panels(old)[place == "paths"] if old else []
    results = asking.already_there(old.curve(), needs_of(shown), example_of(old)) if old else None
    if results is None:
        st.skeleton(height=460)
    else:
        draw(old, shown, results, text, stale=True)


def draw(record: GradientFlowPage, shown: list[Panel], results: Results, text: Text, stale: bool = False) -> None:
    for panel in shown:
        draw_panel(record, panel, results, text, stale)


def draw_panel(record: GradientFlowPage, panel: Panel, results: Results, text: Text, stale: bool) -> None:
    figure, reading = panel.figure, panel.figure.reading(results, text)
    drawn = figure(results, text, look())
    title, name = drawn["layout"]["title"]["text"], f"{figure.kind.replace('_', '-')}-{record.curve().key}"
    st.markdown(reading)
    plot(
        drawn,
        key=f"gates.{figure.kind}",
        height=panel.height,
        alt=text(panel.alt, title=title, reading=reading.replace("**", "")),
        words=plot_words(text),
        file_name=name,
        stale=stale,
    )
    st.caption(text(panel.note, example=example_of(record) + 1, examples=record.experiment.batch_size))
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
            key=f"gates.csv.{figure.kind}",
        )


page(memory.language())
