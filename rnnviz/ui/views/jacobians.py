"""Product of Jacobians: why the gradient of one network vanishes, by its singular values, its steps and its paths."""

from __future__ import annotations

import streamlit as st

from rnnviz.figures import ConditionNumber, JacobianPaths, SingularSpectrum, StepEigenvalues, StepNorms
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Panel, Sections, example_control, network_page


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        example_control(record, control)
        control.draw("view.precisions")


def sections(record: GradientFlowPage) -> Sections:
    time, precisions = record.time, record.view.precisions
    lens = "lens_note" if record.cell.keeping_gate else "lens_whole_note"
    return {
        "paths": [Panel(JacobianPaths(precisions=precisions), 460, "alt.gradient_flow", "page.jacobians.paths_note")],
        "spectrum": [
            Panel(SingularSpectrum(precisions=precisions), 460, "alt.gradient_flow", "page.jacobians.spectrum_note"),
            Panel(ConditionNumber(precisions=precisions), 400, "alt.gradient_flow", "page.jacobians.condition_note"),
        ],
        "lens": [
            Panel(StepEigenvalues(time=time), 560, "alt.scatter", f"page.jacobians.{lens}"),
            Panel(StepNorms(time=time), 560, "alt.gradient_flow", "page.jacobians.norms_note"),
        ],
    }


network_page(memory.language(), "jacobians", view_controls, sections, GradientFlowPage.opened_exactly)
