"""Lesson 12; what is in it stands in ui/lessons/gates_help.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.gates_help import GatesHelpLesson

lesson_page(GatesHelpLesson)
