"""Gates and states: one curve of the Gradient flow page opened up, down to its units."""

from __future__ import annotations

import streamlit as st

from rnnviz.diagnostics.unit_activity import variables_of
from rnnviz.figures import GateProduct, GateRuler, UnitActivity, UnitSpread
from rnnviz.figures.units import variable_for
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Panel, Sections, layer_and_example, network_page


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    cell = record.cell
    # By itself, because only so does it wrap on a phone.
    control.draw(
        "gates.variable", segmented=True, only=variables_of(cell), shown=variable_for(cell, record.gates.variable)
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if cell.keeping_gate:
            control.draw("gates.order", segmented=True)
        layer_and_example(record, control)
        control.draw("view.precisions")


def sections(record: GradientFlowPage) -> Sections:
    view, layer = record.gates, record.layer
    activity = UnitActivity(variable=view.variable, layer=layer, order=view.order)
    spread = UnitSpread(variable=view.variable, layer=layer)
    product = GateProduct(layer=layer, precisions=record.view.precisions)
    return {
        "units": [
            Panel(activity, 460, "alt.heat_map", "page.gates.heat_scale"),
            Panel(spread, 440, "alt.gradient_flow", "page.gates.spread_note"),
            Panel(GateRuler(layer=layer), 460, "alt.gradient_flow", "page.gates.two_biases"),
        ],
        "paths": [Panel(product, 460, "alt.gradient_flow", "page.gates.one_path")],
    }


network_page(memory.language(), "gates", view_controls, sections)
