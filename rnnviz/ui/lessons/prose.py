"""The markup of lesson texts as Markdown: terms become links to the glossary, settings links that a page follows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rnnviz.text import Text, catalogue
from rnnviz.text.numbers import numeral
from rnnviz.ui.lessons.lesson import Lesson, Numbers
from rnnviz.ui.numbers import Decades, in_words

TERM = re.compile(r"\[\[(\w+)(?:\|([^\]]+))?\]\]")
SETTING = re.compile(r"\]\(set:([^)\s]+)\)")
SLOTS = ("title", "overview", "question", "reason", "look", "detail", "formula", "differ")


def terms() -> tuple[str, ...]:
    """All terms of the glossary, wherever their words stand: `term.<name>.name` and `term.<name>.means`."""
    return tuple(key.split(".")[1] for key in catalogue("en") if key.startswith("term.") and key.endswith(".name"))


def said(lesson: Lesson, slot: str, text: Text, numbers: Numbers | None = None) -> str:
    """One text of a lesson, its numbers filled in; while there are none, each is an ellipsis."""
    words = text(f"lesson.{lesson.name}.{slot}")
    filled = words.format_map(Filled(numbers))
    return with_terms(SETTING.sub(r"](#set?\1)", filled), text)


class Filled(dict[str, str]):
    """Numbers as a reader writes them."""

    def __init__(self, numbers: Numbers | None):
        super().__init__({name: said_number(number) for name, number in (numbers or {}).items()})
        self.waiting = numbers is None

    def __missing__(self, name: str) -> str:
        if self.waiting:
            return "…"
        raise KeyError(name)


def said_number(number: object) -> str:
    match number:
        case Decades():
            return in_words(number)
        case float():
            return numeral(number)
    return str(number)


def over_lines(terms: Sequence[str], sign: str, each: int) -> str:
    """A long sum or product for an `aligned` formula: so many terms to a line, every further line begins with the sign."""
    lines = [f" {sign} ".join(terms[k : k + each]) for k in range(0, len(terms), each)]
    return rf" \\ &\quad {sign} ".join(lines)


def with_terms(words: str, text: Text) -> str:
    """`[[gain]]` as a link to its place in the glossary, which says what it means where a pointer rests on it."""

    def link(found: re.Match[str]) -> str:
        name, shown = found[1], found[2] or text(f"term.{found[1]}.name")
        means = text(f"term.{name}.means").replace('"', "”")
        return f'[{shown}](glossary?lang={text.language}#{name} "{means}")'

    return TERM.sub(link, words)


def settings_in(words: str) -> Iterator[str]:
    """The settings that a text links to, as they stand in it."""
    yield from (found[1] for found in SETTING.finditer(words))


def terms_in(words: str) -> Iterator[str]:
    yield from (found[1] for found in TERM.finditer(words))
