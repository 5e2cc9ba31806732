"""Lesson 11, LSTM and GRU: their questions' answers, the numbers that they say, and what their links show."""

from __future__ import annotations

import pytest

from rnnviz.figures import Look
from rnnviz.text import Text
from rnnviz.ui.lessons import NAMES
from rnnviz.ui.lessons.gru import GruLesson
from rnnviz.ui.lessons.lstm import LstmLesson
from tests.ui.test_lessons import found_of, numbers

TEXT = Text("en")


def drawing(record: LstmLesson | GruLesson) -> str:
    """All words of the drawing."""
    part = record.parts()[0]
    figure = part.figures[0](found_of(part), TEXT, Look())  # type: ignore[operator, arg-type]
    return " ".join(note["text"] for note in figure["layout"]["annotations"])


def test_the_right_answers_are_what_the_equations_force() -> None:
    """c_0 acts through f alone and y sees h alone; PyTorch's z = 1 keeps the state: whatever the weights."""
    for record, right in ((LstmLesson.start(), "input_gate"), (GruLesson.start(), "stays")):
        assert record.right(numbers(record)) == right


def test_lesson_11_says_rows_6_and_8() -> None:
    """Row 6: f and f^20 for b_f = 0, 1, 3, 5. Row 8: one step by hand, six digits."""
    said = numbers(LstmLesson.start())
    assert [said[f"gate_{bias}"] for bias in (0, 1, 3, 5)] == ["0.5", "0.731059", "0.952574", "0.993307"]
    assert [said[f"kept_{bias}"] for bias in (0, 1, 3, 5)] == ["9.5367 × 10⁻⁷", "0.0019013", "0.37842", "0.87432"]
    by_hand = ("forget_gate", "input_gate", "candidate", "output_gate", "cell_state", "hidden_state")
    assert [said[f"hand_{name}"] for name in by_hand] == [
        "0.880797", "0.268941", "−0.761594", "0.268941", "0.675973", "0.158378",
    ]  # fmt: skip


def test_lesson_11_says_row_7() -> None:
    """Row 7: the direct path of this unit is ∏ z; with z held at 0.9 and the reset shut it is 0.9^20 = 0.121577."""
    held = GruLesson.start().changed({"inside.opened.held_z.held_at": "0.9", "inside.opened.held_r.held_at": "0"})
    said = numbers(held)
    assert float(said["product"]) == pytest.approx(0.9**20, rel=1e-10)
    assert float(said["all_grad"]) == pytest.approx(float(said["direct_grad"]), abs=1e-10)


def test_the_drawing_shows_the_unit_the_step_and_what_is_held() -> None:
    by_hand = LstmLesson.start().changed({"inside.opened.network": "by_hand", "cell_step": 1})
    words = drawing(by_hand)  # row 8, to three decimals; its one unit stands for whatever unit was chosen
    assert all(f"<b>{number}</b>" in words for number in ("0.881", "0.269", "−0.762", "0.676", "0.158"))
    assert "held" not in words
    shut = drawing(LstmLesson.start().changed({"inside.opened.held_o.held_at": "0"}))
    assert shut.count("held") == 1 and "<i>o</i><br><b>0.000</b>" in shut


def test_one_number_for_two_pages() -> None:
    """The contents list the GRU as the lesson 11 that goes on, right after the LSTM; its answer has a number of its own."""
    assert NAMES.index("gru") == NAMES.index("lstm") + 1 and GruLesson.number != LstmLesson.number
    assert LstmLesson.heading(TEXT).startswith("11 · ") and GruLesson.heading(TEXT).startswith("11 continued · ")
