"""Lesson 2; what is in it stands in ui/lessons/naive_model.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.naive_model import NaiveModelLesson

lesson_page(NaiveModelLesson)
