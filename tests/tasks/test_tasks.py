"""Every task: the laws of a batch, what a model that has learnt nothing scores, and what cannot be read."""

from __future__ import annotations

import math
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz import content
from rnnviz.choice import InvalidParameter, Range
from rnnviz.content import MissingContent, UnreadableContent
from rnnviz.engine import run
from rnnviz.engine.network import judge
from rnnviz.experiment import Experiment, LossAtEvery, Study
from rnnviz.streams import Examples
from rnnviz.tasks import TASKS, Adding, Characters, Copying, Noise, OwnSeries, OwnText, Stocks, Task
from rnnviz.tasks import characters as source_code
from rnnviz.tasks.characters import ALPHABET, OTHER, classes, source
from rnnviz.tasks.copying import BLANK, GO, SYMBOLS
from rnnviz.tasks.own_series import COLUMNS, ROWS, columns_of, numeric, read, series
from rnnviz.tasks.own_text import LETTERS, SAMPLE, encoded, readable
from rnnviz.tasks.stocks import PRICES, RETURNS, returns
from rnnviz.tasks.windows import standardised, starts
from rnnviz.text import LANGUAGES, Text

EVERY_TASK = pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.__name__)
seeds = st.integers(0, 2**31 - 1)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNVIZ_CONTENT", str(tmp_path))


def batch(task: Task, seed: int = 0, batch_size: int = 4):
    return task.batch(Examples(seed, batch_size))


def upload(text: str | bytes) -> str:
    return content.put(text if isinstance(text, bytes) else text.encode())


# What holds for every task


@EVERY_TASK
def test_a_batch_has_the_declared_shapes(kind):
    task, n = kind(), 3
    inputs, targets, lengths = batch(task, batch_size=n)
    assert lengths is None
    assert inputs.shape == (task.sequence_length, n, task.input_size) and inputs.dtype == torch.float64
    assert torch.isfinite(inputs).all()
    if task.judgement == "cross_entropy":
        assert targets.shape == (task.sequence_length, n) and targets.dtype == torch.int64
        assert targets.min() >= 0 and targets.max() < task.output_size
    else:
        assert targets.shape == (task.sequence_length, n, task.output_size) and targets.dtype == torch.float64


@EVERY_TASK
@given(seed=seeds, narrow=st.integers(1, 4), more=st.integers(0, 4))
@settings(max_examples=20, deadline=None)
def test_a_wider_batch_contains_the_narrower_one(kind, seed, narrow, more):
    few, many = batch(kind(), seed, narrow), batch(kind(), seed, narrow + more)
    assert torch.equal(few.inputs, many.inputs[:, :narrow]) and torch.equal(few.targets, many.targets[:, :narrow])


