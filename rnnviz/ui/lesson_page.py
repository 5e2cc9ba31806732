"""The page of a lesson: text beside its live experiment, a question to predict, and where one is among the lessons."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from rnnviz.choice import InvalidParameter
from rnnviz.demonstrations import Demonstrated, Demonstration
from rnnviz.experiment import Study
from rnnviz.export import DemonstrationPicture, Picture
from rnnviz.figures import AnyFigure
from rnnviz.figures.demonstrations import DemonstrationFigure
from rnnviz.jobs import Failure
from rnnviz.text import Text
from rnnviz.ui import asking, failures, memory, taking
from rnnviz.ui.controls import Controls
from rnnviz.ui.experiment_controls import look, plot_words, replaced_worker, share
from rnnviz.ui.flow import START
from rnnviz.ui.lessons import LESSONS
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part
from rnnviz.ui.lessons.progress import LETTERS, Progress
from rnnviz.ui.lessons.prose import said
from rnnviz.ui.plot import plot
from rnnviz.ui.prose_links import prose_links

ANSWERS = "lessons.answers"  # in the session: what was seen and answered in all lessons
MARKS = {
    "answered": ":material/check_circle:",
    "seen": ":material/radio_button_partial:",
    "ahead": ":material/radio_button_unchecked:",
}
STYLE = Path(__file__).with_name("lesson.css").read_text("utf-8")


class Page(NamedTuple):
    """One run of the page: the record as it stands, and in which language."""

    lesson: Lesson
    text: Text

    @property
    def progress(self) -> Progress:
        return Progress.read(self.lesson.answers)

    @property
    def chosen(self) -> str:
        """The letter of the choice that was made here, or nothing."""
        return self.progress.letters.get(self.lesson.number, "")


def lesson_page(kind: type[Lesson]) -> None:
    """The whole page."""
    text = memory.language()
    record, refused = memory.page(kind.start())
    page = Page(with_progress(record), text)
    st.html(f"<style>{STYLE}</style>")
    contents(page)
    link = memory.write_link(page.lesson, kind.start())
    prose_links("lesson.links", lambda words: follow(kind, words))
    st.header(kind.heading(text), anchor=False)
    failures.say_refused(refused, text)
    left, right = st.columns([5, 6], gap="large")
    with left:
        opening, body = st.container(key="lesson_opening"), st.container(key="lesson_body")
    with opening:
        st.markdown(said(page.lesson, "overview", text))
        question(page)
    with right, st.container(key="lesson_figures"):
        numbers = experiment(page)
    with opening:
        reveal(page)
    with body:
        explain(page, numbers)
        onward(page)
        neighbours(page)
    replaced_worker(text)
    share(link, text)


def with_progress(record: Lesson) -> Lesson:
    """The record, with what the session knows of the other lessons, and this one seen."""
    own, session = Progress.read(record.answers), Progress.read(memory.get(ANSWERS, ""))
    word = own.joined(session, record.number).seen(record.number).word
    memory.put(ANSWERS, word)
    return record.model_copy(update={"answers": word})


# — where one is —


def contents(page: Page) -> None:
    """Every lesson in the sidebar: answered, seen, or still ahead."""
    text, letters = page.text, page.progress.letters
    with st.sidebar:
        st.markdown(f"**{text('page.learn.contents')}**")
        for kind in LESSONS:
            name = kind.model_fields["kind"].default
            mark = "answered" if letters.get(kind.number) else "seen" if kind.number in letters else "ahead"
            st.page_link(
                address(name), label=kind.heading(text), icon=MARKS[mark], help=text(f"page.learn.mark.{mark}")
            )
        answered = sum(bool(letters.get(kind.number)) for kind in LESSONS)
        st.caption(text("page.learn.answered", answered=answered, lessons=len(LESSONS)))
        st.page_link("views/learn/glossary.py", label=text("page.glossary.title"))


def neighbours(page: Page) -> None:
    """The lesson before and the one after."""
    at = next(k for k, kind in enumerate(LESSONS) if kind.number == page.lesson.number)
    with st.container(horizontal=True):
        for k, arrow in ((at - 1, "← {}"), (at + 1, "{} →")):
            if 0 <= k < len(LESSONS):
                name = LESSONS[k].model_fields["kind"].default
                st.page_link(address(name), label=arrow.format(page.text(f"lesson.{name}.title")))


def address(name: str) -> str:
    return f"views/learn/{name}.py"


# — the question —


def question(page: Page) -> None:
    """To be predicted; choosing reveals."""
    lesson, text = page.lesson, page.text
    name = f"lesson.{lesson.name}"
    key = f"{name}.choice"
    memory.show(key, next((c for c in lesson.choices if lesson.letter(c) == page.chosen), None))
    st.markdown(f"**{text('page.learn.predict')}** {said(lesson, 'question', text)}")
    st.radio(
        text("page.learn.predict"),
        lesson.choices,
        key=key,
        index=None,
        format_func=lambda choice: text(f"{name}.choice.{choice}"),
        on_change=choose,
        args=(type(lesson), page.lesson.answers, key),
        label_visibility="collapsed",
    )


def choose(kind: type[Lesson], answers: str, key: str) -> None:
    choice = memory.get(key)
    if choice is not None:
        letter = LETTERS[kind.choices.index(choice)]
        memory.take(kind.start(), "answers", Progress.read(answers).answered(kind.number, letter).word)


def reveal(page: Page) -> None:
    """Whether the prediction holds, and why: with the numbers of the question's own experiment."""
    if not page.chosen:
        return
    lesson, text = page.lesson.in_question(), page.text
    numbers = numbers_of(lesson, text, "question")
    if numbers is None:
        return
    right = lesson.right(numbers)
    verdict = "right" if page.chosen == lesson.letter(right) else "wrong"
    answer = text(f"page.learn.{verdict}", answer=text(f"lesson.{lesson.name}.choice.{right}"))
    (st.success if verdict == "right" else st.info)(f"{answer} {said(lesson, 'reason', text, numbers)}")
    if parts_differ(lesson, page.lesson):
        again = lesson.model_copy(update={"answers": page.lesson.answers})
        st.button(text("page.learn.set_question"), on_click=memory.remember, args=(again,))


