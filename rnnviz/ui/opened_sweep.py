"""A sweep that was kept as a file, opened on the page Runs."""

from __future__ import annotations

import streamlit as st

from rnnviz.diagnostics.exchange import unpack
from rnnviz.experiment import Experiment
from rnnviz.figures import Result, Results
from rnnviz.jobs import Failure, files
from rnnviz.jobs import Result as Arrays
from rnnviz.text import Text
from rnnviz.ui import failures, memory
from rnnviz.ui.asking import POLL
from rnnviz.ui.many_runs import VIEWS, many_runs
from rnnviz.ui.uploads import kept


def opened_sweep(text: Text) -> None:
    """A worker reads the file: a hostile one can hurt nobody else."""
    with st.expander(text("page.runs.sweep.title")):
        st.caption(text("page.runs.sweep.lead"))
        given = st.file_uploader(text("page.runs.sweep.file"), ["nc"], key="runs.sweep")
        if given is None:
            return
        answer = read(given.getvalue(), text)
        if answer is not None:
            for view in VIEWS:
                many_runs(results_of(answer), view, ("gradient_kept",), "runs.sweep", text)


def read(file: bytes, text: Text) -> Arrays | None:
    """What a worker makes of it; said in words where it makes nothing."""
    sha256 = kept(file, text)
    if sha256 is None:
        return None
    with files().submit(f"sweep {sha256}", {"sweep": sha256}, f"{memory.session()}:sweep") as ticket:
        while not ticket.wait(POLL):
            st.empty()
        answer = ticket.result()
    if isinstance(answer, Failure):
        st.error(said(answer, text))
        return None
    return answer


def results_of(answer: Arrays) -> Results:
    data = unpack(answer.arrays, answer.meta["description"])
    words = answer.meta["experiments"]
    return {name: Result(Experiment.from_flat(words[name]), data[name]) for name in words}


def said(failure: Failure, text: Text) -> str:
    detail = dict(failure.detail)
    if detail.get("reason") == "unreadable_sweep":
        return text(f"sweep.error.{detail['sweep_reason']}", **detail)
    return failures.in_words(failure, text)
