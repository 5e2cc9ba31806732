"""The tasks that are there to be learnt: their answers by brute force, their baselines by counting, lengths and masks."""

from __future__ import annotations

import itertools
import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from rnnviz.content import UnreadableContent
from rnnviz.engine import run
from rnnviz.experiment import Experiment, LossAtEvery, LossAtLast, LossAtStep
from rnnviz.streams import Examples
from rnnviz.tasks import (
    SHAPES,
    TASKS,
    Adding,
    BracketDepth,
    Copying,
    DelayedRecall,
    Digits,
    MixedLengths,
    Multiplication,
    Noise,
    OwnSeries,
    Parity,
    Sine,
    Stocks,
    Task,
    TemporalOrder,
    digits,
)
from rnnviz.tasks.brackets import CLOSE, OPEN
from rnnviz.tasks.lengths import EqualLengths, Lengths, inside
from rnnviz.tasks.stocks import returns
from rnnviz.tasks.task import Shape
from rnnviz.text import LANGUAGES, Text

EVERY_TASK = pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.__name__)
seeds = st.integers(0, 2**31 - 1)


def batch(task: Task, seed: int = 0, batch_size: int = 4):
    return task.batch(Examples(seed, batch_size))


# What holds for every task


@EVERY_TASK
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_task_says_what_knowing_nothing_scores_and_its_shape(kind, language):
    task, text = kind(), Text(language)
    assert f"baseline.{task.kind}" in text and f"shape.{task.shape}" in text
    assert 0 <= task.needed_lag < task.sequence_length


def test_all_shapes_of_answers_occur_and_are_listed():
    assert set(get_args(Shape)) == set(SHAPES) == {kind().shape for kind in TASKS}
    assert Sine(visible="first").shape == "one_to_many" and Sine().shape == "aligned"


@EVERY_TASK
def test_a_batch_may_read_on_where_another_ended(kind):
    """Training reads examples 0 … N − 1, then N … 2N − 1: together they are one wider batch."""
    whole, task = batch(kind(), 3, 6), kind()
    parts = [task.batch(Examples(3, 3, first)) for first in (0, 3)]
    for name in ("inputs", "targets"):
        assert torch.equal(getattr(whole, name), torch.cat([getattr(part, name) for part in parts], 1))


LONGER = [
    (DelayedRecall(), 11), (Parity(), 2), (BracketDepth(), 2), (Sine(), 2), (Sine(visible="first"), 2),
]  # fmt: skip


