"""Lessons: one file each, in the order of the notes. To add one: write its file, name it in LESSONS."""

from rnnviz.ui.lessons.lesson import Lesson
from rnnviz.ui.lessons.sequence_data import SequenceDataLesson
from rnnviz.ui.lessons.vanishing import VanishingLesson

LESSONS: tuple[type[Lesson], ...] = (
    SequenceDataLesson,
    VanishingLesson,
)
NAMES = tuple(lesson.model_fields["kind"].default for lesson in LESSONS)

__all__ = ["LESSONS", "NAMES", "Lesson"]
