"""Lesson 8; what is in it stands in ui/lessons/hello.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.hello import HelloLesson

lesson_page(HelloLesson)
