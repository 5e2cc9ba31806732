"""Which lessons were seen and how their questions were answered: one short word, kept in the link and in the session.

`1b-3-10a`: lesson 1 answered with its second choice, lesson 3 seen, lesson 10 answered with its first.
"""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.choice import Pattern

WORD = Pattern(r"^(\d{1,2}[a-e]?(-\d{1,2}[a-e]?)*)?$")
LETTERS = "abcde"  # of the choices, in their order


class Progress(NamedTuple):
    """The letter that was chosen, by the number of the lesson; "" where a lesson was only seen."""

    letters: dict[int, str]

    @classmethod
    def read(cls, word: str) -> Progress:
        parts = [part for part in word.split("-") if part]
        return cls({int(part.rstrip(LETTERS)): part.lstrip("0123456789") for part in parts})

    @property
    def word(self) -> str:
        return "-".join(f"{number}{letter}" for number, letter in sorted(self.letters.items()))

    def seen(self, number: int) -> Progress:
        return Progress({number: "", **self.letters})

    def answered(self, number: int, letter: str) -> Progress:
        return Progress({**self.letters, number: letter})

    def joined(self, other: Progress, own: int) -> Progress:
        """With what `other` knows besides; of lesson `own` what stands here. An answer is more than a look."""
        letters = dict(other.letters)
        for number, letter in self.letters.items():
            letters[number] = letter if number == own else letters.get(number) or letter
        return Progress(letters)
