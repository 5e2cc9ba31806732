"""Lessons: one file each, in the order of the notes. To add one, from the bottom up, as far as it needs each floor:

    baselines/<model>.py                 plain functions on arrays: fit, forecast, score (no choice, no list)
    demonstrations/<name>.py             a Demonstration: parameters and compute(tick) -> Dataset; named in DEMONSTRATIONS
    figures/demonstrations/<name>.py     a DemonstrationFigure that `draws` it; named in DEMONSTRATION_FIGURES
    ui/lessons/<name>.py                 a Lesson: what can be set, parts, numbers, right; named in LESSONS, by its number
    ui/views/learn/<name>.py             three lines that open it
    text/{en,ko}/lesson_<name>.toml      all its words: the lesson's, its parameters', its figures', its own terms'

A lesson about a network needs no demonstration: its part asks a Study, and figures of `figures/` draw the answer. The
page, the link, the controls, the table of contents, what can be taken home, the command line and the tests of
tests/ui/test_lessons.py and tests/demonstrations follow from the lists.
"""

from rnnviz.ui.lessons.autoregressive import AutoregressiveLesson
from rnnviz.ui.lessons.latent_model import LatentModelLesson
from rnnviz.ui.lessons.lesson import Lesson
from rnnviz.ui.lessons.naive_model import NaiveModelLesson
from rnnviz.ui.lessons.one_unit import OneUnitLesson
from rnnviz.ui.lessons.sequence_data import SequenceDataLesson
from rnnviz.ui.lessons.vanishing import VanishingLesson

LESSONS: tuple[type[Lesson], ...] = (
    SequenceDataLesson,
    NaiveModelLesson,
    AutoregressiveLesson,
    LatentModelLesson,
    VanishingLesson,
    OneUnitLesson,
)
NAMES = tuple(lesson.model_fields["kind"].default for lesson in LESSONS)

__all__ = ["LESSONS", "NAMES", "Lesson"]
