"""A person's own text or table: taken in, kept under its hash, and looked at in a worker, never here."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rnnviz import content
from rnnviz.choice import Choice
from rnnviz.content import UnreadableContent
from rnnviz.jobs import Failure, interactive
from rnnviz.text import Text
from rnnviz.ui import failures, memory

TASK = "experiment.task"


def own_text(record: Choice, start: Choice, text: Text) -> None:
    taken = uploader("txt", text("page.upload_text_help"), text)
    if taken and taken != record.flat()[f"{TASK}.sha256"]:
        choose(start, {f"{TASK}.sha256": taken})


def own_series(record: Choice, start: Choice, text: Text) -> None:
    taken = uploader("csv", text("page.upload_series_help"), text)
    sha256 = taken or str(record.flat()[f"{TASK}.sha256"])
    columns = columns_of(sha256, text)
    if not columns:
        return
    current = record.flat()[f"{TASK}.column"]
    if taken and (sha256 != record.flat()[f"{TASK}.sha256"] or current not in columns):
        choose(start, {f"{TASK}.sha256": sha256, f"{TASK}.column": columns[0]})
    key = f"{record.kind}.{TASK}.column"
    memory.show(key, current if current in columns else columns[0])
    st.selectbox(text("page.column"), columns, key=key, on_change=memory.change, args=(start, f"{TASK}.column", key))


def choose(start: Choice, changes: dict[str, Any]) -> None:
    memory.remember(memory.kept(start).changed(changes))
    st.rerun()


def uploader(kind: str, help_: str, text: Text) -> str | None:
    """The hash of the file that was given, if one was given and could be kept."""
    given = st.file_uploader(text("page.upload"), [kind], key=f"flow.upload.{kind}", help=help_)
    return None if given is None else kept(given.getvalue(), text)


def kept(file: bytes, text: Text) -> str | None:
    """The hash under which it was kept; why it could not be is said."""
    try:
        return content.put(file)
    except UnreadableContent as error:
        st.error(text(f"error.unreadable_content.{error.reason}", **error.detail))
    except OSError:
        st.error(text("error.not_kept"))
    return None


def columns_of(sha256: str, text: Text) -> list[str]:
    """The numeric columns of a table; says why there are none. A hostile file can hurt only the worker that reads it."""
    request = {"columns_of": sha256}
    with interactive().submit(f"columns {sha256}", request, f"{memory.session()}:columns") as ticket:
        while not ticket.wait(0.2):
            st.caption(text("waiting.starting"))
        answer = ticket.result()
    if isinstance(answer, Failure):
        st.error(failures.in_words(answer, text))
        return []
    return list(answer.meta["columns"])
