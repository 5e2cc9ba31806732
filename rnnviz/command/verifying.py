"""`rnnviz verify`: what a figure shows, computed once more by another route, and how far the two part."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.command.progress import Progress
from rnnviz.command.words import example_of, wish
from rnnviz.engine.budget import check_budget
from rnnviz.text import Text
from rnnviz.verification import drawn, verify_study
from rnnviz.verification.words import in_words


def run_verification(figure: str, words: Sequence[str], compare: bool, example: int, text: Text) -> bool:
    """A line for each quantity on stdout; whether all of them agree. As `draw`, it has no limit on work."""
    view, study = wish(figure, words, compare)
    at = example_of(study, example)
    for one in study.experiments().values():
        check_budget(one)
    with Progress(text) as tick:
        found = drawn(verify_study(study, view.needs, example=at, tick=tick), getattr(view, "part", ""))
    print(text("command.key", key=study.key))
    for each in found:
        print(in_words(each, text).replace("**", ""))
    if not found:
        print(text("verified.nothing"))
    return all(each.agrees for each in found)
