"""The dashboard: language, navigation, and the page that is open. `app.py` serves it."""

from pathlib import Path

import streamlit as st

from rnnviz.jobs import interactive
from rnnviz.refusals import REFUSALS, in_words
from rnnviz.store import UnusableStore
from rnnviz.text import LANGUAGES
from rnnviz.ui import memory
from rnnviz.ui.failures import verbatim
from rnnviz.ui.lessons import LESSONS, NAMES

VIEWS = Path(__file__).parent / "views"
SIDEBAR_WIDTH = 380  # pixels; four Korean words of a segmented control fit beside each other
FRONT = "gradient_flow"
SECTIONS = {  # each page is a file in views/; the front page stands before all sections
    "one_network": ("gates", "weight_gradient", "activation", "equations", "layers"),
    "why": ("jacobians", "bptt", "lyapunov", "phase_diagram", "misconceptions"),
    "training": ("training", "runs"),
    "learn": (*(f"learn/{name}" for name in NAMES), "learn/glossary"),
}

text = memory.language()
st.set_page_config(
    page_title=text("app.title"), page_icon="assets/logo.svg", layout="wide", initial_sidebar_state=SIDEBAR_WIDTH
)
interactive().warm()  # nothing if the workers run already

with st.sidebar:
    st.segmented_control(
        text("app.language"),
        list(LANGUAGES),
        key=memory.LANGUAGE,
        format_func=lambda code: LANGUAGES[code],
        label_visibility="collapsed",
        required=True,
    )


def page(name: str) -> st.Page:
    alone = name.rpartition("/")[2]
    return st.Page(VIEWS / f"{name}.py", title=title(alone), url_path=alone.replace("_", "-"), default=name == FRONT)


def title(name: str) -> str:
    """A lesson is listed by its number."""
    if name not in NAMES:
        return text(f"page.{name}.title")
    return LESSONS[NAMES.index(name)].heading(text)


sections = {text(f"section.{section}"): [page(name) for name in names] for section, names in SECTIONS.items()}
opened = st.navigation({"": [page(FRONT)], **sections}, position="top", expanded=True)
try:
    opened.run()
except REFUSALS as error:  # of a study that a link describes: an upload that is gone, widths that no network has
    st.error(verbatim(in_words(error, text)))
except UnusableStore as error:
    st.error(verbatim(text(f"runs.error.{error.reason}", **error.detail)))
