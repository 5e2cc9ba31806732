"""What the index knows of one run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from rnnviz.choice import Flat

TITLE_LIMIT, NOTE_LIMIT, TAG_LIMIT, TAGS_LIMIT = 200, 10_000, 40, 20  # characters; and tags


@dataclass(frozen=True)
class Run:
    """One run of one experiment. Times are seconds since 1970, `seconds` those spent at work.

    words: the experiment's flat form.   state: a word of whoever runs it.   owner: the program that holds it now.
    outcome, facts, failure: JSON.   file: its netCDF in the store, with the sha256 and the size in bytes; "" for none.
    """

    key: str
    words: Flat
    state: str
    created: float
    changed: float
    update: int = 0
    updates: int = 0
    seconds: float = 0.0
    owner: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    failure: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    deleted: float | None = None
    file: str = ""
    sha256: str = ""
    size: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A field that is not known here was written by a newer version, and is left out."""
        record = json.loads(text)
        known = {one.name: record[one.name] for one in fields(cls) if one.name in record}
        return cls(**{**known, "tags": tuple(record.get("tags", ()))})

    def named(self, title: str | None, tags: Iterable[str] | None, note: str | None) -> Self:
        """With a title, tags or a note of a person's; they are data and nothing else, cut to a length that a page bears."""
        words = dict.fromkeys(" ".join(tag.split())[:TAG_LIMIT] for tag in (self.tags if tags is None else tags))
        return replace(
            self,
            title=(self.title if title is None else " ".join(title.split()))[:TITLE_LIMIT],
            tags=tuple(word for word in words if word)[:TAGS_LIMIT],
            note=(self.note if note is None else note)[:NOTE_LIMIT],
        )


def arranged(
    runs: Iterable[Run],
    *,
    containing: str = "",
    states: Iterable[str] = (),
    sort: str = "changed",
    rising: bool = False,
) -> list[Run]:
    """Those that match, in order. `containing`: every one of these words is in the title, a tag, the note, the key or
    the experiment's words. `sort`: a field of a run, one of its facts, or a path of its experiment; who has none is last.
    """
    wanted, states = containing.lower().split(), set(states)

    def matches(run: Run) -> bool:
        text = " ".join(
            [run.title, run.note, run.key, *run.tags, *(f"{path}={word}" for path, word in run.words.items())]
        )
        return (not states or run.state in states) and all(word in text.lower() for word in wanted)

    def value(run: Run) -> Any:
        found = vars(run).get(sort, run.facts.get(sort, run.words.get(sort)))
        return None if found is None or found == "" or found != found else found

    found = [run for run in runs if matches(run)]
    with_value = [run for run in found if value(run) is not None]
    numbers = all(isinstance(value(run), int | float) for run in with_value)
    ordered = sorted(with_value, key=lambda run: value(run) if numbers else str(value(run)).lower(), reverse=not rising)
    return ordered + [run for run in found if value(run) is None]
