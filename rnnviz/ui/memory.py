"""What a session remembers: the only file that touches st.session_state and the address bar.

A page has one record of everything a person chose on it. Widgets show it, callbacks change it, the link says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rnnviz.choice import Choice, Flat, InvalidParameter, Word
from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.address import read, written

Page = TypeVar("Page", bound=Choice)
LANGUAGE = "lang"


def session() -> str:
    """An id that no other browser tab has."""
    context = get_script_run_ctx()
    return context.session_id if context else "no session"


def language() -> Text:
    """The reader's language: what they chose, else what the link says, else what the browser prefers."""
    if LANGUAGE not in st.session_state:
        preferred = (st.context.locale or "en").split("-")[0]
        asked = st.query_params.get(LANGUAGE, preferred)
        st.session_state[LANGUAGE] = asked if asked in LANGUAGES else "en"
    return Text(st.session_state[LANGUAGE])


def page(start: Page) -> tuple[Page, list[InvalidParameter]]:
    """The page's record, and what of a newly opened link could not be honoured."""
    link = {name: word for name, word in st.query_params.items() if name != LANGUAGE}
    kept: Page | None = st.session_state.get(place(start))
    if kept is not None and link == st.session_state.get(place(start) + ".link"):
        return kept, []
    record, refused = read(link, start)
    remember(record)
    return record, refused


def remember(record: Choice) -> None:
    st.session_state[place(record)] = record


def kept(start: Page) -> Page:
    """The record inside a callback, where the link was read before."""
    record: Page = st.session_state.get(place(start), start)
    return record


def change(start: Choice, path: str, key: str, step: float | None = None) -> None:
    """Callback of a widget: the record takes the widget's value, quantised to the slider's grid."""
    value = st.session_state[key]
    if value is None:  # a segmented control that was clicked off keeps what it had
        return
    value = round(round(value / step) * step, 10) if step and isinstance(value, float) else value
    remember(kept(start).changed({path: value}))


def show(record: Choice, keys: Mapping[str, str]) -> None:
    """Let every widget show the record; run before the widgets are drawn."""
    flat = record.flat()
    for path, key in keys.items():
        if path in flat:
            st.session_state[key] = flat[path]


def write_link(record: Choice, start: Choice) -> dict[str, str]:
    """Put the record into the address bar, with the language; gives the words of the link."""
    link = written(record, start)
    st.session_state[place(record) + ".link"] = link
    words = {**link, LANGUAGE: st.session_state[LANGUAGE]}
    if words != dict(st.query_params):
        st.query_params.from_dict(words)
    return words


def get(name: str, default: Any = None) -> Any:
    return st.session_state.get(name, default)


def put(name: str, value: Any) -> None:
    st.session_state[name] = value


def place(record: Choice) -> str:
    return f"page.{record.kind}"


__all__ = [
    "Flat",
    "Word",
    "change",
    "get",
    "kept",
    "language",
    "page",
    "put",
    "remember",
    "session",
    "show",
    "write_link",
]
