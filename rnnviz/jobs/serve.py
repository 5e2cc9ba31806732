"""The inside of a worker process: fence it in, load the handler, answer one job after another."""

from __future__ import annotations

import gc
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from rnnviz.jobs import wire
from rnnviz.jobs.answers import Detail, FailureKind, Refusal

MEMORY_LIMIT_VARIABLE = "RNNVIZ_WORKER_MEMORY_BYTES"
BACKGROUND_VARIABLE = "RNNVIZ_WORKER_IN_BACKGROUND"
NICE = {False: 5, True: 19}
PROGRESS_INTERVAL = 0.1
MESSAGE_LIMIT = 2000

Tick = Callable[[float], None]
Handler = Callable[[dict[str, Any], Tick], tuple[Mapping[str, np.ndarray], dict[str, Any]]]


class Cancelled(BaseException):
    """Raised by `tick` when nobody wants the job any more. Not an Exception, so that no `except Exception` keeps it."""


class _Token:
    """Whether one job has been cancelled. Each job has its own, so that a late cancel never hits the next job."""

    __slots__ = ("cancelled",)

    def __init__(self) -> None:
        self.cancelled = False


def serve(load: Callable[[], Handler]) -> None:
    """Answer jobs on stdin and stdout until the lane hangs up; never returns.

    load: returns the handler. It is called once the process is fenced in (its stdout taken, its memory limited, its life
    tied to the parent's), so the slow imports belong in it.
    The handler takes (request, tick) and returns (arrays by name, meta). It calls tick(progress), 0 to 1, at every step:
    that is how it hears of a cancel. It raises Refusal to say no.
    """
    requests, replies = _take_pipes()
    _fence()
    handler = load()
    # What the imports made lives for ever: without this every full collection walks through all of it.
    gc.collect()
    gc.freeze()
    jobs: queue.SimpleQueue[tuple[dict[str, Any], _Token]] = queue.SimpleQueue()
    # Only after the imports: on Windows a thread that waits on a pipe can block the loading of libraries.
    threading.Thread(target=_listen, args=(requests, jobs), daemon=True).start()
    wire.write(replies, wire.pack(wire.Frame("ready")))
    while True:
        _reply(handler, *jobs.get(), replies)


def _take_pipes() -> tuple[wire.Stream, wire.Stream]:
    """The lane's pipes, moved out of reach: a stray print goes to stderr, a stray input() finds an empty file."""
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, replies


def _fence() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal goes to the server, which ends its workers
    _give_way(os.environ.get(BACKGROUND_VARIABLE) == "1")
    _die_with_parent()
    _limit_memory(_memory_limit())


def _give_way(background: bool) -> None:
    """To the server; in the background to other workers too. On Windows the lane starts its workers with a lower priority.

    On Linux a worker at 5 gets 22 times the time of one at 19, so two trainings on two cores cost a slider next to nothing;
    nobody waits for the next word of a training, hence SCHED_BATCH, which does not interrupt others when it wakes.
    """
    if sys.platform == "win32":
        return
    os.nice(NICE[background])
    if background and sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _die_with_parent() -> None:
    """Ask Linux for SIGKILL when the thread that started us ends: it reaches us even inside a long C call.

    Elsewhere the end of stdin does it, as soon as Python gets a turn.
    """
    if sys.platform == "linux":
        import ctypes

        PR_SET_PDEATHSIG = 1
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _memory_limit() -> int:
    """Bytes of address space, as the lane says; 0 for no limit."""
    return int(os.environ.get(MEMORY_LIMIT_VARIABLE, "0"))


def _limit_memory(limit: int) -> None:
    if sys.platform != "win32" and limit:
        import resource

        with suppress(OSError, ValueError):  # macOS has the call and refuses it
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@contextmanager
def memory_limited(limit: int) -> Iterator[None]:
    """Hold this process to so many bytes of address space for a while, where the lane sets no limit.

    Programs that it starts inherit a limit, and Chromium, which maps a terabyte without using it, does not start
    under one.
    """
    if sys.platform == "win32":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _listen(requests: wire.Stream, jobs: queue.SimpleQueue[tuple[dict[str, Any], _Token]]) -> None:
    """Read frames for as long as the lane lives. One thread reads, so a cancel is always behind its own job."""
    token = _Token()
    try:
        while True:
            frame = wire.read(requests)
            if frame.kind == "cancel":
                token.cancelled = True
            else:
                token = _Token()
                jobs.put((frame.body, token))
    finally:
        os._exit(0)  # the lane is gone; the main thread may be deep in a computation that nobody waits for


def _reply(handler: Handler, request: dict[str, Any], token: _Token, replies: wire.Stream) -> None:
    def report(progress: float) -> None:
        wire.write(replies, wire.pack(wire.Frame("progress", {"progress": float(progress)})))

    wire.write(replies, _answer(handler, request, _ticker(token, report)))


def _ticker(token: _Token, report: Tick) -> Tick:
    """A tick that costs one attribute and one look at the clock, and reports at most every PROGRESS_INTERVAL."""
    clock = time.monotonic
    next_report = clock() + PROGRESS_INTERVAL

    def tick(progress: float) -> None:
        nonlocal next_report
        if token.cancelled:
            raise Cancelled
        if clock() >= next_report:
            report(progress)
            next_report = clock() + PROGRESS_INTERVAL

    return tick


def _answer(handler: Handler, request: dict[str, Any], tick: Tick) -> bytes:
    """The packed frame that ends a job. Packing is inside, so that a result too large to send is an answer too."""
    try:
        return _outcome(handler, request, tick)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is the answer to its job
        if _is_out_of_memory(error):
            return _failed("memory", {"limit_bytes": _memory_limit()})
        traceback.print_exc()
        return _failed("error", {"type": type(error).__name__, "message": str(error)[:MESSAGE_LIMIT]})


def _outcome(handler: Handler, request: dict[str, Any], tick: Tick) -> bytes:
    started = time.monotonic()
    try:
        tick(0.0)  # it may have been cancelled on its way
        arrays, meta = handler(request, tick)
        return wire.pack(wire.Frame("done", {"meta": meta, "seconds": time.monotonic() - started}, arrays))
    except Cancelled:
        return _failed("cancelled", {})
    except Refusal as refusal:
        return _failed("refused", refusal.detail)


def _failed(kind: FailureKind, detail: Detail) -> bytes:
    return wire.pack(wire.Frame("failed", {"kind": kind, "detail": dict(detail)}))


def _is_out_of_memory(error: Exception) -> bool:
    # torch says it with a RuntimeError; its words are all there is to know it by without importing torch here.
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)
