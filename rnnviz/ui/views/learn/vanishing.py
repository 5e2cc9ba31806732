"""Lesson 10; what is in it stands in ui/lessons/vanishing.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.vanishing import VanishingLesson

lesson_page(VanishingLesson)
