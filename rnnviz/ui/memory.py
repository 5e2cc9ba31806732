"""What a session remembers: the only file that touches st.session_state and the address bar.

A page has one record of everything a person chose on it. Widgets show it, callbacks change it, the link says it.
"""

from __future__ import annotations

import math
import time
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rnnviz.choice import Choice, InvalidParameter, Word
from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.address import read, written

Page = TypeVar("Page", bound=Choice)
LANGUAGE = "lang"
SHOWN_ON = "shown on"  # the page on which the widget of a key was last drawn
LAG = 3.0  # seconds by which the address that a browser reports may be behind


def session() -> str:
    """An id that no other browser tab has."""
    context = get_script_run_ctx()
    return context.session_id if context else "no session"


def path() -> str:
    """Which page is being drawn."""
    context = get_script_run_ctx()
    return context.page_script_hash if context else ""


def language() -> Text:
    """The reader's language: what they chose, else what the link says, else what the browser prefers."""
    if LANGUAGE not in st.session_state:
        preferred = (st.context.locale or "en").split("-")[0]
        asked = st.query_params.get(LANGUAGE, preferred)
        st.session_state[LANGUAGE] = asked if asked in LANGUAGES else "en"
    return Text(st.session_state[LANGUAGE])


def page(start: Page) -> tuple[Page, list[InvalidParameter]]:
    """The page's record, and what of the link it was opened by could not be honoured: said until something is changed.

    Every address that we write names the language. One without a word comes from the menu of pages, which drops them
    all: what was set on the page before stays set.
    """
    link = {name: word for name, word in st.query_params.items() if name != LANGUAGE}
    record: Page | None = st.session_state.get(place(start))
    if record is not None and (not st.query_params or ours(link, start)):
        return record, st.session_state.get(refused_at(start), [])
    record, refused = read(link, start)
    remember(record)
    st.session_state[refused_at(start)] = refused  # for the page may run again by itself, when its figures have come
    return record, refused


def ours(link: dict[str, str], start: Choice) -> bool:
    """Whether the address bar shows what this page wrote there itself, now or a moment ago.

    While a slider moves, the browser reports addresses that have been overtaken; taken for links that somebody opened,
    they would turn the slider back. An older address of ours is the browser's Back button, and is followed.
    """
    written_at: dict[tuple[tuple[str, str], ...], float] = st.session_state.get(place(start) + ".links", {})
    latest = max(written_at.values(), default=-math.inf)
    at = written_at.get(as_key(link), -math.inf)
    return at > -math.inf and (at == latest or time.monotonic() - at < LAG)


def as_key(link: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(link.items()))


def remember(record: Choice) -> None:
    st.session_state[place(record)] = record
    st.session_state.pop(refused_at(record), None)


def kept(start: Page) -> Page:
    """The record inside a callback, where the link was read before."""
    record: Page = st.session_state.get(place(start), start)
    return record


def change(start: Choice, path: str, key: str, step: float | None = None) -> None:
    """Callback of a widget: the record takes the widget's value, quantised to the slider's grid.

    What a person typed may be no value of the parameter: it is refused as one from a link would be.
    """
    value = st.session_state[key]
    if value is None:  # a segmented control that was clicked off keeps what it had
        return
    try:
        take(start, path, round(round(value / step) * step, 10) if step and isinstance(value, float) else value)
    except InvalidParameter as refused:
        st.session_state[refused_at(start)] = [refused]


def take(start: Choice, path: str, value: Word) -> None:
    """The record takes a value."""
    remember(kept(start).changed({path: value}))


def show(key: str, value: Word | None) -> None:
    """Let a widget show a value; run before the widget is drawn.

    Only where it shows another one: a value that is set goes to the browser, where it would pull back a thumb that the
    hand has moved on meanwhile. On another page the widget of this key is another one, which shows nothing yet.
    """
    shown_on, here = st.session_state.setdefault(SHOWN_ON, {}), path()
    shown = st.session_state.get(key) if shown_on.get(key) == here else None
    shown_on[key] = here
    if isinstance(shown, float) and isinstance(value, float) and math.isclose(shown, value, abs_tol=1e-9):
        return  # 1.2100000000000002 is what a slider makes of 1.21
    if shown != value:
        st.session_state[key] = value


def write_link(record: Choice, start: Choice) -> dict[str, str]:
    """Put the record into the address bar, with the language; gives the words of the link."""
    link = written(record, start)
    links, now = st.session_state.setdefault(place(record) + ".links", {}), time.monotonic()
    for old in [old for old, at in links.items() if now - at > LAG]:
        del links[old]
    links[as_key(link)] = now
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


def refused_at(record: Choice) -> str:
    return place(record) + ".refused"
