"""Lyapunov exponents: what becomes of small changes in the long run."""

from __future__ import annotations

import streamlit as st

from rnnviz.diagnostics.untied_growth import gaussian_layer
from rnnviz.figures import LyapunovConvergence, LyapunovSpectrum
from rnnviz.ui import memory
from rnnviz.ui.controls import Controls
from rnnviz.ui.flow import GradientFlowPage
from rnnviz.ui.network_page import Panel, Sections, network_page


def view_controls(record: GradientFlowPage, control: Controls) -> None:
    view, longest = record.lyapunov, max(100, record.lyapunov.steps // 200 * 100)
    control.draw("lyapunov.drive", segmented=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if view.drive == "noise":
            control.draw("lyapunov.variance")
        control.draw("lyapunov.steps")
        control.draw("lyapunov.warm_up", highest=longest, shown=min(view.warm_up, longest))
        control.draw("lyapunov.seeds")
    if comparable(record):
        control.draw("lyapunov.untied")


def comparable(record: GradientFlowPage) -> bool:
    """Whether there is such a thing as the same network with fresh weights."""
    return all(map(gaussian_layer, record.followed().experiments().values()))


def sections(record: GradientFlowPage) -> Sections:
    warm_up = record.lyapunov.warm_up
    spectrum = LyapunovSpectrum(warm_up=warm_up, untied=record.lyapunov.untied and comparable(record))
    return {
        "exponents": [
            Panel(spectrum, 460, "alt.scatter", "page.lyapunov.spectrum_note"),
            Panel(LyapunovConvergence(warm_up=warm_up), 440, "alt.gradient_flow", "page.lyapunov.convergence_note"),
        ]
    }


network_page(
    memory.language(), "lyapunov", view_controls, sections, GradientFlowPage.followed,
    places={"task.sequence_length": "lyapunov.steps"}, cursor=False,
)  # fmt: skip
