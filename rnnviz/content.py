"""Uploads, kept under the sha256 of their bytes: a link names a file by its hash, so it can never mean another file.

The folder is a cache and nothing more. It is bounded, the longest unused file goes first, and a file that is not there
(a link opened on another machine, an upload made long ago) is an answer of its own: MissingContent.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

FILE_LIMIT = 5_000_000  # bytes
TOTAL_LIMIT = 200_000_000
ABANDONED = 3600  # seconds after which a half-written file has lost its writer

SHA256 = r"^[0-9a-f]{64}$"

Reason = Literal[
    "too_large", "not_utf8", "binary", "short_text", "too_many_marks", "short_series", "no_source", "long_line", "malformed",
    "too_many_columns", "too_many_rows", "uneven_rows", "no_rows", "no_numbers", "missing_values", "constant",
]  # fmt: skip

_built_in: dict[str, bytes] = {}


class MissingContent(ValueError):
    """No file with this hash is kept here. `damaged` names the copy that was set aside, if there was a damaged one."""

    def __init__(self, sha256: str, damaged: str = ""):
        self.sha256, self.damaged = sha256, damaged
        found = f"; a damaged copy was set aside as {damaged}" if damaged else ""
        super().__init__(f"no upload {sha256} is kept on this machine{found}: upload the file again")


class UnreadableContent(ValueError):
    """A file that cannot be used, and why: `error.unreadable_content.<reason>` says it, with `detail` filled in."""

    def __init__(self, reason: Reason, **detail: str | int):
        self.reason: Reason = reason
        self.detail = detail
        parts = ", ".join(f"{name} = {value!r}" for name, value in detail.items())
        super().__init__(f"this content cannot be used: {reason}" + (f" ({parts})" if parts else ""))


def put(data: bytes) -> str:
    """Keep these bytes and give their hash. Raises UnreadableContent for more than FILE_LIMIT."""
    sha256 = hash_of(data)
    if len(data) > FILE_LIMIT:
        raise UnreadableContent("too_large", found=len(data), limit=FILE_LIMIT)
    if sha256 not in _built_in:
        path = folder() / sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (path.is_file() and path.read_bytes() == data):
            _write(path, data)
        _touch(path)
        _make_room(path)
    return sha256


def get(sha256: str) -> bytes:
    """The bytes with this hash. Raises MissingContent where there are none, or none that still have it."""
    if sha256 in _built_in:
        return _built_in[sha256]
    path = folder() / Path(sha256).name  # a name, never a way out of the folder
    try:
        data = path.read_bytes()
    except OSError:
        raise MissingContent(sha256) from None
    if hash_of(data) != sha256:
        raise MissingContent(sha256, damaged=_set_aside(path))
    _touch(path)
    return data


def built_in(data: bytes) -> str:
    """Bytes that are there on every machine without a file, such as a sample; gives their hash."""
    sha256 = hash_of(data)
    _built_in[sha256] = data
    return sha256


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def utf8(data: bytes) -> str:
    """The text of these bytes, with every line ended by a newline character alone.

    Raises UnreadableContent for bytes that are no text (NUL) or are text in another encoding.
    """
    if b"\0" in data:
        raise UnreadableContent("binary")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableContent("not_utf8", position=error.start) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def folder() -> Path:
    """RNNVIZ_CONTENT, or a folder in the user's cache."""
    chosen = os.environ.get("RNNVIZ_CONTENT")
    return Path(chosen) if chosen else user_cache_path("rnnviz", appauthor=False) / "content"


def _write(path: Path, data: bytes) -> None:
    """All of the file or nothing, whenever the process dies: a temporary file, synced, takes the name in one step.

    The folder is not synced: a name lost in a power cut is an upload that has to be made again.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _touch(path: Path) -> None:
    """Used just now. A folder that cannot be written to still serves what it has."""
    with suppress(OSError):
        os.utime(path)


def _set_aside(path: Path) -> str:
    """Out of the way of a good copy, and kept for whoever asks what happened to it."""
    aside = path.with_name(f"{path.name}.damaged")
    with suppress(OSError):
        path.replace(aside)
    return aside.name


def _make_room(newest: Path) -> None:
    """Remove the longest unused files until all together fit, and what writers left half-written."""
    files = [(status.st_mtime, status.st_size, path) for path in newest.parent.iterdir() if (status := _status(path))]
    total = sum(size for _, size, _ in files)
    for used, size, path in sorted(files):
        abandoned = path.suffix == ".part" and used < time.time() - ABANDONED
        if abandoned or (total > TOTAL_LIMIT and path != newest and path.suffix != ".part"):
            path.unlink(missing_ok=True)
            total -= size


def _status(path: Path) -> os.stat_result | None:
    """None for a file that another process has just removed."""
    with suppress(OSError):
        return path.stat()
    return None