@pytest.mark.parametrize(
    ("kind", "longest"),
    [(Noise, 300), (Characters, 9_800), (Stocks, RETURNS // 2), (OwnText, len(SAMPLE.decode()) // 2), (OwnSeries, 200)],
    ids=lambda value: getattr(value, "__name__", ""),
)
@given(seed=seeds, data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_longer_sequence_begins_with_the_shorter_one(kind, longest, seed, data):
    long = data.draw(st.integers(2, longest))
    short = data.draw(st.integers(2, long))
    first, second = (batch(kind(sequence_length=length), seed) for length in (short, long))
    assert torch.equal(first.inputs, second.inputs[:short]) and torch.equal(first.targets, second.targets[:short])


@EVERY_TASK
def test_no_task_touches_the_random_numbers_of_others(kind):
    before = torch.random.get_rng_state()
    batch(kind())
    assert torch.equal(before, torch.random.get_rng_state())


@EVERY_TASK
def test_a_task_survives_the_way_through_a_link(kind):
    assert kind.from_flat(kind().flat()) == kind()


@EVERY_TASK
def test_the_engine_runs_every_task(kind):
    experiment = Experiment(task=kind(sequence_length=40), loss=LossAtEvery(), batch_size=2)
    assert math.isfinite(float(run(experiment, record=["loss"]).data["loss"].mean()))


def test_the_tasks_import_no_library_of_figures_or_tables():
    heavy = (
        "{m.partition('.')[0] for m in sys.modules} & {'plotly', 'pandas', 'xarray', 'streamlit', 'scipy', 'sklearn'}"
    )
    program = (
        f"import sys, rnnviz.tasks as t; t.Stocks().key; t.Digits().key; t.Characters().key; print({heavy} or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"


# Adding


def test_always_answering_one_in_the_adding_problem_costs_a_sixth():
    """NUMBERS row 25. With S the sum of two U(0, 1): E(S−1)² = 1/6, E(S−1)⁴ = ∫x⁴(1−|x|)dx = 1/15, so one example
    scatters by √(1/15 − 1/36) and the mean of n by √n less; five of those are one failure in 1.7 million seeds."""
    n = 20_000
    answers = batch(Adding(sequence_length=10), batch_size=n).targets[-1]
    cost = judge(torch.ones_like(answers)[None], answers[None], "squared_error").mean()
    assert cost == pytest.approx(1 / 6, abs=5 * math.sqrt((1 / 15 - 1 / 36) / n))


# Copying


@pytest.mark.parametrize(("delay", "published"), [(100, 0.173287), (200, 0.094520), (500, 0.039989)])
def test_knowing_only_when_to_speak_costs_what_arjovsky_says(delay, published):
    """NUMBERS row 27: certain of the blank, then uniform over 8 symbols in the last K of T + 2K steps."""
    task = Copying(sequence_length=delay + 20)
    targets = batch(task).targets
    certain_of_blank = torch.full((SYMBOLS + 1,), -math.inf)
    certain_of_blank[BLANK] = 0.0
    logits = certain_of_blank.repeat(*targets.shape, 1)
    logits[-10:] = torch.where(torch.arange(SYMBOLS + 1) == BLANK, -math.inf, 0.0)
    cost = float(judge(logits.double(), targets, "cross_entropy").mean())
    assert cost == pytest.approx(10 * math.log(8) / (delay + 20), rel=1e-12)
    assert cost == pytest.approx(published, abs=5e-7)


@given(length=st.integers(30, 200), k=st.integers(1, 10), seed=seeds)
@settings(max_examples=50, deadline=None)
def test_copying_shows_the_symbols_waits_gives_the_sign_and_asks_for_them(length, k, seed):
    inputs, targets, _ = batch(Copying(sequence_length=length, remember=k), seed)
    assert torch.equal(inputs.sum(-1), torch.ones(inputs.shape[:2], dtype=torch.float64))
    shown = inputs.argmax(-1)
    assert (shown[:k] < SYMBOLS).all() and torch.equal(shown[:k], targets[-k:])
    assert (shown[-k - 1] == GO).all() and (targets[:-k] == BLANK).all()
    assert (shown[k : -k - 1] == BLANK).all() and (shown[-k:] == BLANK).all()


def test_copying_keeps_its_symbols_when_it_waits_longer_or_remembers_more():
    sizes = ((50, 4), (50, 7), (90, 4))
    few, more, longer = (batch(Copying(sequence_length=t, remember=k)).inputs.argmax(-1) for t, k in sizes)
    assert torch.equal(few[:4], more[:4]) and torch.equal(few[:4], longer[:4])


def test_copying_needs_room_for_its_wait():
    with pytest.raises(
        InvalidParameter, match="sequence_length must be a whole number from 30 to 10000 time steps; got 29"
    ):
        Copying(sequence_length=29)


# Windows


@given(size=st.integers(3, 50_000), data=st.data(), seed=seeds)
@settings(max_examples=100, deadline=None)
def test_a_window_never_leaves_the_data(size, data, seed):
    length = data.draw(st.integers(2, min(size - 1, 10_000)))
    begin = starts(Examples(seed, 8), size, length)
    assert begin.min() >= 0 and begin.max() + length + 1 <= size


@given(st.lists(st.floats(-1e308, 1e308), min_size=2, max_size=50).filter(lambda values: min(values) < max(values)))
def test_standardised_numbers_have_mean_0_and_variance_1(values):
    """Rounding of the mean is about 1e-16 of the largest value, which the deviation may be many times smaller than."""
    result = standardised(values)
    largest = max(map(abs, values))
    spread = (max(values) / largest - min(values) / largest) / 2
    assert math.fsum(result) / len(result) == pytest.approx(0, abs=1e-14 / spread)
    assert math.fsum(v * v for v in result) / len(result) == pytest.approx(1, abs=1e-14 / spread)


# Characters


def test_characters_read_on_in_the_source_of_python():
    inputs, targets, _ = batch(Characters(sequence_length=500))
    letters = ALPHABET + "?"
    for example in range(4):
        read_ = "".join(letters[c] for c in inputs[:, example].argmax(-1))
        answered = "".join(letters[c] for c in targets[:, example])
        assert read_[1:] == answered[:-1]
        assert read_ + answered[-1] in source("textwrap")


def test_characters_outside_the_alphabet_are_one_class():
    assert classes("a é가\t").tolist() == [ALPHABET.index("a"), ALPHABET.index(" "), OTHER, OTHER, OTHER]
    assert Characters().input_size == 97


def test_the_key_follows_the_text_and_the_link_does_not(monkeypatch):
    here, study = Experiment(task=Characters()), Study(base=Experiment(task=Characters()))
    keys, link = (here.key, study.key, here.task.key), here.flat()
    monkeypatch.setattr(source_code, "fingerprint_of", lambda module: "another Python")
    assert all(now != before for now, before in zip((here.key, study.key, here.task.key), keys, strict=True))
    assert here.flat() == link and Experiment.from_flat(link) == here


def test_what_reads_nothing_from_outside_has_only_words_in_its_key():
    assert Experiment().identity().items() <= Experiment().flat().items()


@pytest.mark.parametrize("module", ["argparse", "difflib", "json", "random", "statistics", "textwrap", "library"])
def test_every_module_is_long_enough_for_every_sequence(module):
    """About 20 000 characters: then a sequence begins with every shorter one, up to nearly 10 000."""
    text = source(module)
    assert len(text) > 19_000 and Characters(module=module).fingerprint() == content.hash_of(text.encode())


def test_a_library_without_sources_has_a_key_and_a_reason():
    assert source_code.fingerprint_of("sys") == ""
    with pytest.raises(UnreadableContent, match="no_source"):
        source("sys")


def test_the_unigram_predictor_scores_the_unigram_entropy():
    """NUMBERS row 28a: −Σ p log p over the text, from counting, equals the mean loss of logits log p on that text."""
    text = source("textwrap")
    entropy = -sum(n / len(text) * math.log(n / len(text)) for n in Counter(text).values())
    targets = classes(text)
    logits = (torch.bincount(targets, minlength=OTHER + 1).double() / len(text)).log()
    loss = judge(logits.repeat(len(text), 1, 1), targets[:, None], "cross_entropy").mean()
    assert float(loss) == pytest.approx(entropy, rel=1e-12)


# Stocks


def test_returns_are_those_of_the_prices():
    rows = [line.split(",") for line in PRICES.read().decode().splitlines()]
    column = rows[0].index("NFLX")
    prices = [float(row[column]) for row in rows[1:]]
    raw = torch.tensor([math.log(b / a) for a, b in pairwise(prices)], dtype=torch.float64)
    expected = (raw - raw.mean()) / raw.std(correction=0)
    assert len(raw) == RETURNS
    torch.testing.assert_close(torch.tensor(returns("NFLX"), dtype=torch.float64), expected, rtol=0, atol=1e-12)


def test_a_window_of_stocks_answers_with_the_next_week():
    inputs, targets, _ = batch(Stocks(company="AAPL"))
    assert torch.equal(inputs[1:], targets[:-1])
    whole = batch(Stocks(company="AAPL", sequence_length=103))
    assert (*whole.inputs[:, 0, 0].tolist(), float(whole.targets[-1, 0, 0])) == returns("AAPL")


def test_stocks_refuse_more_weeks_than_there_are():
    with pytest.raises(
        InvalidParameter, match="sequence_length must be a whole number from 2 to 103 time steps; got 104"
    ):
        Stocks(sequence_length=104)


# Own text

KOREAN = "기울기는 시점을 거슬러 올라가며 조금씩 작아집니다. " * 20


def test_a_korean_text_is_read_character_by_character():
    task = OwnText(sha256=upload("\ufeff" + KOREAN), sequence_length=30)
    alphabet = encoded(task.sha256).alphabet
    assert alphabet[0] == " " and set(alphabet) == set(KOREAN) and task.input_size == len(set(KOREAN)) + 1
    inputs, targets, _ = batch(task)
    read_ = "".join(alphabet[c] for c in inputs[:, 0].argmax(-1)) + alphabet[targets[-1, 0]]
    assert read_ in KOREAN


def test_syllables_in_three_parts_are_one_character():
    taken_apart = unicodedata.normalize("NFD", KOREAN)
    assert encoded(upload(taken_apart)).alphabet == encoded(upload(KOREAN)).alphabet


def test_rare_characters_share_one_class():
    text = "".join(chr(0xAC00 + i) * (300 - i) for i in range(300))
    alphabet, codes = encoded(upload(text))
    assert alphabet == "".join(chr(0xAC00 + i) for i in range(LETTERS))
    assert codes.count(LETTERS) == sum(300 - i for i in range(LETTERS, 300))


def test_line_ends_of_every_system_are_one_character():
    lines = [f"line {i} of a text" for i in range(40)]
    assert len({encoded(upload(end.join(lines))) for end in ("\n", "\r\n", "\r")}) == 1


def test_a_text_names_the_longest_sequence_that_fits():
    sha256 = upload("abcdefghij" * 40)
    assert batch(OwnText(sha256=sha256, sequence_length=399)).inputs.shape[0] == 399
    with pytest.raises(InvalidParameter) as refused:
        batch(OwnText(sha256=sha256, sequence_length=400))
    assert refused.value.path == "sequence_length" and refused.value.domain == Range(2, 399, unit="time steps")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"too short", "short_text"), ("한글".encode("cp949") * 300, "not_utf8"), (b"a\0" * 300, "binary")],
)
def test_what_is_no_text_says_why(data, reason):
    with pytest.raises(UnreadableContent) as refused:
        batch(OwnText(sha256=upload(data)))
    assert refused.value.reason == reason


# Composing 200 kB of such a text takes ten seconds, and the time grows with the square of the length.
@pytest.mark.parametrize("marks", ["\u0315\u0300\u05ae", "\u0f73", "\u0300"])
def test_a_heap_of_marks_is_refused_at_once(marks):
    data = ("first line\na" + marks * (4_900_000 // len(marks.encode()))).encode()
    began = time.perf_counter()
    with pytest.raises(UnreadableContent) as refused:
        readable(data)
    assert time.perf_counter() - began < 2  # 0.1 s alone on a machine
    assert (refused.value.reason, refused.value.detail) == ("too_many_marks", {"row": 2, "limit": 30})


def test_as_many_marks_as_unicode_allows_are_read():
    text = ("e" + "\u0301\u0316" * 15 + "각\u1112\u1161\u11ab") * 300
    assert readable(text.encode()) == unicodedata.normalize("NFC", text)
    with pytest.raises(UnreadableContent, match="too_many_marks"):
        readable((text + "e" + "\u0301" * 31).encode())


@pytest.mark.parametrize("kind", [OwnText, OwnSeries])
def test_an_upload_of_another_machine_is_missed_by_name(kind):
    task = kind(sha256="0" * 64)  # it can be declared, linked to and given a key without the file
    assert kind.from_flat(task.flat()) == task and task.key
    with pytest.raises(MissingContent) as refused:
        batch(task)
    assert refused.value.sha256 == "0" * 64


@pytest.mark.parametrize("word", ["", "0" * 63, "../../etc/passwd", "0" * 64 + "\n", "G" * 64])
def test_only_a_hash_can_name_an_upload(word):
    with pytest.raises(InvalidParameter):
        OwnText(sha256=word)


# Own series

NUMBERS = [math.sin(i) for i in range(40)]


def csv_of(*columns: object, header: str = "", delimiter: str = ",", end: str = "\n") -> bytes:
    rows = [delimiter.join(map(str, row)) for row in zip(*columns, strict=True)]
    return end.join([header, *rows] if header else rows).encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_numeric_columns_are_found_by_name(delimiter, end):
    days = [f"2024-01-{i}" for i in range(40)]
    header = delimiter.join(["날짜", "기온", "메모", "높이"])
    data = b"\xef\xbb\xbf" + csv_of(days, NUMBERS, days, range(40), header=header, delimiter=delimiter, end=end)
    assert columns_of(data) == ("기온", "높이")
    expected = torch.tensor(standardised(NUMBERS), dtype=torch.float64)
    torch.testing.assert_close(torch.tensor(series(upload(data), "기온"), dtype=torch.float64), expected)


def test_columns_without_names_are_called_by_their_places():
    assert columns_of(csv_of(range(40), NUMBERS)) == ("1", "2")
    assert columns_of(csv_of(range(40), NUMBERS, NUMBERS, NUMBERS, header="a,,b,b")) == ("a", "2", "3", "4")


@given(st.lists(st.text(max_size=80), min_size=1, max_size=8))
def test_every_name_of_a_column_can_be_linked_to(header):
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in header)
    data = (quoted + "\n" + "\n".join(",".join(str(i) for _ in header) for i in range(40))).encode("utf-8", "ignore")
    try:
        names = columns_of(data)
    except UnreadableContent:
        return
    assert len(set(names)) == len(names)
    assert all(OwnSeries(column=name).column == name for name in names)


def test_gaps_are_dropped_at_the_ends_and_refused_inside():
    at_the_ends = ["", "NaN", *NUMBERS, "n/a"]
    days = range(len(at_the_ends))
    assert len(series(upload(csv_of(days, at_the_ends, header="day,v")), "v")) == len(NUMBERS)
    inside = [*NUMBERS[:3], "", *NUMBERS[3:]]
    with pytest.raises(UnreadableContent) as refused:
        series(upload(csv_of(range(41), inside, header="day,v")), "v")
    assert (refused.value.reason, refused.value.detail) == ("missing_values", {"column": "v", "row": 5})


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "=1+1", "1_000", "1,5", "@SUM(A1)", "12 kg", "true"])
def test_a_column_with_anything_but_numbers_is_no_column(cell):
    data = csv_of(range(41), [*NUMBERS, f'"{cell}"'], header="day,v")
    assert columns_of(data) == ("day",)
    with pytest.raises(InvalidParameter, match="column must be one of day; got 'v'"):
        series(upload(data), "v")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no_rows"),
        (b"\n\n\n", "no_rows"),
        (b" ", "no_rows"),
        (b"\xef\xbb\xbf", "no_rows"),
        (b"a,b\n", "no_rows"),
        (b"a,b\r\n\r\n", "no_rows"),
        (b"a,b\nx,y\n", "no_numbers"),
        (b"v\n1\ninf\n", "no_numbers"),
        (b"1," * 2_400_000, "long_line"),  # one line, millions of columns
        (b"," * 5_000_000, "long_line"),
        (b"1\n" + b"1," * 2_400_000, "long_line"),
        (b'"' * 200_000, "long_line"),
        (b'"\n' * 50_001, "malformed"),
        (b'v\n"' + b"1\n" * 90_000, "malformed"),
        (b"1\n" * 200_000, "too_many_rows"),
        (b",".join([b"1"] * (COLUMNS + 1)) + b"\n", "too_many_columns"),
        (b"a,b\n1,2\n3\n", "uneven_rows"),
        (b"\xff\xfe1\x00", "binary"),
        ("값\n1\n".encode("cp949"), "not_utf8"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_table_is_refused_with_its_reason(data, reason):
    with pytest.raises(UnreadableContent) as refused:
        columns_of(data)
    assert refused.value.reason == reason


def test_a_full_table_is_still_read():
    wide = csv_of(*[NUMBERS] * COLUMNS)
    assert len(columns_of(wide)) == COLUMNS
    assert len(numeric(read(b"1\n" * ROWS))["1"]) == ROWS


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_limits_of_a_table_are_said_where_it_is_uploaded(language):
    words = Text(language)("page.upload_series_help")
    assert f"{content.FILE_LIMIT / 1e6:.0f} MB" in words
    assert str(COLUMNS) in words and f"{ROWS:,}".replace(",", " ") in words


@pytest.mark.parametrize(("values", "reason"), [(range(29), "short_series"), ([7] * 40, "constant")])
def test_a_column_without_enough_in_it_is_refused(values, reason):
    with pytest.raises(UnreadableContent) as refused:
        series(upload(csv_of(values, header="v")), "v")
    assert refused.value.reason == reason


@given(st.binary(max_size=400) | st.text(alphabet='0123456789.,;\t\n"-e=naNif\r ', max_size=400).map(str.encode))
@settings(max_examples=300)
def test_no_bytes_at_all_raise_anything_else(data):
    try:
        names = columns_of(data)
    except UnreadableContent:
        return
    assert 1 <= len(names) <= COLUMNS


def test_a_series_names_the_longest_sequence_that_fits():
    sha256 = upload(csv_of(NUMBERS, header="v"))
    assert batch(OwnSeries(sha256=sha256, column="v", sequence_length=39)).inputs.shape[0] == 39
    with pytest.raises(InvalidParameter, match="must be a whole number from 2 to 39 time steps; got 40"):
        batch(OwnSeries(sha256=sha256, column="v", sequence_length=40))
    with pytest.raises(InvalidParameter, match="must be a whole number from 1 to 38 time steps; got 45"):
        batch(OwnSeries(sha256=sha256, column="v", sequence_length=2, ahead=45))


def test_the_samples_are_the_same_on_every_machine():
    """The defaults are part of links: if one of these changes, links that name no upload change their meaning."""
    assert OwnText().sha256.startswith("3b29380f130c0cda")
    assert OwnSeries().sha256.startswith("fe1424aedd0b289a")
