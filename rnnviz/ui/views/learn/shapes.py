"""Lesson 7; what is in it stands in ui/lessons/shapes.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.shapes import ShapesLesson

lesson_page(ShapesLesson)
