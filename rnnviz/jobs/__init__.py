"""The one path from a page to the engine: lanes of worker processes that answer requests.

Generic: it knows no cell, no figure and no page. A request is a JSON dict with a key; the answer is a value, a `Result`
or a `Failure`. A page asks, shows where it stands in the queue, and draws:

    with interactive().submit(key, request, owner=session_id) as ticket:
        while not ticket.wait(0.25):
            show(ticket.state, ticket.position, ticket.progress)
        answer = ticket.result()

What happens to a request, in this order:

    cached result -> join a job with the same key -> overtake the owner's older request -> bounded queue
        -> worker process -> deadline -> one more try after a crash

lane.py      the policy above                                ticket.py   a request as its owner sees it, and its job
driver.py    one thread leads one worker through its jobs    answers.py  what comes back
process.py   the outside of a worker, and the warm spare     serve.py    the inside of a worker
wire.py      the bytes between the two
"""

from rnnviz.jobs.answers import Answer, Detail, Failure, FailureKind, Refusal, Result
from rnnviz.jobs.lane import WORKER_MEMORY, Lane, Stats
from rnnviz.jobs.serve import Cancelled, Handler, Tick, memory_limited, serve
from rnnviz.jobs.ticket import State, Ticket

__all__ = [
    "WORKER_MEMORY",
    "Answer",
    "Cancelled",
    "Detail",
    "Failure",
    "FailureKind",
    "Handler",
    "Lane",
    "Refusal",
    "Result",
    "State",
    "Stats",
    "Tick",
    "Ticket",
    "files",
    "interactive",
    "memory_limited",
    "serve",
]

# A module, not a page cache, owns the lanes: any browser can ask the server to clear its caches. A lane starts nothing
# until it is asked, so making one here is free, and the import lock makes it once.
_interactive = Lane(name="interactive")

# One worker makes files for everybody, and no spare waits: each would keep 300 MB, and a Chromium beside it. Chromium
# takes 2-5 s to start, on a busy machine several times that. Its worker has no limit of address space, which Chromium
# would inherit: see `serve.memory_limited`. A picture that nobody wants any more is let finish: to kill its worker would
# cost the next one another start.
_files = Lane(
    name="files",
    workers=1,
    queue_limit=16,
    cache_bytes=96 << 20,
    deadline=60.0,
    grace=10.0,
    memory_limit=0,
    spare=False,
)


def interactive() -> Lane:
    """The lane that answers a person who is waiting; one per server process, shared by all sessions."""
    return _interactive


def files() -> Lane:
    """The lane that makes files which take seconds: pictures drawn by a browser, and whole traces."""
    return _files
