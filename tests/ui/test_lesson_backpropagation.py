"""Lesson 9: what its words say is what is measured, and its verdict follows the gates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnviz.text import Text
from rnnviz.ui.lessons.backpropagation import BackpropagationLesson, in_red
from rnnviz.ui.lessons.lesson import Lesson
from rnnviz.ui.lessons.prose import over_lines, said, settings_in
from tests.ui.test_lessons import numbers

START = BackpropagationLesson.start()


def test_the_verdict_is_measured():
    assert START.right(numbers(START)) == "vanilla"
    closed = START.changed({"cost.opening": 0.0, "cost.sequence_length": 40, "truncation_length": 1})
    assert closed.right(numbers(closed)) == "same"  # one step alone is wrong for both


def test_row_9_is_said_where_its_link_leads():
    """dL/dλ = .264, and .072 truncated at one step: the numbers of the text after its own link."""
    links = settings_in(Text("en")("lesson.backpropagation.look"))
    (link,) = (link for link in links if "unrolled_steps=2" in link and "drawing.truncation_length=1" in link)
    there = numbers(START.changed(dict(word.split("=") for word in link.split("&"))))  # type: ignore[arg-type]
    assert (there["whole"], there["by_autograd"], there["cut"], there["cut_at_once"]) == (
        "0.264",
        "0.264",
        "0.072",
        "0.072",
    )
    assert there["shares"] == "0.192 + 0.072"


def test_the_formula_holds_the_factors_of_the_drawing():
    formula = said(START, "formula", Text("en"), numbers(START))
    assert r"\textcolor{red}{0.8} \cdot \textcolor{red}{0.8} \cdot \textcolor{red}{0.8} \\ &= 0.512" in formula
    assert in_red(np.array([1.0, -1.25])) == ["1", r"\textcolor{red}{(−1.25)}"]


@pytest.mark.parametrize("mapped", ["elman", "lstm"])
def test_truncation_leaves_what_is_inside_the_window_as_it_was(mapped: str) -> None:
    """The state at the window's edge is heard as before: the map is the same at every τ, the veil alone moves."""
    record: Lesson = START.changed({"mapped": mapped, "cost.sequence_length": 40})
    near, far = (numbers(record.changed({"truncation_length": tau})) for tau in (8, 40))
    assert near["first"] == far["first"] == far["edge"]
    assert (near["edge_lag"], far["edge_lag"], far["first_lag"]) == (7, 39, 39)
    assert float(near["edge"]) <= 0 and math.isfinite(float(near["edge"]))


def test_a_long_sum_goes_on_in_further_lines() -> None:
    assert over_lines(["a", "b", "c"], "+", 2) == r"a + b \\ &\quad + c"
    assert over_lines(["a", "b"], "+", 2) == "a + b"
