"""JSON: the flat form of what was computed, from which `Study.from_flat` or `Experiment.from_flat` makes it again."""

from __future__ import annotations

import json

from rnnviz.export import provenance
from rnnviz.export.format import Format
from rnnviz.export.picture import DemonstrationPicture, Picture, Shown
from rnnviz.trace import Trace


def words(subject: Shown | Trace) -> bytes:
    record = subject.provenance if isinstance(subject, Shown) else provenance.of_trace(subject)
    return (json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()


JSON = Format("json", "application/json", (Picture, DemonstrationPicture, Trace), words)
