"""Lesson 1; what is in it stands in ui/lessons/sequence_data.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.sequence_data import SequenceDataLesson

lesson_page(SequenceDataLesson)
