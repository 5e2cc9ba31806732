"""Activation: φ and φ' as curves, and where on them one network works."""

from __future__ import annotations

import streamlit as st

from rnnviz.cells import GRU
from rnnviz.cells.cell import Cell
from rnnviz.diagnostics.squashing import places_of
from rnnviz.figures import ActivationUse, Saturation
from rnnviz.figures.activation_use import place_for
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Panel, Sections, layer_control, network_page


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        places = places_of(record.cell)
        if len(places) > 1:
            shown = place_for(record.cell, record.squashing.place)
            control.draw("squashing.place", segmented=True, only=places, shown=shown)
        layer_control(record, control)


def sections(record: GradientFlowPage) -> Sections:
    use = ActivationUse(place=record.squashing.place, layer=record.layer)
    over_time = Saturation(place=record.squashing.place)
    return {
        "use": [
            Panel(use, 600, "alt.gradient_flow", f"page.activation.{equation_of(record.cell)}_note"),
            Panel(over_time, 440, "alt.gradient_flow", "page.activation.time_note"),
        ]
    }


def equation_of(cell: Cell) -> str:
    return "gru_before" if isinstance(cell, GRU) and cell.reset == "before" else cell.kind


network_page(memory.language(), "activation", view_controls, sections)
