"""Lesson 9; what is in it stands in ui/lessons/backpropagation.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.backpropagation import BackpropagationLesson

lesson_page(BackpropagationLesson)
