"""Runs of the store as a page shows them: a table of many, a name for one, what differs between some."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from rnnviz.figures.many_runs import label, said
from rnnviz.store import Run
from rnnviz.text import Text


def name_of(run: Run, text: Text) -> str:
    """The title a person gave, else cell and task; and enough of the key to tell two of one name apart."""
    cell, task = run.words.get("cell", ""), run.words.get("task", "")
    words = [f"option.cell.{cell}.short", f"option.task.{task}.label"]
    described = " · ".join(text(word) for word in words if word in text)
    return f"{run.title or described} ({run.key[:4]})"


def table(runs: Sequence[Run], text: Text) -> pd.DataFrame:
    """A row a run; columns are named in the reader's language, numbers stay numbers so that a click sorts them."""
    return pd.DataFrame(
        [
            {
                text("runs.column.name"): name_of(run, text),
                text("runs.column.state"): text(f"run_state.{run.state}"),
                text("runs.column.update"): run.update,
                text("option.logged.loss.label"): run.facts.get("loss"),
                text("option.logged.accuracy.label"): run.facts.get("accuracy"),
                text("runs.column.tags"): list(run.tags),
                text("runs.column.changed"): datetime.fromtimestamp(run.changed),
                text("runs.column.note"): run.note,
            }
            for run in runs
        ]
    )


def differences(runs: Sequence[Run], text: Text) -> pd.DataFrame:
    """The words of the experiments that are not the same in all of these runs; a column a run."""
    paths = dict.fromkeys(path for run in runs for path in run.words)
    rows = {path: [run.words.get(path) for run in runs] for path in paths}
    varying = {path: words for path, words in rows.items() if len(set(map(str, words))) > 1}
    columns = [name_of(run, text) for run in runs]
    index = [label(path, text) for path in varying]
    return pd.DataFrame(
        [[said(path, word, text) for word in words] for path, words in varying.items()], index=index, columns=columns
    )
