"""The store: every run that was ended, an index of them, and what was set aside."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import xarray as xr
from platformdirs import user_data_path

from rnnviz.store import files
from rnnviz.store.index import Damage, Index, UnusableStore
from rnnviz.store.locks import Lock
from rnnviz.store.reading import ForeignFile, dataset, run_of, with_words
from rnnviz.store.run import Run

Answer = TypeVar("Answer")

KEPT_DELETED = 30 * 24 * 3600.0  # seconds in which a deletion can be undone
STRAY = 3600.0  # seconds after which a file that no run names is looked at
FILE = re.compile(r"([0-9a-f]{16})\.[0-9a-f]{12}\.nc")


class DamagedRun(Exception):
    """The file of a run is not what was written, or is gone; what is left of it was set aside under `aside`."""

    def __init__(self, key: str, aside: str):
        self.key, self.aside = key, aside
        super().__init__(f"the file of run {key} is damaged" + (f"; it was set aside as {aside}" if aside else ""))


def folder() -> Path:
    """RNNVIZ_STORE, or a folder among the user's data."""
    chosen = os.environ.get("RNNVIZ_STORE")
    return Path(chosen) if chosen else user_data_path("rnnviz", appauthor=False) / "runs"


class Store:
    """A folder that any number of programs on this machine may use at once.

        index.sqlite      one record a run            files/   <key>.<start of its sha256>.nc
        jobs/<key>/       of a run at work            aside/   what was damaged or foreign; `damage()` lists it

    A file is written before the record that names it, and whoever dies in between leaves every record right. A run that
    goes for good loses its files first: one that had lost its record would be taken in again.
    """

    def __init__(self, place: Path | None = None):
        self.folder = place or folder()
        self.files, self.aside = self.folder / "files", self.folder / "aside"
        try:
            self.files.mkdir(parents=True, exist_ok=True)
            self._index = Index(self.folder / "index.sqlite")
            self.sweep()
        except (OSError, sqlite3.OperationalError) as error:
            raise UnusableStore("unopened", folder=str(self.folder), cause=str(error)) from None

    # — the list —

    def get(self, key: str) -> Run | None:
        return self._asked(lambda index: index.get(key))

    def runs(self, *, deleted: bool = False) -> list[Run]:
        """All runs that are not deleted; or all that are and can still be brought back. Sorted and chosen by `arranged`."""
        return [run for run in self._asked(Index.runs) if (run.deleted is not None) == deleted]

    def change(self, key: str, change: Callable[[Run | None], Run | None]) -> Run | None:
        """One run, read and written in one transaction: of two programs that change it, the second sees the first."""
        return self._asked(lambda index: index.change(key, change))

    def name(
        self, key: str, title: str | None = None, *, tags: Iterable[str] | None = None, note: str | None = None
    ) -> Run | None:
        return self.change(key, lambda run: run and run.named(title, tags, note))

    def delete(self, key: str) -> Run | None:
        """Out of the list; `undelete` brings it back for thirty days."""
        return self.change(key, lambda run: run and replace(run, deleted=run.deleted or time.time()))

    def undelete(self, key: str) -> Run | None:
        return self.change(key, lambda run: run and replace(run, deleted=None))

    def purge(self, key: str) -> None:
        """Take it out for good: its files, older ones too, before the record, which stays deleted until they are gone."""
        self.delete(key)
        for path in self.files.glob(f"{key}.*.nc"):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.job(key), ignore_errors=True)
        self.change(key, lambda _: None)

    def job(self, key: str) -> Path:
        """A folder for whoever works on this run: what is needed to go on with it."""
        return self.folder / "jobs" / key

    # — the files —

    def keep(self, key: str, data: bytes) -> tuple[str, str, int]:
        """Put a run's file down. Gives name, sha256 and size, for the record that is to name it."""
        found = files.sha256(data)
        name = f"{key}.{found[:12]}.nc"
        files.write(self.files / name, data)
        return name, found, len(data)

    def file(self, run: Run) -> bytes:
        """The netCDF of a run, checked. Raises DamagedRun; KeyError for a run that has none yet."""
        if not run.file:
            raise KeyError(f"run {run.key} has no file yet")
        path = self.files / run.file
        with suppress(OSError):
            data = path.read_bytes()
            if files.sha256(data) == run.sha256:
                return data
        raise self._damaged(run, path)

    def data(self, run: Run) -> xr.Dataset:
        """What was measured. Raises as `file` does."""
        try:
            return dataset(self.file(run))
        except ForeignFile:
            raise self._damaged(run, self.files / run.file) from None

    def export(self, run: Run) -> bytes:
        """One netCDF with all there is: measurements, experiment, how it ended, title, tags and note."""
        return with_words(self.file(run), run)

    def add(self, data: bytes) -> Run:
        """Take an exported file in. A run that is here already stays, unless the file knows more updates of it; one that
        can be gone on with here gives way only to its end. Raises ForeignFile.
        """
        came = run_of(data, time.time())
        name, found, size = self.keep(came.key, data)
        came = replace(came, file=name, sha256=found, size=size)

        def joined(here: Run | None) -> Run:
            if here is None:
                return came
            held = here.file and (self.files / here.file).exists() and here.update >= came.update
            if here.owner or held or (self.job(came.key).exists() and came.state != "completed"):
                return replace(here, deleted=None)
            persons = came.named(here.title or None, here.tags or None, here.note or None)
            return replace(persons, created=here.created)

        run = self.change(came.key, joined)
        assert run is not None
        return run

    # — what is not as it should be —

    def damage(self) -> list[Damage]:
        """What could not be read since the store was made, by name."""
        return self._asked(Index.damage)

    def check(self) -> list[str]:
        """Read every file; the keys of the runs whose files are damaged."""
        return [run.key for run in self.runs() if run.file and not self._sound(run)]

    def sweep(self) -> None:
        """Let go of what was deleted long ago and of half-written files; take in, or set aside, files that nobody names."""
        files.sweep(self.folder)
        everything = self._asked(Index.runs)
        for run in everything:
            if run.deleted is not None and run.deleted < time.time() - KEPT_DELETED:
                self.purge(run.key)
        named = {run.file for run in everything}
        for path in self.files.iterdir():
            if path.name not in named and not path.name.endswith(files.PART) and age(path) > STRAY:
                self._look_at(path)

    def _look_at(self, path: Path) -> None:
        """A file that no record names: an old version, one whose record was lost, or something foreign."""
        known = FILE.fullmatch(path.name)
        run = self.get(known[1]) if known else None
        if run and run.deleted is not None:
            return  # it goes when the run goes; taken in, it would bring it back
        if run and run.file and (self.files / run.file).exists():
            path.unlink(missing_ok=True)  # written anew since
            return
        with suppress(OSError):
            try:
                self.add(path.read_bytes())
            except ForeignFile as error:
                self._note_damage(path.name, error.reason, files.set_aside(path, self.aside))
            else:
                if not known:
                    path.unlink(missing_ok=True)

    def _sound(self, run: Run) -> bool:
        try:
            self.file(run)
        except DamagedRun:
            return False
        return True

    def _damaged(self, run: Run, path: Path) -> DamagedRun:
        aside = files.set_aside(path, self.aside)
        self._note_damage(run.title or run.key, "file" if aside else "gone", aside)

        def lost(now: Run | None) -> Run | None:
            if now is None or now.file != run.file:
                return now
            return replace(now, state=now.state if now.owner else "damaged", file="", sha256="", size=0)

        self.change(run.key, lost)
        return DamagedRun(run.key, aside)

    def _note_damage(self, name: str, reason: str, aside: str) -> None:
        self._asked(lambda index: index.note_damage(name, reason, aside))

    def _asked(self, question: Callable[[Index], Answer]) -> Answer:
        """A damaged index is set aside and made anew from the files, once."""
        try:
            return question(self._index)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise  # locked, read-only, disk full: nothing is wrong with what is there
        with Lock(self.folder / "index.lock"):
            self._make_anew()
        return question(self._index)

    def _make_anew(self) -> None:
        """Titles, tags and notes of runs that were never exported are lost with the index; it stays in `aside`."""
        try:
            self._index.runs()
        except sqlite3.DatabaseError:
            aside = files.set_aside(self._index.path, self.aside)
            for ending in ("-wal", "-shm"):
                files.set_aside(self._index.path.with_name(self._index.path.name + ending), self.aside)
            self._index.note_damage("index.sqlite", "index", aside)
            for path in self.files.iterdir():
                if not path.name.endswith(files.PART):
                    self._look_at(path)


def age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


__all__ = ["DamagedRun", "ForeignFile", "Store", "UnusableStore", "folder"]
