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
from rnnviz.jobs.lane import Lane, Stats
from rnnviz.jobs.serve import Cancelled, Handler, Tick, serve
from rnnviz.jobs.ticket import State, Ticket

__all__ = [
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
    "interactive",
    "serve",
]

# A module, not a page cache, owns the lane: any browser can ask the server to clear its caches. A lane starts nothing
# until it is asked, so making one here is free, and the import lock makes it once.
_interactive = Lane(name="interactive")


def interactive() -> Lane:
    """The lane that answers a person who is waiting; one per server process, shared by all sessions."""
    return _interactive
