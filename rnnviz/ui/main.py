"""The dashboard: language, navigation, and the page that is open. `app.py` serves it."""

from pathlib import Path

import streamlit as st

from rnnviz.jobs import interactive
from rnnviz.text import LANGUAGES
from rnnviz.ui import memory

VIEWS = Path(__file__).parent / "views"
SIDEBAR_WIDTH = 380  # pixels; four Korean words of a segmented control fit beside each other

text = memory.language()
st.set_page_config(
    page_title=text("app.title"), page_icon="assets/logo.svg", layout="wide", initial_sidebar_state=SIDEBAR_WIDTH
)
interactive().warm()  # nothing if the workers run already

pages = [
    st.Page(VIEWS / "gradient_flow.py", title=text("page.gradient_flow.title"), url_path="gradient-flow", default=True),
    st.Page(VIEWS / "gates.py", title=text("page.gates.title"), url_path="gates"),
    st.Page(VIEWS / "jacobians.py", title=text("page.jacobians.title"), url_path="jacobians"),
    st.Page(VIEWS / "bptt.py", title=text("page.bptt.title"), url_path="bptt"),
    st.Page(VIEWS / "lyapunov.py", title=text("page.lyapunov.title"), url_path="lyapunov"),
    st.Page(VIEWS / "weight_gradient.py", title=text("page.weight_gradient.title"), url_path="weight-gradient"),
    st.Page(VIEWS / "activation.py", title=text("page.activation.title"), url_path="activation"),
    st.Page(VIEWS / "equations.py", title=text("page.equations.title"), url_path="equations"),
    st.Page(VIEWS / "layers.py", title=text("page.layers.title"), url_path="layers"),
    st.Page(VIEWS / "misconceptions.py", title=text("page.misconceptions.title"), url_path="misconceptions"),
    st.Page(VIEWS / "training.py", title=text("page.training.title"), url_path="training"),
    st.Page(VIEWS / "runs.py", title=text("page.runs.title"), url_path="runs"),
]
with st.sidebar:
    st.segmented_control(
        text("app.language"),
        list(LANGUAGES),
        key=memory.LANGUAGE,
        format_func=lambda code: LANGUAGES[code],
        label_visibility="collapsed",
        required=True,
    )
st.navigation(pages, position="top").run()
