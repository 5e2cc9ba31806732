"""Equations: one step of one unit, in letters and in this run's numbers."""

from __future__ import annotations

import streamlit as st

from rnnviz.figures import Results, units
from rnnviz.figures.equations import NEEDS, StepEquations, step_equations
from rnnviz.text import Text
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Passage, Sections, layer_and_example, network_page


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    # By itself, because only so does it wrap on a phone.
    control.draw("equations.notation", segmented=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if record.cell.hidden_size > 1:
            control.draw("equations.unit", highest=record.cell.hidden_size, shown=unit(record))
        layer_and_example(record, control)


def unit(record: GradientFlowPage) -> int:
    """Counted from 1; a unit beyond the last means the last."""
    return min(record.equations.unit, record.cell.hidden_size)


def sections(record: GradientFlowPage) -> Sections:
    return {"step": [Passage(NEEDS, write, 600)]}


def write(record: GradientFlowPage, results: Results, text: Text) -> None:
    _, result = units.first(results)
    step = step_equations(result, record.layer, unit(record), record.time, record.equations.notation)
    if result.data.attrs["outcome"] == "diverged":
        st.warning(units.overflowed(result, text))
    if step is None:
        return
    where(record, step, text)
    for equation in step.forward:
        st.markdown(f"**{text(equation.name)}**")
        st.latex(equation.latex(step.time, step.unit))
    gradient(record, step, text)
    st.caption(" ".join(remarks(record, text)))
    with st.expander(text("page.equations.copy")):
        st.code("\n\n".join(step.latex), language="latex", wrap_lines=True)


def where(record: GradientFlowPage, step: StepEquations, text: Text) -> None:
    """Which unit and step this is, and what is special about it."""
    said = [text("page.equations.where", unit=step.unit, time=step.time, example=record.example + 1)]
    if step.unit != unit(record):
        said.append(text("page.equations.nearest", asked=unit(record), unit=step.unit))
    if step.time == 1:
        said.append(text("page.equations.start"))
    if record.layer > 1:
        said.append(text("page.equations.input_from_below", below=record.layer - 1))
    st.markdown(" ".join(said))


def gradient(record: GradientFlowPage, step: StepEquations, text: Text) -> None:
    st.subheader(text("page.equations.gradient"), anchor=False)
    if not step.gradient:
        st.markdown(text("page.equations.no_gradient"))
        return
    st.markdown(text("page.equations.gradient_note"))
    if step.gradient[0].value == 0:
        st.markdown(text("page.equations.zero_gradient", dtype=record.experiment.dtype))
    for equation in step.gradient:
        st.markdown(f"**{text(equation.name)}**")
        st.latex(equation.latex(step.time, step.unit))


def remarks(record: GradientFlowPage, text: Text) -> list[str]:
    """How the numbers are written, and where this notation differs from others."""
    cell, notation = record.cell, record.equations.notation
    said = [text("page.equations.digits"), text(f"page.equations.about.{notation}")]
    if cell.kind == "gru":
        said.append(text("page.equations.pytorch_z" if notation == "pytorch" else "page.equations.notes_z"))
        if notation == "concatenated" and record.reset == "after":
            said.append(text("page.equations.reset_after"))
    return said


network_page(memory.language(), "equations", view_controls, sections)
