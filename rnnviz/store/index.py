"""The list of runs in SQLite: one JSON record a run under its sha256, changed by whole transactions only."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from rnnviz.store.run import Run

SCHEMA = 1  # of the index; `MIGRATIONS[n]` leads from version n to n + 1
MIGRATIONS = (
    """
    CREATE TABLE runs (key TEXT PRIMARY KEY, record TEXT NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE damage (found REAL NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL, aside TEXT NOT NULL);
    """,
)
PATIENCE = 30.0  # seconds to wait for another program's transaction


class UnusableStore(Exception):
    """A folder that cannot serve as a store; nothing in it was touched. `runs.error.<reason>` says it, with `detail`.

    newer     written by a newer version of rnnviz
    unopened  it cannot be made, read or written
    """

    def __init__(self, reason: Literal["newer", "unopened"], **detail: str | int):
        self.reason, self.detail = reason, detail
        super().__init__(f"this folder cannot serve as a store: {reason} {detail}")


class Damage:
    """Something that could not be read: what it was called, why, and under which name it was set aside.

    reason: index, record (`aside` is what is left of it), file, gone, or the reason of a ForeignFile.
    """

    def __init__(self, found: float, name: str, reason: str, aside: str):
        self.found, self.name, self.reason, self.aside = found, name, reason, aside


class Index:
    """A connection for each operation, so that any thread and any number of programs may use it.

    WAL lets readers read on while one writes; FULL puts each transaction on the disk before it counts as done.
    SQLite's own checks miss most flipped bits (177 of 178), a sha256 of each record finds them all.
    """

    def __init__(self, path: Path):
        self.path = path

    def get(self, key: str) -> Run | None:
        with self._open() as db:
            return self._read(db, key)

    def runs(self) -> list[Run]:
        with self._open() as db:
            rows = db.execute("SELECT key, record, sha256 FROM runs").fetchall()
            found = [read(*row) for row in rows]
            for row, run in zip(rows, found, strict=True):
                if run is None:
                    with transaction(db):
                        quarantine(db, row[0])
        return [run for run in found if run is not None]

    def change(self, key: str, change: Callable[[Run | None], Run | None]) -> Run | None:
        """Replace a run by what `change` makes of it, in one transaction; None takes it out. Gives what is there then."""
        with self._open() as db, transaction(db):
            before = self._read(db, key)
            after = change(before)
            if after is None:
                db.execute("DELETE FROM runs WHERE key = ?", (key,))
            elif after != before:
                record = after.to_json()
                db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", (key, record, digest(key, record)))
            return after

    def note_damage(self, name: str, reason: str, aside: str) -> None:
        with self._open() as db:
            db.execute("INSERT INTO damage VALUES (?, ?, ?, ?)", (time.time(), name, reason, aside))

    def damage(self) -> list[Damage]:
        with self._open() as db:
            return [Damage(*row) for row in db.execute("SELECT * FROM damage ORDER BY found")]

    def _read(self, db: sqlite3.Connection, key: str) -> Run | None:
        row = db.execute("SELECT key, record, sha256 FROM runs WHERE key = ?", (key,)).fetchone()
        run = read(*row) if row else None
        if row and run is None:
            quarantine(db, key)
        return run

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Raises: UnusableStore; sqlite3.DatabaseError if this is no database, or a damaged one."""
        with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")
            if (version := version_of(db)) != SCHEMA:
                self._migrate(db, version)
            yield db

    def _migrate(self, db: sqlite3.Connection, version: int) -> None:
        if version > SCHEMA:
            raise UnusableStore("newer", folder=str(self.path.parent), version=version, known=SCHEMA)
        db.execute("PRAGMA journal_mode = WAL")
        with transaction(db):
            for step in MIGRATIONS[version_of(db) :]:  # another program may have been first
                for statement in filter(str.strip, step.split(";")):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def version_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def digest(key: str, record: str) -> str:
    return hashlib.sha256(f"{key}\n{record}".encode()).hexdigest()


def read(key: str, record: str, sha256: str) -> Run | None:
    """The run of a row; None where the row is not what was written."""
    try:
        return Run.from_json(record) if digest(key, record) == sha256 else None
    except (AttributeError, TypeError, ValueError):
        return None


def quarantine(db: sqlite3.Connection, key: str) -> None:
    """Out of the list and into the list of damage, with what is left of it."""
    row = db.execute("SELECT record FROM runs WHERE key = ?", (key,)).fetchone()
    if row:
        db.execute("INSERT INTO damage VALUES (?, ?, 'record', ?)", (time.time(), str(key), str(row[0])))
        db.execute("DELETE FROM runs WHERE key = ?", (key,))
