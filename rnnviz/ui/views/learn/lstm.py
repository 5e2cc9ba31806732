"""Lesson 11; what is in it stands in ui/lessons/lstm.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.lstm import LstmLesson

lesson_page(LstmLesson)
