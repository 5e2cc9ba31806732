"""Every row of the benchmark can be computed: what it measures is not judged here, a broken one would pass unseen."""

from __future__ import annotations

import math

import pytest

from benchmarks import gradients, grid, jacobians, long_sequences, products, spectra, timing, training
from rnnviz.engine import training as trainer

ONE_PROCESS = (gradients, grid, jacobians, long_sequences, products, spectra, training)  # the page has tests of its own


def once(first, second, **durations):
    taken = [timing.timed(work) for work in (first, second)]
    return timing.Race(*taken, taken[0] / taken[1])


@pytest.mark.parametrize("section", ONE_PROCESS, ids=lambda module: module.__name__)
def test_every_row_is_computed(section, monkeypatch):
    monkeypatch.setattr(section, "race", once)
    drawn = trainer.draw_batch
    rows = list(section.rows())
    assert len({row.name for row in rows}) > 2
    assert all(math.isfinite(row.ratio) for row in rows)
    assert trainer.draw_batch is drawn  # what a section changes it puts back
    for row in rows:
        if "error" in row.name or "difference" in row.name:  # no matter of time, so it is judged
            assert row.ratio <= row.goal, row.name


def test_a_row_says_whether_its_goal_is_met():
    assert " met" in str(timing.Row("faster", 2.0, 1.5, larger_is_better=True))
    assert " met" in str(timing.Row("slower", 1.0, 1.5))
    assert "NOT MET" in str(timing.Row("faster", 1.0, 1.5, larger_is_better=True))
    assert "NOT MET" in str(timing.Row("slower", 2.0, 1.5))
    assert "met" not in str(timing.Row("to be known", 2.0)).lower()
