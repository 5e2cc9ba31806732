"""What is true of each character, against texts marked by hand and against Python's own parser."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from rnnviz.tasks.characters import source
from rnnviz.tasks.python_text import FEATURES, features

BY_HAND = [  # a text, and what is in a string (s), a comment (c), a condition (i), a string in a condition (b)
    ("def f(x):", "         "),
    ("    # a comment", "    ccccccccccc"),
    ("    if x['a:b'] and y[1:2]:", "    iiiiibbbbbiiiiiiiiiiiii"),
    ("        return 'hi'  # no", "               ssss  cccc"),
    ("z = 1 if x else 2", "                 "),
]


def test_marks_by_hand():
    text = "".join(f"{line}\n" for line, _ in BY_HAND)
    found = features(text)
    assert set(found) == set(FEATURES) and all(len(marks) == len(text) for marks in found.values())
    begin = 0
    for line, marks in BY_HAND:
        these = slice(begin, begin + len(line))
        for name, letters in (("quotes", "sb"), ("comment", "c"), ("condition", "ib")):
            np.testing.assert_array_equal(found[name][these], [mark in letters for mark in marks], f"{name}: {line}")
        np.testing.assert_array_equal(found["indentation"][these], len(line) - len(line.lstrip()))
        np.testing.assert_array_equal(found["column"][these], np.arange(len(line)))
        begin += len(line) + 1
        assert found["line_end"][begin - 1] == 1
    assert found["line_end"].sum() == len(BY_HAND)


@pytest.mark.parametrize("module", ["textwrap", "json", "argparse"])
def test_strings_lie_where_the_parser_finds_them(module):
    text = source(module)
    marks = features(text)["quotes"]
    begins = np.cumsum([0, *(len(line) for line in text.splitlines(keepends=True))])
    plain = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno == node.end_lineno
    ]
    lines = text.splitlines()
    assert len(plain) > 20
    for node in plain:
        if lines[node.lineno - 1].isascii():  # the parser counts bytes
            begin = begins[node.lineno - 1]
            assert marks[begin + node.col_offset : begin + node.end_col_offset].any(), ast.dump(node)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "x = '''never closed\n", "if x:\n  a\n b", "한국어 = 1\n", "(]", "a\x0cb\n"]
)
def test_a_text_that_is_no_python_is_marked_too(text):
    assert all(len(marks) == len(text) for marks in features(text).values())


def test_what_follows_an_error_is_still_counted():
    found = features("s = 'ok'\nx = '''open")
    assert found["quotes"].sum() == 4 and found["column"][-1] == len("x = '''open") - 1
