"""Where a file comes from: what it was computed for, in words that compute it again."""

from __future__ import annotations

import json
from typing import Any

import rnnviz
from rnnviz.choice import SCHEMA
from rnnviz.trace import Trace


def of_trace(trace: Trace) -> dict[str, Any]:
    return {**program(trace.experiment.key), "experiment": trace.experiment.flat(), "outcome": str(trace.outcome)}


def program(key: str) -> dict[str, Any]:
    return {"program": "rnnviz", "version": rnnviz.__version__, "schema": SCHEMA, "key": key}


def in_one_line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, allow_nan=False)
