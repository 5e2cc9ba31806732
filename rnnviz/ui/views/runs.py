"""Runs: what was trained on this machine, found again, compared, named, deleted and taken home."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from rnnviz.jobs import Failure, files
from rnnviz.store import DamagedRun, Run, Store, arranged
from rnnviz.text import Text
from rnnviz.trainings import trainings
from rnnviz.ui import failures, memory
from rnnviz.ui.asking import POLL
from rnnviz.ui.chosen_runs import chosen_runs
from rnnviz.ui.opened_sweep import opened_sweep
from rnnviz.ui.rerun import rerun
from rnnviz.ui.run_list import differences, name_of, table
from rnnviz.ui.uploads import kept

SORTS = ("changed", "title", "loss", "accuracy", "update", "seconds")
SELECTED, UNDO, IMPORTED = "runs.selected", "runs.undo", "runs.imported"


def page(text: Text) -> None:
    st.header(text("page.runs.title"), anchor=False)
    st.markdown(text("page.runs.lead"))
    store = trainings().store
    undo(text)
    everything = store.runs()
    if not everything:
        st.info(text("page.runs.empty"))
    else:
        selected(store, listed(everything, text), text)
    opened_sweep(text)
    take_in(store, text)
    bring_back(store, text)
    say_damage(store, text)


def listed(everything: Sequence[Run], text: Text) -> list[Run]:
    """The filter, the order, the table; gives the runs in it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        containing = st.text_input(text("page.runs.filter"), key="runs.filter", help=text("runs.containing"))
        states = st.multiselect(
            text("runs.column.state"), sorted({run.state for run in everything}), key="runs.states",
            format_func=lambda state: text(f"run_state.{state}"), placeholder=text("page.runs.any"),
        )  # fmt: skip
        sort = st.selectbox(
            text("page.runs.sort"), SORTS, key="runs.sort", format_func=lambda by: text(f"runs.sort_by.{by}")
        )
    runs = arranged(everything, containing=containing or "", states=states, sort=sort or "changed")
    if runs:
        st.dataframe(table(runs, text), hide_index=True, column_config=column_formats(text))
    else:
        st.caption(text("runs.nothing"))
    return runs


