"""Lesson 5; what is in it stands in ui/lessons/language_models.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.language_models import LanguageModelsLesson

lesson_page(LanguageModelsLesson)
