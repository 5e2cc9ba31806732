"""Lesson 13; what is in it stands in ui/lessons/one_unit.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.one_unit import OneUnitLesson

lesson_page(OneUnitLesson)
