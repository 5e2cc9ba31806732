"""Lesson 4; what is in it stands in ui/lessons/latent_model.py."""

from rnnviz.ui.lesson_page import lesson_page
from rnnviz.ui.lessons.latent_model import LatentModelLesson

lesson_page(LatentModelLesson)
