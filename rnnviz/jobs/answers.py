"""What a lane gives back: a `Result`, or a `Failure` that says what happened in words a page can translate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

Detail = Mapping[str, str | float | int]

FailureKind = Literal[
    "refused",  # the handler said no on purpose: detail has its `reason`, and what it said about it
    "deadline",  # it ran too long and its worker was killed: `seconds`
    "crashed",  # its worker died, twice where it may be tried again: `cause`, `exit_code`
    "memory",  # it asked for more memory than a worker may have: `limit_bytes`
    "busy",  # the queue is full: `limit`
    "superseded",  # the same owner asked for something else since
    "cancelled",  # the ticket was released, or the lane closed
    "error",  # the handler raised, which is a bug of ours: `type`, `message`
]


@dataclass(frozen=True)
class Failure:
    """Why there is no result. A value, not an exception: a page says it in the reader's language."""

    kind: FailureKind
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Result:
    """What the handler computed. One object may be shared by many sessions, so nothing in it can be written.

    arrays: by name, read-only, little endian.   meta: whatever JSON the handler added.   seconds: time in the handler.
    nbytes: bytes of the arrays, and of the meta as JSON.
    """

    arrays: Mapping[str, np.ndarray]
    meta: Mapping[str, Any]
    seconds: float
    nbytes: int = field(init=False)

    def __post_init__(self) -> None:
        size = sum(array.nbytes for array in self.arrays.values()) + len(json.dumps(self.meta))
        object.__setattr__(self, "nbytes", size)
        object.__setattr__(self, "arrays", MappingProxyType(self.arrays))
        object.__setattr__(self, "meta", MappingProxyType(self.meta))


Answer = Result | Failure


class Refusal(Exception):
    """Raised by a handler that will not do what is asked: over budget, or a parameter outside its domain.

    reason: a word the page has a sentence for.   detail: the numbers in that sentence (limit, value, nearest, …).
    """

    def __init__(self, reason: str, detail: Detail | None = None) -> None:
        super().__init__(reason, detail)
        self.detail: Detail = {**(detail or {}), "reason": reason}
