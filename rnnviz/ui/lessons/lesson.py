"""What a lesson is: a record of what can be set in it, what it asks of a worker, and which figures show the answer.

Its words are `lesson.<name>.…` in both languages, in a file of their own (`lesson_<name>.toml`):

    title, overview          said at once: no placeholders
    question, choice.<word>  to be predicted: no placeholders; `choices` lists the words in their order
    reason                   with the numbers of the experiment that the question is about
    look, detail, formula    with the numbers of the experiment as it is set now
    differ                   where the notes' formulas slip or simplify; likewise

In all of them `[[gain]]` and `[[gain|the gains]]` link to the glossary, `[some words](set:path=value&path=value)` sets
parameters of the record, and `{name}` is a number of `numbers`. Braces of a formula are doubled, as everywhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, NamedTuple, Self

from rnnviz.choice import Choice, Word, default
from rnnviz.demonstrations import Demonstrated, Demonstration
from rnnviz.experiment import Study
from rnnviz.figures import AnyFigure, Results
from rnnviz.figures.demonstrations import DemonstrationFigure
from rnnviz.text import Text
from rnnviz.ui.lessons.progress import LETTERS, WORD
from rnnviz.ui.numbers import Number

Numbers = dict[str, Number | str]
Found = Results | Demonstrated  # what a part was answered


class Part(NamedTuple):
    """One question to the worker, and the figures that show its answer: of a study, or of a demonstration."""

    asked: Study | Demonstration
    figures: Sequence[AnyFigure | DemonstrationFigure]
    controls: tuple[str, ...] = ()  # the parameters of the lesson that stand above the figures, by path
    reads: tuple[str, ...] = ()  # diagnostics that the numbers read and the figures do not
    height: int = 460  # pixels of each figure

    @property
    def needs(self) -> list[str]:
        return sorted({need for one in self.figures for need in getattr(one, "needs", ())} | set(self.reads))


class Onward(NamedTuple):
    """A button that opens another page of the dashboard with a setting: the file of the page, and what it sets there."""

    page: str
    setting: Mapping[str, Word]


class Lesson(Choice, ABC):
    """One lesson, and what a reader has set in it."""

    number: ClassVar[int]  # in the table of contents, and of the answer in the link
    continues: ClassVar[int | None] = (
        None  # the number that stands in the contents of a page that goes on with a lesson
    )
    choices: ClassVar[tuple[str, ...]]  # of the question
    asks_about: ClassVar[Mapping[str, Word]] = {}  # what the question's experiment changes in the lesson's start
    onward: ClassVar[tuple[Onward, ...]] = ()

    answers: Annotated[str, WORD] = ""

    @abstractmethod
    def parts(self) -> tuple[Part, ...]:
        """What is asked of the worker at this setting, in the order of the figures."""

    @abstractmethod
    def numbers(self, found: Sequence[Found]) -> Numbers:
        """The numbers that the words may say, by placeholder, from the answers to `parts`."""

    @abstractmethod
    def right(self, numbers: Numbers) -> str:
        """The right choice, from the numbers of the question's own experiment."""

    def under_controls(self, part: int, text: Text) -> None:
        """What else a part lets one choose, before it is computed."""

    def beside(self, found: Sequence[Found], text: Text) -> None:
        """What else the lesson shows below its figures, such as a drawing; nothing for most."""

    @property
    def name(self) -> str:
        return self.kind

    @classmethod
    def start(cls) -> Self:
        return default(cls)

    @classmethod
    def heading(cls, text: Text) -> str:
        """Number and title, as the contents list it."""
        number = cls.number if cls.continues is None else text("page.learn.continued", number=cls.continues)
        return f"{number} · {text(f'lesson.{cls.start().name}.title')}"

    @classmethod
    def in_question(cls) -> Self:
        """The record of the experiment that the question is about."""
        return cls.start().changed(cls.asks_about)

    def letter(self, choice: str) -> str:
        return LETTERS[self.choices.index(choice)]
