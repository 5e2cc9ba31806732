"""Lesson 3; what is in it stands in ui/lessons/autoregressive.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.autoregressive import AutoregressiveLesson

lesson_page(AutoregressiveLesson)
