"""Every lesson in both languages, through the script itself; its words, links, question, progress and glossary."""

from __future__ import annotations

import math
import re
from functools import cache

import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.choice import InvalidParameter
from rnnviz.demonstrations import Demonstration
from rnnviz.diagnostics import DIAGNOSTICS
from rnnviz.diagnostics.diagnose import diagnose_study
from rnnviz.figures.figure import Result
from rnnviz.text import LANGUAGES, Text, catalogue
from rnnviz.ui.flow import START
from rnnviz.ui.lessons import LESSONS, Lesson
from rnnviz.ui.lessons.lesson import Found, Numbers, Part
from rnnviz.ui.lessons.progress import Progress
from rnnviz.ui.lessons.prose import SLOTS, said, settings_in, terms, terms_in
from tests.test_house import placeholders
from tests.ui.test_views import opened, sound, without_formulas, words

every_lesson = pytest.mark.parametrize("kind", LESSONS, ids=lambda kind: kind.start().name)
every_language = pytest.mark.parametrize("language", LANGUAGES)
AT_ONCE = ("title", "overview", "question")  # said before anything is computed


def prose(kind: type[Lesson], language: str) -> dict[str, str]:
    """Every text of a lesson by its slot."""
    head = f"lesson.{kind.start().name}."
    return {key.removeprefix(head): said for key, said in catalogue(language).items() if key.startswith(head)}


def found_of(part: Part) -> Found:
    if isinstance(part.asked, Demonstration):
        return part.asked.shown()
    data = diagnose_study(part.asked, [DIAGNOSTICS[name] for name in part.needs])
    return {name: Result(experiment, data[name]) for name, experiment in part.asked.experiments().items()}


@cache
def numbers(record: Lesson) -> Numbers:
    return record.numbers([found_of(part) for part in record.parts()])


# — the words —


@every_lesson
@every_language
def test_a_lesson_says_all_that_it_must_and_nothing_that_nobody_reads(kind: type[Lesson], language: str) -> None:
    known = {*SLOTS, *(f"choice.{choice}" for choice in kind.choices)}
    assert known - {"differ"} <= set(prose(kind, language)) <= known


@every_lesson
def test_what_is_said_at_once_needs_no_number(kind: type[Lesson]) -> None:
    for slot, written in prose(kind, "en").items():
        if slot in AT_ONCE or slot.startswith("choice."):
            assert not placeholders(written), slot


@every_lesson
@every_language
def test_numbers_come_from_the_experiment_and_not_from_a_writer(kind: type[Lesson], language: str) -> None:
    """No decimal, no number of two digits and no percentage in a sentence; years, formulas and links apart."""
    for slot, written in prose(kind, language).items():
        bare = re.sub(r"\$\$?.+?\$\$?|\]\(set:[^)]+\)|\{\w+\}|\b(19|20)\d\d\b", "", written, flags=re.DOTALL)
        assert not re.search(r"\d[.,]\d|\d\d|\d ?%", bare), (slot, re.findall(r".{20}\d[\d.,%]+.{20}", bare))


@every_lesson
@every_language
def test_every_number_that_the_words_ask_for_is_there(kind: type[Lesson], language: str) -> None:
    record = kind.start()
    for slot in prose(kind, language):
        at = kind.in_question() if slot == "reason" else record
        assert "nan" not in said(at, slot, Text(language), numbers(at)), slot


@every_lesson
@every_language
def test_every_term_has_its_place_in_the_glossary(kind: type[Lesson], language: str) -> None:
    used = {term for words in prose(kind, language).values() for term in terms_in(words)}
    assert used and used <= set(terms()), used - set(terms())


@every_lesson
@every_language
def test_every_link_sets_something_that_differs_from_the_start(kind: type[Lesson], language: str) -> None:
    links = [link for words in prose(kind, language).values() for link in settings_in(words)]
    assert len(links) >= 2
    for link in links:
        kind.start().changed(dict(word.split("=") for word in link.split("&")))


@every_lesson
def test_both_languages_link_to_the_same_settings_and_terms(kind: type[Lesson]) -> None:
    for slot, english in prose(kind, "en").items():
        korean = prose(kind, "ko")[slot]
        assert list(settings_in(english)) == list(settings_in(korean)), slot
        assert set(terms_in(english)) == set(terms_in(korean)), slot


@every_lesson
def test_every_way_onward_sets_what_that_page_knows(kind: type[Lesson]) -> None:
    for way in kind.onward:
        assert START.changed(way.setting) != START


# — the page —


def open_lesson(kind: type[Lesson], **link: str) -> AppTest:
    """By its link, in a session that has not seen it; AppTest learns the addresses of the pages from a first run."""
    app = opened(lang=link["lang"])
    app.query_params = {}
    for name, word in link.items():
        app.query_params[name] = word
    return app.switch_page(f"views/learn/{kind.start().name}.py").run()


