"""A lane for work that takes minutes or hours: in the order in which it came, and nobody has to wait for it."""

from __future__ import annotations

import math
import os
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from rnnviz.jobs import wire
from rnnviz.jobs.answers import Answer, Failure
from rnnviz.jobs.driver import Driver
from rnnviz.jobs.lane import WORKER, WORKER_MEMORY
from rnnviz.jobs.process import Crew
from rnnviz.jobs.ticket import Job

Ended = Callable[[Answer], None]


class Batch:
    """Worker processes that take one long job after another.

    A job belongs to nobody: it is named by its key, and whoever knows the key may ask for it or cancel it. It has no
    deadline, and one whose worker died is not tried again: a job that eats all memory would do so twice, and only the
    handler knows how to go on from where it was. A worker is started when there is work for it and leaves when there is
    none. Its workers give way to those of the lanes that somebody waits for.

    command: starts a worker.   workers: how many at most; as many as there are cores, with one thread each, is the
    default.   queue_limit: jobs that may wait.   grace: seconds that a cancelled job has to put away what it did.
    linger: seconds that a worker without work waits for more.   memory_limit: bytes of address space per worker.
    """

    def __init__(
        self,
        command: Sequence[str] = WORKER,
        *,
        workers: int = 0,
        queue_limit: int = 256,
        grace: float = 10.0,
        linger: float = 10.0,
        memory_limit: int = WORKER_MEMORY,
    ) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._queue_limit, self._grace, self._linger = queue_limit, grace, linger
        self._crew = Crew(command, memory_limit, spare=False, background=True)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        # Everything below is read and written with the lock held.
        self._queue: list[Job] = []
        self._running: set[Job] = set()
        self._ended: dict[str, Ended] = {}  # queued or running, by key
        self._threads: set[threading.Thread] = set()
        self._idle = 0  # threads that wait for work
        self._closed = False

    def submit(self, key: str, request: dict[str, Any], ended: Ended) -> bool:
        """Ask for something; returns at once. False if the queue is full, or the lane closed.

        A job of this key that is queued or running already stays the one job, and this request is not needed.
        ended: called once with the answer, when the job has left the lane; from a thread of the lane.
        """
        job = Job(key, wire.pack(wire.Frame("job", request)))
        with self._lock:
            if key in self._ended:
                return True
            if self._closed or len(self._queue) >= self._queue_limit:
                return False
            self._ended[key] = ended
            self._queue.append(job)
            self._work.notify()
            if self._idle < len(self._queue) and len(self._threads) < self.workers:
                self._start()
            return True

    def position(self, key: str) -> int | None:
        """Place in the queue, 1 is next; None when it is not in the queue."""
        with self._lock:
            return next((place for place, job in enumerate(self._queue, 1) if job.key == key), None)

    def holds(self, key: str) -> bool:
        """Whether a job of this key is queued or running."""
        with self._lock:
            return key in self._ended

    def cancel(self, key: str) -> None:
        """Take it out of the queue, or ask its worker to stop; `ended` hears of it. Nothing if there is no such job."""
        with self._lock:
            queued = next((job for job in self._queue if job.key == key), None)
            if queued is not None:
                self._queue.remove(queued)
            for job in self._running:
                if job.key == key:
                    job.cancel()
        if queued is not None:
            self._end(queued, Failure("cancelled"))

    def close(self) -> None:
        """Kill the workers; what is open ends as cancelled. A closed lane stays closed."""
        with self._lock:
            self._closed = True
            dropped, self._queue = self._queue, []
            for job in self._running:
                job.cancel()
            threads = tuple(self._threads)
            self._work.notify_all()
        self._crew.close()
        for thread in threads:
            thread.join()
        for job in dropped:
            self._end(job, Failure("cancelled"))

    def _start(self) -> None:
        driver = Driver(self._crew, self._take, self._finish, deadline=math.inf, grace=self._grace, second_try=False)
        thread = threading.Thread(target=self._lead, args=(driver,), name="rnnviz-batch", daemon=True)
        self._threads.add(thread)
        self._idle += 1  # until it takes its first job
        thread.start()

    def _lead(self, driver: Driver) -> None:
        driver.run()
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _take(self) -> Job | None:
        """The next job; None when none has come for a while. A thread counts as idle from its start, or from `_finish`."""
        with self._lock:
            self._work.wait_for(lambda: self._queue or self._closed, self._linger)
            self._idle -= 1
            if self._closed or not self._queue:
                self._threads.discard(threading.current_thread())  # now, so that the next job starts another
                return None
            job = self._queue.pop(0)
            job.running = True
            self._running.add(job)
            return job

    def _finish(self, job: Job, answer: Answer) -> None:
        with self._lock:
            self._running.discard(job)
            self._idle += 1
        self._end(job, answer)

    def _end(self, job: Job, answer: Answer) -> None:
        with self._lock:
            ended = self._ended.pop(job.key)
        try:
            ended(answer)
        except Exception:  # noqa: BLE001 - the next job needs this thread, whoever could not bear the answer to this one
            traceback.print_exc()
