"""Weight gradient: which time steps teach the weights of one network, through which gates, and what cancels."""

from __future__ import annotations

import streamlit as st

from rnnviz.figures import WeightBlocks, WeightCancellation, WeightShares
from rnnviz.figures.shares import block_for, blocks_of
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Panel, Sections, layer_control, network_page


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    blocks = blocks_of(record.cell)
    if len(blocks) > 1:
        shown = block_for(record.cell, record.weights.block)
        control.draw("weights.block", segmented=True, only=blocks, shown=shown)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        control.draw("weights.matrix", segmented=True)
        layer_control(record, control)
        control.draw("view.precisions")


def sections(record: GradientFlowPage) -> Sections:
    view, layer = record.weights, record.layer
    shares = WeightShares(matrix=view.matrix, block=view.block, layer=layer)
    marks = record.view.precisions
    cancellation = WeightCancellation(matrix=view.matrix, block=view.block, layer=layer, precisions=marks)
    return {
        "shares": [
            Panel(shares, 520, "alt.gradient_flow", "page.weight_gradient.shares_note"),
            Panel(cancellation, 440, "alt.gradient_flow", "page.weight_gradient.cancellation_note"),
            Panel(WeightBlocks(layer=layer), 420, "alt.heat_map", "page.weight_gradient.blocks_note"),
        ]
    }


network_page(memory.language(), "weight_gradient", view_controls, sections)
