"""A file that one process at a time can hold; the system lets go of it when that process ends, however it ends."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

POLL = 0.02  # seconds


class Lock:
    """An exclusive lock on a file of its own; no clock, no heartbeat: a kill -9 or a power cut frees it.

    `with Lock(path)` waits for it. Two locks on one path exclude each other in one process too.
    """

    def __init__(self, path: Path, patience: float = 30.0):
        self.path, self.patience = path, patience
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """Whether it could be had at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("ab")
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        until = time.monotonic() + self.patience
        while not self.take():
            if time.monotonic() > until:
                raise TimeoutError(f"{self.path.name} is held by another process")
            time.sleep(POLL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Whether some process holds it now. Any number may ask at once: they share it for the moment of asking."""
    if not path.exists():
        return False
    with path.open("ab") as file:
        try:
            _lock(file, shared=True)
        except OSError:
            return True
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], shared: bool = False) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # Windows shares none: two who ask at once may both hear yes

else:
    import fcntl

    def _lock(file: IO[bytes], shared: bool = False) -> None:
        fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
