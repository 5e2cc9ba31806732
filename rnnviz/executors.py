"""Where a sweep runs: here one after the other, in processes on this machine, or on the workers of a Dask scheduler."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Literal, TypeVar, get_args

Value = TypeVar("Value")
Where = Literal["serial", "processes", "dask"]
PLACES: tuple[Where, ...] = get_args(Where)
PATIENCE = 10  # seconds to find a scheduler


class NoExecutor(RuntimeError):
    """Nothing is wrong with the sweep; it cannot be run there: `sweep.error.<reason>` says why."""

    def __init__(self, reason: Literal["no_dask", "no_scheduler"], **detail: str):
        self.reason, self.detail = reason, detail
        super().__init__(f"cannot sweep there: {reason} {detail}")


@contextmanager
def executor_on(where: Where, scheduler: str = "") -> Iterator[Executor | None]:
    """What `sweep(…, executor=)` takes. scheduler: for Dask, its address, such as tcp://host:8786. Raises NoExecutor."""
    if where == "serial":
        yield None
    elif where == "processes":
        with Processes() as processes:
            yield processes
    else:
        with dask_client(scheduler) as client:
            yield client.get_executor()


class Processes(Executor):
    """Worker processes of one thread each, every one in a pool of its own.

    A process that dies breaks its pool and with it the one experiment that it was at, which is tried once more in a fresh
    one. In a single ProcessPoolExecutor it would take the results of all others along.
    """

    def __init__(self, workers: int = 0):
        self._threads = ThreadPoolExecutor(workers or os.cpu_count() or 1)
        self._own = threading.local()
        self._pools: list[ProcessPoolExecutor] = []

    def submit(self, function: Callable[..., Value], /, *given: Any, **named: Any) -> Future[Value]:
        return self._threads.submit(self._run, function, *given, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for pool in self._pools:
            pool.shutdown(wait)

    def _run(self, function: Callable[..., Value], *given: Any, **named: Any) -> Value:
        try:
            return self._pool().submit(function, *given, **named).result()
        except BrokenExecutor:
            self._own.pool = None
            return self._pool().submit(function, *given, **named).result()

    def _pool(self) -> ProcessPoolExecutor:
        """This thread's. spawn, for a fork of a process with threads may hang."""
        pool: ProcessPoolExecutor | None = getattr(self._own, "pool", None)
        if pool is None or getattr(pool, "_broken", False):
            pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=one_thread)
            self._own.pool = pool
            self._pools.append(pool)
        return pool


def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@contextmanager
def dask_client(scheduler: str) -> Iterator[Any]:
    """Connected to a scheduler that runs already. Its workers need rnnviz installed; with one thread each they are as
    fast as they get: `dask worker ADDRESS --nthreads 1`.
    """
    try:
        from distributed import Client
    except ImportError:
        raise NoExecutor("no_dask") from None
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise NoExecutor("no_scheduler", address=scheduler, cause=str(error).partition("\n")[0]) from None
    with client:
        yield client