def column_formats(text: Text) -> dict[str, Any]:
    return {
        text("option.logged.loss.label"): st.column_config.NumberColumn(format="%.4g"),
        text("option.logged.accuracy.label"): st.column_config.NumberColumn(format="percent"),
        text("runs.column.changed"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
    }


# — some of them —


def selected(store: Store, runs: Sequence[Run], text: Text) -> None:
    by_key = {run.key: run for run in runs}
    chosen = [key for key in memory.get(SELECTED, []) if key in by_key]
    memory.put(SELECTED, chosen)  # a run that was deleted or filtered out is chosen no more
    st.multiselect(
        text("page.runs.select"), list(by_key), key=SELECTED, format_func=lambda key: name_of(by_key[key], text),
        placeholder=text("page.runs.choose"),
        help=text("page.runs.select_help"),
    )  # fmt: skip
    some = [by_key[key] for key in memory.get(SELECTED)]
    if not some:
        return
    chosen_runs(some, text)
    if len(some) > 1:
        st.markdown(f"**{text('page.runs.differ')}**")
        st.dataframe(differences(some, text))
    else:
        words_of(store, some[0], text)
        rerun(some[0], SELECTED, text)
    actions(store, some, text)


def words_of(store: Store, run: Run, text: Text) -> None:
    """Title, tags and note, to be written."""
    with st.form(f"runs.words.{run.key}", border=False):
        title = st.text_input(text("runs.column.title"), run.title, max_chars=200)
        tags = st.text_input(text("runs.column.tags"), ", ".join(run.tags), help=text("page.runs.tags_help"))
        note = st.text_area(text("runs.column.note"), run.note, max_chars=10_000)
        if st.form_submit_button(text("page.runs.keep")):
            store.name(run.key, title, tags=tags.split(","), note=note)
            st.rerun()


def actions(store: Store, some: Sequence[Run], text: Text) -> None:
    with st.container(horizontal=True):
        for run in some:
            if run.file and readable(store, run, text):
                st.download_button(
                    text("page.runs.export", name=name_of(run, text)), data=partial(store.export, run),
                    file_name=f"run-{run.key}.nc", mime="application/x-netcdf", on_click="ignore",
                    key=f"runs.export.{run.key}",
                )  # fmt: skip
        st.button(text("page.runs.delete", count=len(some)), on_click=delete, args=([run.key for run in some],))


def readable(store: Store, run: Run, text: Text) -> bool:
    try:
        store.file(run)
    except DamagedRun as damage:
        st.error(text("runs.damage.file" if damage.aside else "runs.damage.gone", name=run.key, aside=damage.aside))
        return False
    return True


# — out and in —


def delete(keys: Sequence[str]) -> None:
    for key in keys:
        trainings().delete(key)
    memory.put(UNDO, keys)


def undelete(keys: Sequence[str]) -> None:
    for key in keys:
        trainings().undelete(key)
    memory.put(UNDO, None)


def undo(text: Text) -> None:
    keys = memory.get(UNDO)
    if keys:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(text("page.runs.deleted", count=len(keys)))
            st.button(text("page.runs.undo"), on_click=undelete, args=(keys,), key="runs.undo_button")


def bring_back(store: Store, text: Text) -> None:
    gone = store.runs(deleted=True)
    if gone:
        with st.expander(text("page.runs.gone", count=len(gone))):
            for run in arranged(gone):
                st.button(
                    text("page.runs.back", name=name_of(run, text)), on_click=undelete, args=([run.key],),
                    key=f"runs.back.{run.key}",
                )  # fmt: skip


def take_in(store: Store, text: Text) -> None:
    """Once an upload, though the file stays in the uploader: what is deleted then does not come back by itself, and the
    same file uploaded again is taken in again.
    """
    with st.expander(text("page.runs.import")):
        given = st.file_uploader(text("page.runs.import_file"), ["nc"], key="runs.import")
        if given is None:
            return
        upload, key = memory.get(IMPORTED, ("", ""))
        if upload == given.file_id:
            run = store.get(key)
            if run and run.deleted is None:
                st.success(text("page.runs.imported", name=name_of(run, text)))
        elif key := taken_in(store, given.getvalue(), given.file_id, text):
            memory.put(IMPORTED, (given.file_id, key))
            st.rerun()


def taken_in(store: Store, file: bytes, upload: str, text: Text) -> str:
    """The key of the run; "" if it is none, and why is said. A worker reads the file: a hostile one can hurt nobody else."""
    sha256 = kept(file, text)
    if sha256 is None:
        return ""
    request = {"import": sha256, "store": str(store.folder.resolve())}
    # Under the upload, for the lane remembers answers and not what was done: of the same file it would do nothing.
    with files().submit(f"import {sha256} {upload}", request, f"{memory.session()}:import") as ticket:
        while not ticket.wait(POLL):
            st.empty()
        answer = ticket.result()
    if isinstance(answer, Failure):
        st.error(said(answer, text))
        return ""
    return str(answer.meta["key"])


def said(failure: Failure, text: Text) -> str:
    detail = dict(failure.detail)
    if detail.get("reason") == "foreign_file":
        return text(f"error.foreign_file.{detail['foreign_reason']}", **detail)
    return failures.in_words(failure, text)


def say_damage(store: Store, text: Text) -> None:
    damage = store.damage()
    if damage:
        with st.expander(text("page.runs.damage", count=len(damage))):
            for one in damage:
                st.markdown("- " + text(f"runs.damage.{one.reason}", name=f"`{one.name}`", aside=f"`{one.aside}`"))


page(memory.language())