def parts_differ(one: Lesson, other: Lesson) -> bool:
    return [part.asked.key for part in one.parts()] != [part.asked.key for part in other.parts()]


def numbers_of(lesson: Lesson, text: Text, place: str) -> Numbers | None:
    """The numbers of one record's experiments; nothing where there is no answer, which the figures say already."""
    found: list[Found] = []
    for number, part in enumerate(lesson.parts()):
        answer = ask(part, text, f"{lesson.name}.{place}.{number}", lambda: None)
        if isinstance(answer, Failure):
            return None
        found.append(answer)
    return lesson.numbers(found)


# — the experiment —


def experiment(page: Page) -> Numbers | None:
    """Controls and figures; the numbers that the words may say."""
    lesson, text = page.lesson, page.text
    control = Controls(lesson, lesson.start(), text)
    found: list[Found] = []
    for number, part in enumerate(lesson.parts()):
        for path in part.controls:
            control.draw(path, segmented=True)
        lesson.under_controls(number, text)
        place = f"lesson.{lesson.name}.{number}"
        answer = ask(part, text, place, lambda number=number, place=place: draw_old(number, place, text))  # type: ignore[misc]
        if isinstance(answer, Failure):
            st.error(f"**{text('error.title')}.** {failures.in_words(answer, text)}")
            return None
        memory.put(f"{place}.drawn", lesson)
        draw(part, answer, place, text)
        found.append(answer)
    lesson.beside(found, text)
    return lesson.numbers(found)


def ask(part: Part, text: Text, place: str, meanwhile: Callable[[], None]) -> Found | Failure:
    if isinstance(part.asked, Demonstration):
        return asking.ask_demonstration(part.asked, text, place=place, meanwhile=meanwhile)
    return asking.ask(part.asked, part.needs, text, place=place, meanwhile=meanwhile)


def already_there(part: Part) -> Found | None:
    if isinstance(part.asked, Demonstration):
        return asking.demonstration_already_there(part.asked)
    return asking.already_there(part.asked, part.needs)


def draw_old(number: int, place: str, text: Text) -> None:
    """The figures of the last setting, marked as old, while the new ones are computed."""
    old: Lesson | None = memory.get(f"{place}.drawn")
    part = old.parts()[number] if old else None
    found = already_there(part) if part else None
    if part is None or found is None:
        st.skeleton(height=400)
    else:
        draw(part, found, place, text, stale=True)


def draw(part: Part, found: Found, place: str, text: Text, stale: bool = False) -> None:
    for figure in part.figures:
        draw_figure(part, figure, found, f"{place}.{figure.kind}", text, stale)


def draw_figure(
    part: Part, figure: AnyFigure | DemonstrationFigure, found: Found, key: str, text: Text, stale: bool
) -> None:
    picture = picture_of(part, figure, found, text)
    plot(
        picture.figure, key=key, height=part.height,
        alt=text("alt.figure", title=picture.title, reading=picture.reading), words=plot_words(text),
        file_name=picture.file_name, stale=stale,
    )  # fmt: skip
    st.markdown(picture.marked_reading)
    if not stale:
        with st.expander(text("page.table")):
            st.dataframe(picture.table, hide_index=True)
        taking.menu(picture, key=key)


def picture_of(
    part: Part, figure: AnyFigure | DemonstrationFigure, found: Found, text: Text
) -> Picture | DemonstrationPicture:
    match figure, part.asked, found:
        case DemonstrationFigure(), Demonstration(), Demonstrated():
            return DemonstrationPicture(figure, found, text, look())
    assert isinstance(part.asked, Study) and not isinstance(found, Demonstrated | None)
    assert not isinstance(figure, DemonstrationFigure)
    return Picture(figure, part.asked, found, text, look())


# — the words —


def explain(page: Page, numbers: Numbers | None) -> None:
    """What to look for, how it comes about, the formula with live numbers, and where the notes differ."""
    for slot in ("look", "detail", "formula", "differ"):
        if f"lesson.{page.lesson.name}.{slot}" in page.text:
            st.subheader(page.text(f"page.learn.{slot}"), anchor=False)
            st.markdown(said(page.lesson, slot, page.text, numbers))


def follow(kind: type[Lesson], words: dict[str, str]) -> None:
    """A link in the text sets what it names; one that somebody made up does nothing."""
    with suppress(InvalidParameter):
        memory.remember(memory.kept(kind.start()).changed(words))


def onward(page: Page) -> None:
    """Buttons that open other pages with a setting of this lesson's."""
    for way in page.lesson.onward:
        if st.button(page.text("page.misconceptions.open", page=page.text(f"page.{way.page}.title"))):
            memory.remember(START.changed(way.setting))
            st.switch_page(f"views/{way.page}.py")
