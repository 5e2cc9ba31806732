"""A study and what is needed of it, asked of the interactive lane: the page's whole dealing with the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from rnnviz.demonstrations import Demonstrated, Demonstration
from rnnviz.diagnostics.exchange import unpack
from rnnviz.experiment import Study
from rnnviz.figures import Result, Results
from rnnviz.jobs import Failure, Ticket, interactive
from rnnviz.jobs import Result as Arrays
from rnnviz.text import Text
from rnnviz.ui import memory

QUICK = 0.25  # seconds; a figure that comes within them never looks stale
POLL = 0.2  # each look at the queue is also the moment at which Streamlit may abandon an overtaken run


def request_for(study: Study, needs: Iterable[str], example: int = 0) -> dict[str, Any]:
    return {"study": study.flat(), "needs": sorted(needs), "example": example}


def key_for(study: Study, request: dict[str, Any]) -> str:
    words = json.dumps([study.key, request["needs"], request["example"]])
    return hashlib.sha256(words.encode()).hexdigest()[:24]


def ask(
    study: Study, needs: Iterable[str], text: Text, *, place: str, meanwhile: Callable[[], None], example: int = 0
) -> Results | Failure:
    """The results by name, or why there are none.

    `place` names the spot on the page: each session has one open request per place, and a newer one overtakes it. While
    the answer is not there, `meanwhile` draws what was there before and a line says where the request stands; the page
    then runs once more and finds the answer ready.
    """
    request = request_for(study, needs, example)
    answer = answered(key_for(study, request), request, text, place, meanwhile)
    return answer if isinstance(answer, Failure) else results_of(study, answer)


def ask_demonstration(
    demonstration: Demonstration, text: Text, *, place: str, meanwhile: Callable[[], None]
) -> Demonstrated | Failure:
    """The same for a demonstration."""
    answer = answered(key_of(demonstration), request_of(demonstration), text, place, meanwhile)
    return answer if isinstance(answer, Failure) else demonstrated(demonstration, answer)


def demonstration_already_there(demonstration: Demonstration) -> Demonstrated | None:
    answer = interactive().remembered(key_of(demonstration))
    return None if answer is None else demonstrated(demonstration, answer)


def request_of(demonstration: Demonstration) -> dict[str, Any]:
    return {"demonstration": demonstration.kind, "words": demonstration.flat()}


def key_of(demonstration: Demonstration) -> str:
    return f"demonstration {demonstration.key}"


def demonstrated(demonstration: Demonstration, answer: Arrays) -> Demonstrated:
    (data,) = unpack(answer.arrays, answer.meta).values()
    return Demonstrated(demonstration, data)


def answered(
    key: str, request: dict[str, Any], text: Text, place: str, meanwhile: Callable[[], None]
) -> Arrays | Failure:
    with interactive().submit(key, request, f"{memory.session()}:{place}") as ticket:
        if not ticket.wait(QUICK):
            meanwhile()
            wait(ticket, text)
            if ticket.replaced_worker:
                memory.put("worker_was_replaced", True)
            if isinstance(ticket.result(), Arrays):
                st.rerun()
        return ticket.result()


def already_there(study: Study, needs: Iterable[str], example: int = 0) -> Results | None:
    """The results if they are still remembered; nothing is computed."""
    answer = interactive().remembered(key_for(study, request_for(study, needs, example)))
    return None if answer is None else results_of(study, answer)


def results_of(study: Study, answer: Arrays) -> Results:
    data = unpack(answer.arrays, answer.meta)
    return {name: Result(experiment, data[name]) for name, experiment in study.experiments().items()}


def wait(ticket: Ticket, text: Text) -> None:
    line = st.empty()
    while not ticket.wait(POLL):
        line.caption(standing(ticket, text))
    line.empty()


def standing(ticket: Ticket, text: Text) -> str:
    if ticket.state == "queued" and ticket.position:
        return text("waiting.queued", position=ticket.position)
    if ticket.progress:
        return text("waiting.running", percent=round(100 * ticket.progress))
    return text("waiting.starting")
