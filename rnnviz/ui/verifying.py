"""Under every figure: the same quantity by an independent route, computed when it is asked for, with what came of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import streamlit as st

from rnnviz.export import Picture
from rnnviz.jobs import Failure, interactive
from rnnviz.text import Text
from rnnviz.ui import failures, memory
from rnnviz.ui.asking import POLL, standing
from rnnviz.verification import Finding, checkable, drawn
from rnnviz.verification.words import in_words


@st.fragment
def menu(picture: Picture, text: Text, *, key: str) -> None:
    """Closed, it costs nothing; a figure without another route has none."""
    names = checkable(picture.view.needs)
    if not names:
        return
    popover = st.popover(text("verified.menu"), help=text("verified.help"), on_change="rerun", key=f"{key}.verify")
    if popover.open:
        with popover:
            st.caption(text("verified.about"))
            contents(picture, names, text, f"{key}.verify")


def contents(picture: Picture, names: tuple[str, ...], text: Text, place: str) -> None:
    """Have it computed by a worker, say how far it is, and say what came of it."""
    request = {"verify": picture.study.flat(), "needs": sorted(names), "example": picture.example}
    line = st.empty()
    with interactive().submit(key_for(picture, request), request, f"{memory.session()}:{place}") as ticket:
        while not ticket.wait(POLL):
            line.caption(standing(ticket, text))
        answer = ticket.result()
    line.empty()
    if isinstance(answer, Failure):
        st.error(failures.in_words(answer, text))
        return
    every = [Finding.from_json(words) for words in answer.meta["findings"]]
    found = drawn(every, getattr(picture.view, "part", ""))
    for one in found:
        st.markdown(in_words(one, text)) if one.agrees else st.error(in_words(one, text))
    if not found:
        st.info(text("verified.nothing"))


def key_for(picture: Picture, request: dict[str, Any]) -> str:
    words = json.dumps(["verify", picture.study.key, request["needs"], request["example"]])
    return hashlib.sha256(words.encode()).hexdigest()[:24]
