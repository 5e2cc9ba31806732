"""A page's record as the words of a link, and back. Only what differs from the page's start is written, with a version."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TypeVar

from rnnviz.choice import SCHEMA, Choice, InvalidParameter, OneOf, Range, Word

Page = TypeVar("Page", bound=Choice)
VERSION = "v"
MOST_WORDS = 200  # of a link; ours have a quarter of them, and thousands of unknown ones would hold everybody up
SHORT = "experiment."  # what most words begin with is left out of a link


def written(record: Choice, start: Choice) -> dict[str, str]:
    """The words of the link; none for the start itself. Where a kind differs, all its parameters are written."""
    now, before = record.flat(), start.flat()
    differs = {path for path, word in now.items() if before.get(path) != word}
    link = {
        path.removeprefix(SHORT): word_of(value)
        for path, value in now.items()
        if path in differs or any(path.startswith(f"{other}.") for other in differs)
    }
    return {VERSION: str(SCHEMA), **link} if link else {}


def word_of(value: Word) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(link: Mapping[str, str], start: Page) -> tuple[Page, list[InvalidParameter]]:
    """The record that a link describes, and the words that could not be honoured; the rest is kept."""
    words = {full(path, start): word for path, word in islice(link.items(), MOST_WORDS) if path != VERSION}
    refused = [] if link.get(VERSION, str(SCHEMA)) == str(SCHEMA) else [unknown_version(link[VERSION])]
    if len(link) > MOST_WORDS:
        refused.append(InvalidParameter("…", len(link), Range(0, MOST_WORDS, unit="words")))
    while True:
        try:
            return start.changed(words), refused
        except InvalidParameter as error:
            refused.append(error)
            words = without(words, error.path)


def full(path: str, start: Choice) -> str:
    head = path.partition(".")[0]
    return path if head in {parameter.name for parameter in start.parameters_declared()} else SHORT + path


def without(words: Mapping[str, str], path: str) -> dict[str, str]:
    """The words less the one that was refused; a shorthand is refused under a longer path than it was written."""
    kept = {name: word for name, word in words.items() if name != path and not name.startswith(f"{path}.")}
    while len(kept) == len(words) and "." in path:
        path = path.rpartition(".")[0]
        kept = {name: word for name, word in words.items() if name != path and not name.startswith(f"{path}.")}
    return kept if len(kept) < len(words) else {}


def unknown_version(given: str) -> InvalidParameter:
    return InvalidParameter(VERSION, given, OneOf((str(SCHEMA),)))
