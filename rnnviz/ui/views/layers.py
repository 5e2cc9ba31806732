"""Layers: which of the stacked layers keeps its gradient, and which loses it."""

from __future__ import annotations

import streamlit as st

from rnnviz.text import Text
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Panel, Sections, network_page

PARTS = ("hidden_state", "cell_state", "state")
STACKED = 3  # layers that the button sets: one above and one below another


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    words = tuple(part for part in PARTS if part != "cell_state" or record.cell.has_cell_state)
    part = record.layer_gradient.part
    with st.container(horizontal=True, vertical_alignment="bottom"):
        control.draw("layer_gradient.part", segmented=True, only=words, shown=part if part in words else "hidden_state")
        control.draw("view.precisions")
    if record.cell.layers == 1:
        one_layer(record, control.text)


def one_layer(record: GradientFlowPage, text: Text) -> None:
    st.info(text("page.layers.one"))
    st.button(
        text("page.layers.stack", layers=STACKED),
        on_click=lambda: memory.remember(record.changed({"experiment.cell.layers": STACKED})),
    )


def sections(record: GradientFlowPage) -> Sections:
    note = "page.layers.note_state" if record.layer_gradient.part == "state" else "page.layers.note"
    figure = record.layer_gradient.model_copy(update={"precisions": record.view.precisions})
    return {"layers": [Panel(figure, 500, "alt.gradient_flow", note)]}


network_page(memory.language(), "layers", view_controls, sections)
