"""A lane: what is asked, by whom, in which order, and what is remembered."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rnnviz.jobs import wire
from rnnviz.jobs.answers import Answer, Failure, Result
from rnnviz.jobs.driver import Driver
from rnnviz.jobs.process import Crew
from rnnviz.jobs.ticket import Job, Ticket

WORKER = (sys.executable, "-m", "rnnviz.worker")
WORKER_MEMORY = 3 << 30  # bytes of address space; what is mapped of torch's libraries counts too


@dataclass
class Stats:
    """Counts since the lane was made; the last three are as of now."""

    hits: int = 0  # requests answered from the cache
    joined: int = 0  # requests that found their job queued or running
    ran: int = 0  # jobs handed to a worker
    superseded: int = 0  # requests overtaken by a later one of the same owner
    retried: int = 0  # jobs tried again after a crash
    killed: int = 0  # workers killed, at a deadline or for not stopping
    busy: int = 0  # requests turned away because the queue was full
    cached_bytes: int = 0
    queued: int = 0
    running: int = 0


class Lane:
    """Worker processes that answer requests, for many owners at once.

    An owner (a session id, or a session and a place on its page) wants one thing at a time: its newest request
    overtakes the one before. An overtaken job that nobody else wants is dropped from the queue or, if it runs, stopped.

    command: starts a worker.   workers: how many, besides one warm spare.   queue_limit: jobs that may wait.
    cache_bytes: results remembered, least recently used leave first.   deadline: seconds a job may run in a worker.
    grace: seconds that a cancelled job has to stop by itself, before its worker is killed.
    memory_limit: bytes of address space per worker, where the system can limit it; 0 for no limit.   spare: whether one
    more worker waits to step in.   name: of its threads.
    """

    def __init__(
        self,
        command: Sequence[str] = WORKER,
        *,
        workers: int = 2,
        queue_limit: int = 64,
        cache_bytes: int = 64 << 20,
        deadline: float = 30.0,
        grace: float = 1.0,
        memory_limit: int = WORKER_MEMORY,
        spare: bool = True,
        name: str = "interactive",
    ) -> None:
        self.name = name
        self._workers, self._queue_limit = workers, queue_limit
        self._deadline, self._grace = deadline, grace
        self._crew = Crew(command, memory_limit, spare)
        self._cache = _ByteCache(cache_bytes)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        # Everything below is read and written with the lock held.
        self._threads: list[threading.Thread] = []
        self._queue: list[Job] = []
        self._wanted: dict[str, Job] = {}  # queued or running, by key; a cancelled job is no longer here
        self._held: dict[str, Ticket] = {}  # the open ticket of each owner
        self._running: set[Job] = set()
        self._stats = Stats()
        self._closed = False

    def submit(self, key: str, request: dict[str, Any], owner: str) -> Ticket:
        """Ask for something; returns at once.

        key: equal keys mean equal results.   request: JSON, given to the handler.   owner: who asks.
        Raises: TypeError if the request is not JSON. All else that can go wrong is the ticket's Failure.
        """
        with self._lock:
            ticket = Ticket(owner, self._position, self._release)
            job = self._wanted.get(key)
            if job is not None:
                self._join(job, ticket)
            # Only now: asking again for the same key must not drop the job it is about to join.
            self._overtake(owner)
            if job is None:
                self._place(key, request, ticket)
            if not ticket.settled:
                self._held[owner] = ticket
            return ticket

    def remembered(self, key: str) -> Result | None:
        """A result that is still in the cache; asks for nothing."""
        with self._lock:
            return self._cache.get(key)

    def warm(self) -> None:
        """Start the workers now, so that the first request does not wait for their imports; returns at once."""
        with self._lock:
            self._start()

    def stats(self) -> Stats:
        """A copy of the counts."""
        with self._lock:
            now = {"cached_bytes": self._cache.nbytes, "queued": len(self._queue), "running": len(self._running)}
            return replace(self._stats, **now)

    def close(self) -> None:
        """Kill the workers and fail what is open as cancelled. A closed lane stays closed."""
        with self._lock:
            self._closed = True
            for job in self._wanted.values():
                job.cancel()
            for ticket in list(self._held.values()):
                self._settle(ticket, Failure("cancelled"))
            self._queue.clear()
            self._wanted.clear()
            self._work.notify_all()
        self._crew.close()
        for thread in self._threads:
            thread.join()

    # What happens to a request. All of these run with the lock held.

    def _place(self, key: str, request: dict[str, Any], ticket: Ticket) -> None:
        cached = self._cache.get(key)
        if self._closed:
            self._settle(ticket, Failure("cancelled"))
        elif cached is not None:
            self._stats.hits += 1
            self._settle(ticket, cached)
        elif len(self._queue) >= self._queue_limit:
            self._stats.busy += 1
            self._settle(ticket, Failure("busy", {"limit": self._queue_limit}))
        else:
            self._enqueue(Job(key, wire.pack(wire.Frame("job", request))), ticket)

    def _enqueue(self, job: Job, ticket: Ticket) -> None:
        self._start()
        ticket.job = job
        job.tickets.add(ticket)
        self._wanted[job.key] = job
        self._queue.append(job)
        self._work.notify()

    def _join(self, job: Job, ticket: Ticket) -> None:
        self._stats.joined += 1
        ticket.job = job
        job.tickets.add(ticket)

    def _overtake(self, owner: str) -> None:
        older = self._held.get(owner)
        if older is not None:
            self._stats.superseded += 1
            self._leave(older, Failure("superseded"))

    def _leave(self, ticket: Ticket, why: Failure) -> None:
        job = ticket.job
        self._settle(ticket, why)
        if job is not None:
            job.tickets.discard(ticket)
            if not job.tickets:
                self._drop(job)

    def _drop(self, job: Job) -> None:
        del self._wanted[job.key]
        if job.running:
            job.cancel()
        else:
            self._queue.remove(job)

    def _settle(self, ticket: Ticket, answer: Answer) -> None:
        if self._held.get(ticket.owner) is ticket:
            del self._held[ticket.owner]
        ticket.settle(answer)

    def _start(self) -> None:
        if self._threads or self._closed:
            return
        for number in range(self._workers):
            driver = Driver(self._crew, self._take, self._finish, self._deadline, self._grace)
            thread = threading.Thread(target=driver.run, name=f"rnnviz-{self.name}-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    # What tickets and drivers ask for; these take the lock.

    def _position(self, job: Job) -> int | None:
        with self._lock:
            return self._queue.index(job) + 1 if job in self._queue else None

    def _release(self, ticket: Ticket) -> None:
        with self._lock:
            if not ticket.settled:
                self._leave(ticket, Failure("cancelled"))

    def _take(self) -> Job | None:
        with self._lock:
            self._work.wait_for(lambda: self._queue or self._closed)
            if self._closed:
                return None
            job = self._queue.pop(0)
            job.running = True
            self._running.add(job)
            self._stats.ran += 1
            return job

    def _finish(self, job: Job, answer: Answer) -> None:
        with self._lock:
            self._running.discard(job)
            self._stats.retried += job.replaced_worker
            self._stats.killed += job.killed
            if isinstance(answer, Result):
                self._cache.put(job.key, answer)
            if self._wanted.get(job.key) is job:  # not so if it was cancelled, and perhaps asked for again
                for ticket in self._wanted.pop(job.key).tickets:
                    self._settle(ticket, answer)


class _ByteCache:
    """Results by key, at most so many bytes of them; the least recently used leave first."""

    def __init__(self, limit: int) -> None:
        self.nbytes = 0
        self._limit = limit
        self._results: OrderedDict[str, Result] = OrderedDict()

    def get(self, key: str) -> Result | None:
        result = self._results.get(key)
        if result is not None:
            self._results.move_to_end(key)
        return result

    def put(self, key: str, result: Result) -> None:
        if key in self._results:
            self.nbytes -= self._results.pop(key).nbytes
        self._results[key] = result
        self.nbytes += result.nbytes
        while self.nbytes > self._limit:
            self.nbytes -= self._results.popitem(last=False)[1].nbytes
