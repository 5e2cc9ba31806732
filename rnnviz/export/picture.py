"""A figure on its way into a file: what it shows, of what, in which language and look."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rnnviz.experiment import Study
from rnnviz.export import provenance
from rnnviz.figures import AnyFigure, FigureDict, GradientFlow, Look, Results
from rnnviz.text import Text

WIDTH, HEIGHT, GRID_HEIGHT = 1200, 675, 900  # CSS pixels; an overlay fills a slide of 16:9


@dataclass(frozen=True)
class Picture:
    """A figure with its options, the study it shows and that study's results."""

    view: AnyFigure
    study: Study
    results: Results
    text: Text = field(default_factory=Text)
    look: Look = field(default_factory=Look)

    @cached_property
    def figure(self) -> FigureDict:
        return self.view(self.results, self.text, self.look)

    @property
    def size(self) -> tuple[int, int]:
        grid = isinstance(self.view, GradientFlow) and self.view.arrangement == "grid"
        return WIDTH, GRID_HEIGHT if grid else HEIGHT

    @property
    def title(self) -> str:
        return plain(self.figure["layout"]["title"]["text"])

    @property
    def reading(self) -> str:
        """What is seen in the figure, without the marks that the page sets in bold."""
        return self.view.reading(self.results, self.text).replace("**", "")

    @property
    def provenance(self) -> dict[str, Any]:
        drawn = {"figure": self.view.kind, "view": self.view.flat(), "language": self.text.language}
        return {**provenance.program(self.study.key), "study": self.study.flat(), **drawn}


def plain(marked: str) -> str:
    """A figure's text without <i>, <sub>, <sup> and entities."""
    return html.unescape(re.sub(r"<[^>]*>", "", marked))
