"""Links within a text that set something on the page: `[words](#set?path=value)`.

Streamlit's Markdown draws them, and `prose_links.js` catches the click: the page runs again where it stands, neither
loaded anew nor scrolled.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import streamlit as st


def prose_links(key: str, on_set: Callable[[dict[str, str]], None]) -> None:
    """Once on a page; `on_set` is called with the words of a link that was followed, before the page runs again."""

    def followed() -> None:
        words = st.session_state[key].get("set")
        if words:
            on_set(dict(parse_qsl(str(words))))

    _component(key=key, data={}, on_set_change=followed)


_component = st.components.v2.component(
    "rnnviz_prose_links", html="<span></span>", js=Path(__file__).with_name("prose_links.js").read_text("utf-8")
)
