"""Lesson 11 continued; what is in it stands in ui/lessons/gru.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.gru import GruLesson

lesson_page(GruLesson)