@pytest.mark.parametrize(("task", "shortest"), LONGER, ids=lambda value: getattr(value, "kind", ""))
@given(seed=seeds, data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_longer_sequence_begins_with_the_shorter_one(task, shortest, seed, data):
    long = data.draw(st.integers(shortest, 200))
    short = data.draw(st.integers(shortest, long))
    first, second = (batch(task.model_copy(update={"sequence_length": length}), seed) for length in (short, long))
    assert torch.equal(first.inputs, second.inputs[:short]) and torch.equal(first.targets, second.targets[:short])


@pytest.mark.parametrize("kind", [Adding, Multiplication, TemporalOrder])
def test_where_places_grow_with_the_sequence_what_fills_the_rest_stays(kind):
    """Marks and relevant symbols lie in proportion to T; the stream around them is the same for every length."""
    short, long = (batch(kind(sequence_length=length)).inputs for length in (40, 90))
    if kind is TemporalOrder:
        filler = (short[..., 2:].sum(-1) > 0) & (long[:40, :, 2:].sum(-1) > 0)
        assert filler.sum() > 0.8 * filler.numel() and torch.equal(short[filler], long[:40][filler])
    else:
        assert torch.equal(short[..., 0], long[:40, :, 0])


def test_a_shorter_digit_is_the_upper_part_of_the_whole_one():
    for scan in ("rows", "permuted"):
        few, all_ = (batch(Digits(sequence_length=length, scan=scan)) for length in (20, 64))
        assert torch.equal(few.inputs, all_.inputs[:20]) and torch.equal(few.targets, all_.targets[:20])


# Answers, by brute force


@given(seed=seeds, length=st.integers(2, 60))
@settings(max_examples=30, deadline=None)
def test_multiplication_multiplies_the_marked(seed, length):
    inputs, targets, _ = batch(Multiplication(sequence_length=length), seed)
    for example in range(4):
        marked = [float(number) for number, mark in inputs[:, example] if mark]
        assert len(marked) == 2 and float(targets[-1, example, 0]) == pytest.approx(math.prod(marked), rel=1e-15)
        first = int(inputs[:, example, 1].argmax())
        assert float(targets[first, example, 0]) == float(inputs[first, example, 0])
        assert (targets[:first, example] == 1).all()


@given(seed=seeds, length=st.integers(2, 60), delay=st.integers(1, 80))
@settings(max_examples=30, deadline=None)
def test_recall_says_what_came_some_steps_ago(seed, length, delay):
    task = DelayedRecall(sequence_length=length, delay=delay, symbols=5)
    inputs, targets, _ = batch(task, seed)
    shown, lag = inputs.argmax(-1), min(delay, length - 1)
    assert task.needed_lag == lag
    assert torch.equal(targets[lag:], shown[:-lag]) and (targets[:lag] == 5).all()


@pytest.mark.parametrize("count", [2, 3])
@given(seed=seeds, length=st.integers(10, 150))
@settings(max_examples=30, deadline=None)
def test_temporal_order_asks_which_came_in_which_order(count, seed, length):
    task = TemporalOrder(sequence_length=length, relevant_symbols=count)
    inputs, targets, _ = batch(task, seed)
    shown = inputs.argmax(-1)
    for example in range(4):
        places = (shown[:, example] < 2).nonzero()[:, 0]
        assert len(places) == count
        for place, begin in zip(places.tolist(), task.begin, strict=True):
            assert begin <= place < begin + length // 10
        said = "".join(str(int(shown[place, example])) for place in places)
        assert int(targets[-1, example]) == int(said, 2)  # X = 0, Y = 1
        assert (targets[: places[0], example] == 0).all()
        assert int(targets[places[0], example]) == int(said[0]) * 2 ** (count - 1)
    assert length - task.needed_lag == task.begin[0] + 1


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_parity_counts_the_ones(seed):
    inputs, targets, _ = batch(Parity(sequence_length=50), seed)
    assert set(inputs.flatten().tolist()) <= {-1.0, 1.0}
    for example in range(4):
        ones = list(itertools.accumulate(int(x == 1) for x in inputs[:, example, 0]))
        assert targets[:, example].tolist() == [count % 2 for count in ones]


@given(seed=seeds, deepest=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_brackets_are_counted_and_never_too_deep(seed, deepest):
    inputs, targets, _ = batch(BracketDepth(sequence_length=80, deepest=deepest), seed)
    signs = {OPEN: 1, CLOSE: -1}
    for example in range(4):
        depth = list(itertools.accumulate(signs.get(int(c), 0) for c in inputs[:, example].argmax(-1)))
        assert targets[:, example].tolist() == depth and min(depth) >= 0 and max(depth) <= deepest


def test_the_distribution_of_the_depth_is_that_of_all_sequences():
    """All 3⁵ sequences of letter, up and down with their probabilities, where a wall turns a step round."""
    deepest, length = 2, 5
    totals = np.zeros((length, deepest + 1))
    for moves in itertools.product((0, 1, -1), repeat=length):
        depth, walk = 0, []
        for move in moves:
            turned = 1 if depth == 0 else -1 if depth == deepest else move
            depth += turned if move else 0
            walk.append(depth)
        totals[np.arange(length), walk] += 3.0**-length
    expected = [-sum(p * math.log(p) for p in row if p) for row in totals]
    found = BracketDepth(sequence_length=length, deepest=deepest).baseline()
    assert found.loss.tolist() == pytest.approx(expected, rel=1e-12)
    assert found.accuracy is not None and found.accuracy.tolist() == pytest.approx(totals.max(1).tolist(), rel=1e-12)


@pytest.mark.parametrize("visible", ["every", "first"])
@given(seed=seeds, ahead=st.integers(1, 50), period=st.integers(3, 100))
@settings(max_examples=30, deadline=None)
def test_a_sine_goes_on_as_its_recurrence_says(visible, seed, ahead, period):
    """v_{t+1} = 2 cos ω v_t − v_{t−1}; the error of k such steps grows at most as k² · 2⁻⁵³/sin ω."""
    task = Sine(sequence_length=30, visible=visible, ahead=ahead, period=period)
    inputs, targets, _ = batch(task, seed)
    omega = 2 * math.pi / period
    if visible == "every":
        before, now = (float(v) for v in inputs[:2, 0, 0])
    else:
        assert not inputs[1:].any() and inputs[0].abs().max() <= 1
        before = float(inputs[0, 0, 0])
        now = math.sin(omega + math.asin(before))
    wave = [before, now]
    while len(wave) < 30 + ahead:
        wave.append(2 * math.cos(omega) * wave[-1] - wave[-2])
    near_the_crest = 1e-7 if visible == "first" else 0.0  # asin loses half of the digits there
    tolerance = 80**2 * 2e-16 / abs(math.sin(omega)) + near_the_crest * 80 / abs(math.sin(omega))
    assert targets[:, 0, 0].tolist() == pytest.approx(wave[ahead:], abs=tolerance)


@pytest.mark.parametrize("ahead", [1, 3])
def test_returns_some_weeks_ahead_are_those_weeks(ahead):
    series = returns("GOOG")
    inputs, targets, _ = batch(Stocks(ahead=ahead))
    for example in range(4):
        start = series.index(float(inputs[0, example, 0]))
        assert targets[:, example, 0].tolist() == list(series[start + ahead : start + ahead + 52])


def test_a_parameter_that_came_later_leaves_the_old_keys():
    """The keys that Stocks and OwnSeries had before they could look further ahead."""
    for task in (Stocks(), OwnSeries()):
        assert "ahead" in task.flat() and "ahead" not in task.identity()
        assert task.changed({"ahead": 2}).identity()["ahead"] == 2
        assert task.changed({"ahead": 2}).key != task.key


# Digits


def test_digits_are_the_images_of_scikit_learn():
    """Read by scikit-learn itself; ours come from its file."""
    known = load_digits()
    pixels, classes = digits.digits()
    assert np.array_equal(pixels.numpy() * 16, known.data) and classes.tolist() == known.target.tolist()
    inputs, targets, _ = batch(Digits(), batch_size=8)
    for example in range(8):
        same = (pixels == inputs[:, example, 0]).all(1).nonzero()[:, 0]
        assert len(same) and set(classes[same].tolist()) == {int(targets[0, example])}


def test_a_permuted_digit_has_the_same_pixels_in_one_fixed_order():
    rows, permuted = (batch(Digits(scan=scan)).inputs for scan in ("rows", "permuted"))
    order = Digits(scan="permuted").order()
    assert sorted(order.tolist()) == list(range(64)) and order.tolist() != list(range(64))
    assert torch.equal(rows[order], permuted)


@pytest.mark.parametrize("missing", [{"module": "not_installed"}, {"path": "datasets/not_there.csv.gz"}])
def test_without_the_images_there_is_a_key_and_a_reason(missing):
    table = digits.DIGITS._replace(**missing)
    assert table.fingerprint() == ""
    with pytest.raises(UnreadableContent) as refused:
        table.read()
    assert (refused.value.reason, refused.value.detail) == ("no_source", {"module": "scikit-learn"})


# Baselines, by counting

DRAWN = [
    Adding(sequence_length=15), Multiplication(sequence_length=15), Copying(sequence_length=30), Parity(sequence_length=6),
    DelayedRecall(sequence_length=8, delay=3), TemporalOrder(sequence_length=20), BracketDepth(sequence_length=12),
    TemporalOrder(sequence_length=30, relevant_symbols=3), Noise(sequence_length=3, variance=0.5), Digits(sequence_length=2),
    Sine(sequence_length=12), Sine(sequence_length=12, visible="first", ahead=4),
]  # fmt: skip


@pytest.mark.parametrize("task", DRAWN, ids=lambda task: task.kind)
def test_a_baseline_is_what_always_giving_the_best_answer_scores(task):
    """4 000 examples, every step. Numbers: the sample variance, within five of its standard errors √((m₄ − m₂²)/n).
    Classes: the mean of −ln p̂ over the answers, which is the entropy up to five standard errors and a bias below C/n;
    the share of the commonest class within 5·½/√n."""
    n = 4_000
    targets, expected = batch(task, 1, n).targets, task.baseline()
    for t in range(task.sequence_length):
        if task.judgement == "squared_error":
            spread = (targets[t, :, 0] - targets[t, :, 0].mean()).square()
            error = 5 * float(spread.std()) / math.sqrt(n) + 2 * float(spread.mean()) / n
            assert float(spread.mean()) == pytest.approx(float(expected.loss[t]), abs=error + 1e-12)
        else:
            share = torch.bincount(targets[t], minlength=task.output_size) / n
            surprise = -share[targets[t]].log().double()
            error = 5 * float(surprise.std()) / math.sqrt(n) + task.output_size / n
            assert float(surprise.mean()) == pytest.approx(float(expected.loss[t]), abs=error)
            assert expected.accuracy is not None
            assert float(share.max()) == pytest.approx(float(expected.accuracy[t]), abs=5 * 0.5 / math.sqrt(n))


def test_an_experiments_baseline_is_the_mean_over_what_is_judged():
    task = Copying(sequence_length=40)
    for loss, steps in ((LossAtLast(), [39]), (LossAtStep(step=35), [34]), (LossAtEvery(), range(40))):
        score, by_step = Experiment(task=task, loss=loss).baseline(), task.baseline()
        assert score.loss == pytest.approx(float(np.mean([by_step.loss[t] for t in steps])), rel=1e-12)
        assert score.accuracy == pytest.approx(float(np.mean([by_step.accuracy[t] for t in steps])), rel=1e-12)
    mixed = BracketDepth(sequence_length=9, lengths=MixedLengths(shortest=7))
    expected = np.mean([float(mixed.baseline().loss[end - 1]) for end in (7, 8, 9)])
    assert Experiment(task=mixed).baseline().loss == pytest.approx(expected, rel=1e-12)
    assert Experiment(task=Adding()).baseline().accuracy is None


# Sequences of different length

MIXED = [Parity(sequence_length=30, lengths=MixedLengths(shortest=5)),
         BracketDepth(sequence_length=30, lengths=MixedLengths(shortest=5))]  # fmt: skip
of_mixed = pytest.mark.parametrize("task", MIXED, ids=lambda task: task.kind)


@of_mixed
def test_a_shorter_sequence_is_the_beginning_of_the_whole_one_and_zeros(task):
    whole, cut = batch(task.changed({"lengths": "equal"}), batch_size=200), batch(task, batch_size=200)
    assert whole.lengths is None and cut.lengths is not None
    assert set(cut.lengths.tolist()) == set(task.ends) == set(range(5, 31))  # 26 lengths, 200 examples
    mask = inside(cut.lengths, 30)
    assert torch.equal(cut.inputs[mask], whole.inputs[mask]) and not cut.inputs[~mask].any()
    assert torch.equal(cut.targets, whole.targets)


@of_mixed
@pytest.mark.parametrize("loss", [LossAtLast(), LossAtStep(step=12), LossAtEvery()], ids=lambda loss: loss.kind)
def test_beyond_an_examples_end_the_gradient_is_exactly_zero(task, loss):
    """And within it, it is the gradient of that example alone in a batch of its own length."""
    made = Experiment(task=task, loss=loss, batch_size=8, dtype="float64")
    trace, lengths = run(made).data, batch(task, made.seed, 8).lengths
    for example, end in enumerate(lengths.tolist()):
        gradient = trace.hidden_state_grad.values[0, :, example]
        last = min(end, 12) if loss.kind == "step" else end
        assert not gradient[last:].any() and gradient[last - 1].any()
        assert (trace.state_grad_log10_norm.values[last:, example] == -math.inf).all()
        judged = loss.steps(end)
        assert np.flatnonzero(np.isfinite(trace.loss.values[:, example])).tolist() == [t - 1 for t in judged]
        alone = run(made.changed({"task.lengths": "equal", "task.sequence_length": end})).data
        assert gradient[:end] == pytest.approx(alone.hidden_state_grad.values[0, :, example], rel=1e-10, abs=1e-300)


def test_a_shortest_sequence_beyond_the_longest_means_the_longest():
    task = Parity(sequence_length=8, lengths=MixedLengths(shortest=50))
    assert task.ends == range(8, 9) and batch(task).lengths.tolist() == [8] * 4
    assert issubclass(EqualLengths, Lengths) and Parity().ends == range(100, 101)
