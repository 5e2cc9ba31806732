"""The glossary: every term in both languages, with what it means."""

from __future__ import annotations

import streamlit as st

from rnnviz.text import LANGUAGES, Text
from rnnviz.ui import memory
from rnnviz.ui.lessons.prose import terms


def page(text: Text) -> None:
    """In the order of the reader's language; each term is a place that a link can name."""
    others = [Text(language) for language in LANGUAGES if language != text.language]
    st.header(text("page.glossary.title"), anchor=False)
    st.markdown(text("page.glossary.lead"))
    for term in sorted(terms(), key=lambda term: text(f"term.{term}.name").casefold()):
        names = dict.fromkeys(each(f"term.{term}.name") for each in (text, *others))  # LSTM is LSTM everywhere
        st.subheader(" · ".join(names), anchor=term)
        for each in (text, *others):
            st.markdown(each(f"term.{term}.means"))


page(memory.language())
