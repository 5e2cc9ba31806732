"""What a format is, and how its bytes become a file: all of it or nothing."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rnnviz.export.chromium import check_browser
from rnnviz.export.failure import CannotExport
from rnnviz.text import Text


class Format(NamedTuple):
    """One kind of file. `takes` are the classes of what it can hold; `make` turns one of those into bytes."""

    name: str  # and the ending of the file's name
    media_type: str
    takes: tuple[type, ...]
    make: Callable[[Any], bytes]
    by_browser: bool = False


def formats_of(subject: type, formats: Iterable[Format]) -> dict[str, Format]:
    """The formats that can hold a Picture, a Trace or a Network, by name."""
    return {one.name: one for one in formats if subject in one.takes}


def check_ready(path: Path, chosen: Format, text: Text) -> None:
    """Raises CannotExport before any work is done for a file that could not be made or kept in the end."""
    if chosen.by_browser:
        check_browser(text.language)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:  # or its name is too long
        raise CannotExport("not_written", path=str(path), cause=error.strerror or str(error)) from None
    if not path.parent.is_dir():
        raise CannotExport("not_written", path=str(path), cause=os.strerror(errno.ENOENT))
    if not os.access(path.parent, os.W_OK):
        raise CannotExport("not_written", path=str(path), cause=os.strerror(errno.EACCES))


def write(path: Path, data: bytes) -> None:
    """All of the file or the old one, whenever the process dies or the disk is full: a synced copy takes the name."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CannotExport("not_written", path=str(path), cause=error.strerror or str(error)) from error
    finally:
        part.unlink(missing_ok=True)
