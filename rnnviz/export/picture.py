"""A figure on its way into a file: what it shows, of what, in which language and look."""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import orjson
import pandas as pd

from rnnviz.demonstrations import Demonstrated
from rnnviz.experiment import Study
from rnnviz.export import provenance
from rnnviz.figures import AnyFigure, FigureDict, GradientFlow, Look, Results
from rnnviz.figures.cursor import with_cursor
from rnnviz.figures.demonstrations import DemonstrationFigure
from rnnviz.figures.training import AnyTrainingFigure
from rnnviz.text import Text

WIDTH, HEIGHT, GRID_HEIGHT = 1200, 675, 900  # CSS pixels; an overlay fills a slide of 16:9


class Pinned(NamedTuple):
    """The setting whose curves stand behind the others as thin shadows."""

    study: Study
    results: Results


@dataclass(frozen=True)
class Drawn:
    """A figure as it stands on a page, and what is said of it: plain words and numbers, which may go to another process.

    figure: {"data", "layout"}.   size: CSS pixels.   language: of all words in it.
    """

    figure: FigureDict
    size: tuple[int, int]
    title: str
    reading: str
    language: str
    provenance: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Its numbers as plotly.js would read them: NaN as null."""
        return orjson.loads(orjson.dumps(asdict(self), option=orjson.OPT_SERIALIZE_NUMPY))

    @classmethod
    def from_json(cls, words: dict[str, Any]) -> Drawn:
        width, height = words["size"]
        return cls(**{**words, "size": (width, height)})


@dataclass(frozen=True)
class Shown(ABC):
    """What every picture is: a figure in a language and a look, which says what is seen in it and where it comes from."""

    @property
    @abstractmethod
    def figure(self) -> FigureDict: ...

    @property
    @abstractmethod
    def marked_reading(self) -> str:
        """What is seen in the figure, its numbers in bold."""

    @property
    def reading(self) -> str:
        """The same without the marks that the page sets in bold."""
        return self.marked_reading.replace("**", "")

    @property
    @abstractmethod
    def table(self) -> pd.DataFrame:
        """What a reader would copy down."""

    @property
    @abstractmethod
    def points(self) -> pd.DataFrame:
        """Every number of the figure, one row per point."""

    @property
    @abstractmethod
    def provenance(self) -> dict[str, Any]: ...

    @property
    @abstractmethod
    def language(self) -> str: ...

    @property
    @abstractmethod
    def file_name(self) -> str:
        """Under which it is saved, without an ending: the figure, and the key of what it shows."""

    @cached_property
    def made(self) -> dict[str, bytes]:
        """Files of it that were made to be handed out more than once, under the names of their buttons."""
        return {}

    @property
    def size(self) -> tuple[int, int]:
        return WIDTH, HEIGHT

    @property
    def title(self) -> str:
        return plain(self.figure["layout"]["title"]["text"])

    @property
    def drawn(self) -> Drawn:
        return Drawn(self.figure, self.size, self.title, self.reading, self.language, self.provenance)


@dataclass(frozen=True)
class DemonstrationPicture(Shown):
    """A figure with its options, and the demonstration that it shows."""

    view: DemonstrationFigure
    shown: Demonstrated
    text: Text = field(default_factory=Text)
    look: Look = field(default_factory=Look)

    @cached_property
    def figure(self) -> FigureDict:
        return self.view(self.shown, self.text, self.look)

    @property
    def language(self) -> str:
        return self.text.language

    @property
    def file_name(self) -> str:
        return f"{self.view.kind.replace('_', '-')}-{self.shown.demonstration.key}"

    @property
    def marked_reading(self) -> str:
        return self.view.reading(self.shown, self.text)

    @property
    def table(self) -> pd.DataFrame:
        return self.view.table(self.shown, self.text)

    @property
    def points(self) -> pd.DataFrame:
        return self.view.data(self.shown)

    @property
    def provenance(self) -> dict[str, Any]:
        demonstration = self.shown.demonstration
        return {
            **provenance.program(demonstration.key),
            "demonstration": demonstration.kind,
            "parameters": demonstration.flat(),
            "figure": self.view.kind,
            "view": self.view.flat(),
            "language": self.language,
            "dark": self.look.dark,
        }


@dataclass(frozen=True)
class Picture(Shown):
    """A figure with its options, the study it shows and that study's results.

    `time` is the step at which the time cursor stands; None for no cursor.
    """

    view: AnyFigure | AnyTrainingFigure
    study: Study
    results: Results
    text: Text = field(default_factory=Text)
    look: Look = field(default_factory=Look)
    pinned: Pinned | None = None
    time: int | None = None

    @cached_property
    def figure(self) -> FigureDict:
        if self.pinned and isinstance(self.view, GradientFlow):
            figure = self.view(self.results, self.text, self.look, self.pinned.results)
        else:
            figure = self.view(self.results, self.text, self.look)
        return figure if self.time is None else with_cursor(figure, self.results, self.time, self.text, self.look)

    @property
    def language(self) -> str:
        return self.text.language

    @property
    def file_name(self) -> str:
        return f"{self.view.kind.replace('_', '-')}-{self.study.key}"

    @property
    def size(self) -> tuple[int, int]:
        grid = isinstance(self.view, GradientFlow) and self.view.arrangement == "grid"
        return WIDTH, GRID_HEIGHT if grid else HEIGHT

    @property
    def marked_reading(self) -> str:
        return self.view.reading(self.results, self.text)

    @property
    def table(self) -> pd.DataFrame:
        return self.view.table(self.results, self.text)

    @property
    def points(self) -> pd.DataFrame:
        """Where curves are pinned, they follow the others, and a column says which is which."""
        data = self.view.data(self.results)
        if self.pinned is None:
            return data
        return pd.concat(
            [data.assign(pinned=False), self.view.data(self.pinned.results).assign(pinned=True)], ignore_index=True
        )

    @property
    def example(self) -> int:
        """Which example of the batch the figure looks at, from 0."""
        return next((int(data.attrs["example"]) for _, data in self.results.values()), 0)

    @property
    def provenance(self) -> dict[str, Any]:
        seen = {"language": self.language, "dark": self.look.dark, "example": self.example}
        return {
            **provenance.program(self.study.key),
            "study": self.study.flat(),
            "figure": self.view.kind,
            "view": self.view.flat(),
            **seen,
            **({} if self.time is None else {"time": self.time}),
            **({"pinned": self.pinned.study.flat()} if self.pinned else {}),
        }


def plain(marked: str) -> str:
    """A figure's text without <i>, <sub>, <sup> and entities."""
    return html.unescape(re.sub(r"<[^>]*>", "", marked))
