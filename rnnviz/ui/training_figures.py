"""One figure of trainings on a page, with its sentence, its table and its menu, while it grows and afterwards."""

from __future__ import annotations

import streamlit as st

from rnnviz.export import Picture
from rnnviz.text import Text
from rnnviz.ui import memory, taking
from rnnviz.ui.experiment_controls import plot_words
from rnnviz.ui.plot import plot


def draw(picture: Picture, key: str, height: int, note: str = "", *, active: bool = False, min_width: int = 0) -> None:
    """`active`: the figure is drawn anew every second; an open menu then stays with the figure at which it was opened."""
    view, results, text = picture.view, picture.results, picture.text
    reading = view.reading(results, text)
    st.markdown(reading)
    plot(
        picture.figure,
        key=key,
        height=height,
        alt=text("alt.gradient_flow", title=picture.title, reading=reading.replace("**", "")),
        words=plot_words(text),
        file_name=picture.file_name,
        min_width=min_width,
    )
    if note:
        st.caption(note)
    with st.expander(text("page.table")):
        st.dataframe(view.table(results, text), hide_index=True)
    taking.menu(held(picture, key, active, text), key=key, live=active)


def held(picture: Picture, key: str, active: bool, text: Text) -> Picture:
    """What the menu hands out. A menu whose picture changed under the hand would lose each file that it was asked for."""
    if not active:
        memory.put(f"{key}.held", None)
        return picture
    opened_at: Picture | None = memory.get(f"{key}.held")
    if opened_at is None or not taking.is_open(key) or opened_at.view != picture.view:
        memory.put(f"{key}.held", picture)
        return picture
    st.caption(text("taking.held"))
    return opened_at
