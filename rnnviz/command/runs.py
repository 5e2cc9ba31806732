"""`rnnviz runs`: what is kept in the store, as a list and one by one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rnnviz.command.netcdf import check_netcdf
from rnnviz.command.words import one_of
from rnnviz.export import CannotExport, write
from rnnviz.store import DamagedRun, ForeignFile, Run, Store, arranged
from rnnviz.text import Text

SORTS = ("changed", "created", "title", "state", "update", "seconds", "loss", "accuracy", "gradient_norm")
STATES = ("queued", "paused", "stopped", "interrupted", "diverged", "completed", "failed", "damaged")


class NoSuchRun(LookupError):
    """No run, or more than one, has a key that begins so; it has no file yet; or was not trained: `runs.error.<reason>`."""

    def __init__(self, reason: Literal["unknown", "several", "no_file", "not_trained"], key: str):
        self.reason, self.key = reason, key
        super().__init__(f"{reason}: {key}")


COMPLAINTS = (NoSuchRun, ForeignFile, DamagedRun)


def in_words(error: Exception, text: Text) -> str:
    """One or two sentences for one of COMPLAINTS."""
    match error:
        case NoSuchRun(reason=reason, key=key):
            return text(f"runs.error.{reason}", key=key)
        case ForeignFile(reason=reason, detail=detail):
            return text(f"error.foreign_file.{reason}", **detail)
        case DamagedRun(key=key, aside=aside):
            return text("runs.damage.file" if aside else "runs.damage.gone", name=key, aside=aside)
    return str(error)


def found(store: Store, key: str) -> Run:
    """The run of a key, or of the beginning of one. Raises NoSuchRun."""
    everything = [*store.runs(), *store.runs(deleted=True)]
    matching = [run for run in everything if key and run.key.startswith(key)]
    if len(matching) != 1:
        raise NoSuchRun("several" if matching else "unknown", key)
    return matching[0]


def list_runs(store: Store, containing: str, states: Sequence[str], sort: str, deleted: bool, text: Text) -> None:
    for state in states:
        one_of("--state", state, dict.fromkeys(STATES))
    everything = store.runs(deleted=deleted)
    paths = dict.fromkeys(path for run in everything for path in run.words)
    one_of("--sort", sort, dict.fromkeys((*SORTS, *paths)))
    runs = arranged(everything, containing=containing, states=states, sort=sort)
    for run in runs:
        print(line(run, text))
    if not runs:
        print(text("runs.nothing"))
    for damage in store.damage():
        print(text(f"runs.damage.{damage.reason}", name=damage.name, aside=damage.aside))


def line(run: Run, text: Text) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.changed))
    loss = f"{run.facts['loss']:.4g}" if "loss" in run.facts else "–"
    task, cell = run.words.get("task", ""), run.words.get("cell", "")
    words = [run.key, when, text(f"run_state.{run.state}"), f"{run.update}/{run.updates}", loss, f"{cell} {task}"]
    return "  ".join([*words, run.title, *(f"#{tag}" for tag in run.tags)]).rstrip()


def show(run: Run, text: Text) -> None:
    print(line(run, text))
    if run.outcome:
        print(text(f"training.outcome.{run.outcome['state']}", **run.outcome))
    if run.note:
        print(run.note)
    for path, word in run.words.items():
        print(f"{path}={str(word).lower() if isinstance(word, bool) else word}")


def export(store: Store, run: Run, out: Path, text: Text) -> None:
    if not run.file:
        raise NoSuchRun("no_file", run.key)
    check_netcdf(out, Run, text)
    write(out, store.export(run))
    print(text("command.written", path=out))


def take_in(store: Store, file: Path, text: Text) -> None:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CannotExport("not_read", path=str(file), cause=error.strerror or str(error)) from None
    print(line(store.add(data), text))