@every_lesson
@every_language
def test_every_lesson_speaks_every_language(kind: type[Lesson], language: str) -> None:
    app = sound(open_lesson(kind, lang=language))
    assert Text(language)(f"lesson.{kind.start().name}.title") in app.header[0].value
    assert "…" not in without_formulas(words(app))  # no number is missing
    figures = sum(len(part.figures) for part in kind.start().parts())
    assert len(app.get("component_instance") or app.get("bidi_component")) >= figures


@every_lesson
def test_the_answer_is_computed_and_choosing_it_reveals_the_reason(kind: type[Lesson]) -> None:
    right = kind.in_question().right(numbers(kind.in_question()))
    assert right in kind.choices
    app = open_lesson(kind, lang="en")
    assert not app.success and not app.info
    choices = app.radio(key=f"lesson.{kind.start().name}.choice")
    wrong = next(choice for choice in kind.choices if choice != right)
    sound(choices.set_value(wrong).run())
    assert app.info and not app.success
    sound(app.radio(key=f"lesson.{kind.start().name}.choice").set_value(right).run())
    assert app.success and not app.info
    assert f"{kind.number}{kind.start().letter(right)}" in app.query_params["answers"].split("-")


@every_lesson
def test_the_link_alone_opens_the_lesson_with_its_answer(kind: type[Lesson]) -> None:
    letter = kind.start().letter(kind.choices[0])
    app = sound(open_lesson(kind, lang="en", v="1", answers=f"{kind.number}{letter}"))
    assert app.radio(key=f"lesson.{kind.start().name}.choice").value == kind.choices[0]
    assert app.info or app.success


def test_answers_are_carried_from_lesson_to_lesson() -> None:
    first, last = LESSONS[0], LESSONS[-1]
    app = open_lesson(first, lang="en")
    app.radio(key=f"lesson.{first.start().name}.choice").set_value(first.choices[0]).run()
    app.query_params.clear()  # as the menu of pages does
    app.switch_page(f"views/learn/{last.start().name}.py").run()
    sound(app)
    assert Progress.read(app.query_params["answers"]).letters == {first.number: "a", last.number: ""}


@every_language
def test_the_glossary_has_every_term_in_both_languages(language: str) -> None:
    app = opened(lang=language)
    app.switch_page("views/learn/glossary.py")
    sound(app.run())
    assert len(app.subheader) == len(terms()) >= 40
    shown = {one.value for one in app.subheader}
    for term in terms():
        names = [Text(each)(f"term.{term}.name") for each in (language, *(set(LANGUAGES) - {language}))]
        assert " · ".join(dict.fromkeys(names)) in shown


# — progress —


@pytest.mark.parametrize("word", ["", "1", "1b", "1b-3-10a"])
def test_progress_comes_back_from_its_word(word: str) -> None:
    assert Progress.read(word).word == word
    assert LESSONS[0].start().changed({"answers": word}).answers == word


@pytest.mark.parametrize("word", ["b1", "1b-", "1z", "<script>", "1b 3", "123456"])
def test_a_made_up_progress_is_refused(word: str) -> None:
    with pytest.raises(InvalidParameter):
        LESSONS[0].start().changed({"answers": word})


def test_an_answer_is_more_than_a_look() -> None:
    here, session = Progress({1: "", 2: "a", 3: "b"}), Progress({1: "c", 2: "b", 4: ""})
    assert here.joined(session, own=2).letters == {1: "c", 2: "a", 3: "b", 4: ""}


# — lesson 10 —


def test_the_sizes_that_lesson_10_tells_are_those_of_its_theory() -> None:
    """g · identity with ReLU: a unit that stays on multiplies its gradient by g, so none grows by more than g per step."""
    lesson = next(kind for kind in LESSONS if kind.number == 10).start()
    grown = numbers(lesson.changed({"recurrent": "identity", "gain": 1.05}))
    assert 0 < float(grown["relu_kept"]) <= 99 * math.log10(1.05) + 1e-9
    vanished = numbers(lesson.changed({"recurrent": "identity", "gain": 0.9}))
    assert float(vanished["relu_kept"]) <= 99 * math.log10(0.9) + 1e-9
    clipped = numbers(lesson)
    assert float(clipped["relu_norm"]) > 0 and float(clipped["relu_clipped"]) == pytest.approx(0, abs=1e-9)
    assert float(clipped["relu_ratio"]) == pytest.approx(float(clipped["relu_clipped_ratio"]), abs=1e-9)
    large = numbers(lesson.changed({"gain": 3.0}))
    assert float(large["tanh_kept"]) > 1  # and so tanh does not always vanish
