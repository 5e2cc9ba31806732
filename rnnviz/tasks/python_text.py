"""What is true of each character of a Python text: is it in a string, in a comment, in a condition, how far indented?

These are what a hidden unit of a character model may have learnt to follow (Karpathy, Johnson & Fei-Fei, 2015).
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Marks = NDArray[np.float64]  # (character,)

STRINGS = {tokenize.STRING} | {
    getattr(tokenize, name) for name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END") if hasattr(tokenize, name)
}
BETWEEN = {tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT}  # they neither begin nor end a statement
FEATURES = ("quotes", "comment", "condition", "indentation", "column", "line_end")


def features(text: str) -> dict[str, Marks]:
    """Of each character, by the names in FEATURES:

    quotes, comment   1 inside a string or a comment, its marks included
    condition         1 from the word `if`, `elif` or `while` that begins a statement to its colon
    indentation       columns by which its line is indented; in a line of blanks only, its own column
    column            its place in its line, from 0
    line_end          1 on the last character of a line, the newline itself

    In an f-string, from Python 3.12 on, what stands between braces counts as code. A text that Python cannot read to its
    end is marked as far as Python came; what follows is in no string or comment.
    """
    marks = {name: np.zeros(len(text)) for name in ("quotes", "comment", "condition")}
    for kind, begin, end in spans(text):
        marks[kind][begin:end] = 1
    lines = lines_of(text)
    marks["indentation"] = np.concatenate([indentation(line) for line in lines]) if lines else np.zeros(0)
    marks["column"] = np.concatenate([np.arange(len(line), dtype=float) for line in lines]) if lines else np.zeros(0)
    marks["line_end"] = np.array([float(character == "\n") for character in text])
    return marks


def indentation(line: str) -> Marks:
    content = line.strip()
    width = len(line) - len(line.lstrip())
    return np.full(len(line), float(width)) if content else np.arange(len(line), dtype=float)


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """(feature, first character, one past the last) of every string, comment and condition."""
    begins = [0, *accumulate(map(len, lines_of(text)))]
    opened: tuple[int, int] | None = None  # where a condition began, and in how many brackets
    depth, first = 0, True  # of a statement
    for token in tokens(text):
        begin, end = (begins[row - 1] + column for row, column in (token.start, token.end))
        if token.type in STRINGS:
            yield "quotes", begin, end
        elif token.type == tokenize.COMMENT:
            yield "comment", begin, end
        elif token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and opened and opened[1] == depth:
                yield "condition", opened[0], end
                opened = None
        elif token.type == tokenize.NAME and first and token.string in ("if", "elif", "while"):
            opened = begin, depth
        if token.type not in BETWEEN:
            first = token.type == tokenize.NEWLINE


def lines_of(text: str) -> list[str]:
    """With their newlines, and split there only, as the tokenizer does."""
    return list(io.StringIO(text))


def tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Up to where Python can read."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return
