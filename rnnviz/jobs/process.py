"""The outside of a worker process, and the crew that keeps one warm spare."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from io import FileIO
from pathlib import Path
from typing import Final, Literal, cast

from rnnviz.jobs import wire
from rnnviz.jobs.answers import Detail
from rnnviz.jobs.serve import BACKGROUND_VARIABLE, MEMORY_LIMIT_VARIABLE

START_LIMIT = 60.0  # s; importing torch for the first time on a slow disk has taken 30
EXIT_WAIT = 1.0
IMPORT_ROOT = Path(__file__).resolve().parents[2]
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# glibc hands large blocks back to the system and takes them again, page by page, for each job: kept, they save a third
# of the time of a pass over an LSTM. Larger blocks than the page usually needs do go back: kept, they leave holes, and the
# second study at the limit of its size found no address space.
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(8 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
_PRIORITY_CLASS = {False: "BELOW_NORMAL_PRIORITY_CLASS", True: "IDLE_PRIORITY_CLASS"}


class Note(Enum):
    """What can lie in a worker's inbox besides its frames."""

    NUDGE = "look at the job again: somebody cancelled it"
    EXITED = "its output ended"
    GARBAGE = "it wrote something that is not a frame"


NUDGE: Final = Note.NUDGE


class WorkerGone(Exception):
    """The worker cannot answer: it never started, it died, or what it says makes no sense.

    cause: exited, garbage, start or closed.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Process:
    """One worker process. Its frames, and the nudges of other threads, arrive in one inbox in order.

    A thread of its own reads the pipe: a wait with a time limit is then a wait on a queue, on every platform.
    """

    def __init__(self, command: Sequence[str], memory_limit: int, background: bool = False) -> None:
        self._inbox: queue.SimpleQueue[wire.Frame | Note] = queue.SimpleQueue()
        self._ready = False
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=_environment(memory_limit, background),
            # Windows only; elsewhere the worker lowers its own priority.
            creationflags=getattr(subprocess, _PRIORITY_CLASS[background], 0)
            | getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._to_worker = cast(FileIO, self._popen.stdin)
        self._from_worker = cast(FileIO, self._popen.stdout)
        self._reader = threading.Thread(target=self._read, name=f"rnnviz-worker-{self._popen.pid}", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether frames may still come."""
        return self._reader.is_alive()

    def wait_ready(self) -> None:
        """Wait until the handler is loaded. Raises: WorkerGone if the worker dies first, or takes START_LIMIT."""
        until = time.monotonic() + START_LIMIT
        while not self._ready:
            try:
                note = self.receive(until)
            except TimeoutError:
                raise WorkerGone("start") from None
            self._ready = isinstance(note, wire.Frame) and note.kind == "ready"

    def send(self, data: bytes) -> None:
        """Send a packed frame. Raises: WorkerGone if nobody reads it."""
        try:
            wire.write(self._to_worker, data)
        except (OSError, ValueError):
            raise WorkerGone("exited") from None

    def receive(self, until: float) -> wire.Frame | Literal[Note.NUDGE]:
        """The next frame or nudge. until: on the monotonic clock. Raises: TimeoutError; WorkerGone."""
        try:
            note = self._inbox.get(timeout=min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX))
        except queue.Empty:
            raise TimeoutError from None
        if note is Note.EXITED or note is Note.GARBAGE:
            raise WorkerGone(note.name.lower())
        return note

    def nudge(self) -> None:
        """Wake the thread that is waiting in `receive`; from any thread."""
        self._inbox.put(NUDGE)

    def kill(self) -> None:
        """End the process at once; from any thread. Whoever owns it still has to bury it."""
        self._popen.kill()

    def bury(self, wait: float = 0.0) -> int:
        """Let the process end by itself for `wait` seconds, then kill it; its exit code, or −1 if even that hangs."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(wait)
        self.kill()
        self._to_worker.close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(EXIT_WAIT)
        return -1 if self._popen.returncode is None else self._popen.returncode

    def _read(self) -> None:
        last = Note.GARBAGE
        try:
            with self._from_worker as stream:
                while True:
                    self._inbox.put(wire.read(stream))
        except (EOFError, OSError):
            last = Note.EXITED
        except wire.WireError:
            pass
        finally:
            self._inbox.put(last)


class Crew:
    """All worker processes of a lane, and perhaps one warm spare to step in when one has to be killed.

    background: whether its workers give way to those of other lanes, for whose answers somebody waits.

    Recruit and keep the spare only from threads that live as long as the crew: Linux ends a worker with the *thread* that
    started it.
    """

    def __init__(self, command: Sequence[str], memory_limit: int, spare: bool = True, background: bool = False) -> None:
        self._command, self._memory_limit, self._wants_spare = tuple(command), memory_limit, spare
        self._background = background
        self._lock = threading.Lock()
        self._all: set[Process] = set()
        self._spare: Process | None = None
        self._closed = False

    def recruit(self) -> Process:
        """The spare if it lives, otherwise a new worker; perhaps not ready yet. Raises: WorkerGone."""
        with self._lock:
            spare, self._spare = self._living_spare(), None
            return spare or self._start()

    def keep_spare(self) -> None:
        """Start a spare unless one lives, or none is wanted. Never raises: the next recruit says what is wrong."""
        with self._lock, suppress(WorkerGone):
            self._spare = self._living_spare() or (self._start() if self._wants_spare else None)

    def dismiss(self, process: Process, cause: str = "") -> Detail:
        """Kill the worker and forget it; the detail for a Failure."""
        with self._lock:
            self._all.discard(process)
        return {"cause": cause, "exit_code": process.bury(wait=EXIT_WAIT if cause == "exited" else 0.0)}

    def close(self) -> None:
        """Kill every worker and start no more; those who recruited them still dismiss them."""
        with self._lock:
            self._closed = True
            for process in self._all:
                process.kill()
            if self._spare is not None:
                self._spare.bury()

    def _living_spare(self) -> Process | None:
        if self._spare is not None and not self._spare.alive:
            self._all.discard(self._spare)
            self._spare.bury()
            self._spare = None
        return self._spare

    def _start(self) -> Process:
        if self._closed:
            raise WorkerGone("closed")
        try:
            process = Process(self._command, self._memory_limit, self._background)
        except OSError:
            raise WorkerGone("start") from None
        self._all.add(process)
        return process


def _environment(memory_limit: int, background: bool) -> dict[str, str]:
    """One thread per worker: with two, a training step took 8 ms idle and 331 ms beside a busy neighbour."""
    path = os.pathsep.join(filter(None, [str(IMPORT_ROOT), os.environ.get("PYTHONPATH")]))
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        **KEPT_MEMORY,
        "PYTHONPATH": path,  # the page may have been started from any folder
        MEMORY_LIMIT_VARIABLE: str(memory_limit),
        BACKGROUND_VARIABLE: str(int(background)),
    }
