"""Backpropagation, itemised: which loss hears which past, and what truncation costs."""

from __future__ import annotations

import streamlit as st

from rnnviz.figures import BpttMap, TruncationBias
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Panel, Sections, example_control, network_page


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    length = record.experiment.task.sequence_length
    with st.container(horizontal=True, vertical_alignment="bottom"):
        control.draw("bptt.truncation_length", highest=length, shown=min(record.bptt.truncation_length, length))
        example_control(record, control)
        control.draw("view.precisions")


def sections(record: GradientFlowPage) -> Sections:
    truncation = record.bptt.truncation_length
    by_step = BpttMap(truncation_length=truncation, time=record.time, precisions=record.view.precisions)
    return {
        "itemised": [
            Panel(by_step, 680, "alt.heat_map", "page.bptt.map_note"),
            Panel(TruncationBias(truncation_length=truncation), 420, "alt.gradient_flow", "page.bptt.bias_note"),
        ]
    }


network_page(memory.language(), "bptt", view_controls, sections, GradientFlowPage.opened_exactly)
