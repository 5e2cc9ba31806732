"""Files that are whole or not there, and a place for those that are damaged."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import time
from contextlib import suppress
from pathlib import Path

ABANDONED = 3600  # seconds after which a half-written file has lost its writer
PART = ".part"


def write(path: Path, data: bytes, *, synced: bool = True) -> None:
    """All of it or what was there before, whenever the process or the machine dies. Raises OSError.

    `synced=False` for a file that may be lost with the machine, but is never half there for a reader.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        with part.open("xb") as file:
            file.write(data)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
        if synced:
            _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def set_aside(path: Path, folder: Path) -> str:
    """Move it out of the way, and give the name under which it is kept; "" if there is nothing to move."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}-{path.name}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path.replace(folder / name)
    except FileNotFoundError:
        return ""
    return name


def sweep(folder: Path) -> None:
    """Remove what writers left half-written."""
    for part in folder.rglob(f"*{PART}"):
        with suppress(OSError):
            if part.stat().st_mtime < time.time() - ABANDONED:
                part.unlink()


def _sync_folder(folder: Path) -> None:
    """The name itself, so that a power cut does not take it back."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
