"""Lesson 6; what is in it stands in ui/lessons/vanilla_rnn.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.vanilla_rnn import VanillaRnnLesson

lesson_page(VanillaRnnLesson)
