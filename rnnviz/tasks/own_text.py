"""A text of one's own, one character after another."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from rnnviz import content
from rnnviz.choice import Pattern
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import frequencies, one_hot, present_and_next

LETTERS = 127  # with "other" they are 128 classes: enough for any alphabet, and for the common syllables of Korean
LEAST = 300  # characters
MARKS = 30  # combining marks in a row: no language has more, nor has Unicode's stream-safe text (UAX #15, section 13)

# What a link means before anything has been uploaded. A literal and no file: its line ends are alike on every system.
SAMPLE = """\
A recurrent network reads one character at a time. What it has read so far lives in its hidden state, and nowhere else.
When it is wrong at the end of a long sentence, the error has to travel back, step after step, to the word that counted.
At every step it is multiplied once more. Many factors a little below one leave nothing: the gradient vanishes, and the
beginning of the sentence is never learnt. Many factors a little above one leave too much: the gradient explodes, and
one update throws away all that was learnt before. A gate keeps the factor close to one for as long as it stays open.

순환 신경망은 글자를 한 번에 하나씩 읽습니다. 지금까지 읽은 것은 오직 은닉 상태에만 남습니다.
긴 문장의 끝에서 틀렸다면, 오차는 한 시점씩 거슬러 올라가 정말 중요했던 낱말까지 돌아가야 합니다.
한 시점을 지날 때마다 기울기에 수가 한 번씩 곱해집니다. 1보다 조금 작은 수를 여러 번 곱하면 거의 아무것도 남지 않습니다.
이것이 기울기 소실이며, 문장의 첫머리는 끝내 학습되지 않습니다. 1보다 조금 큰 수를 여러 번 곱하면 한없이 커집니다.
이것이 기울기 폭발이며, 단 한 번의 갱신이 그동안 배운 것을 모두 날려 버립니다.
게이트는 열려 있는 동안 곱해지는 수를 1에 가깝게 붙들어 둡니다.
""".encode()


class OwnText(Task):
    """The characters of an uploaded text; the answer is the next character.

    x_t is one-hot over the 127 most frequent characters of that text, and "other". Until there is an upload, `sha256`
    names a short sample in English and Korean. Every example reads on from a place of its own.
    Raises, when the text is looked at: MissingContent, UnreadableContent, or InvalidParameter with the longest T.
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "aligned"
    needed_lag: ClassVar[int] = 0

    kind: Literal["own_text"] = Field("own_text", repr=False)
    sha256: Annotated[str, Pattern(content.SHA256)] = content.built_in(SAMPLE)

    @property
    def input_size(self) -> int:
        return len(encoded(self.sha256).alphabet) + 1

    @property
    def output_size(self) -> int:
        return self.input_size

    def batch(self, examples: Examples) -> Batch:
        inputs, targets = present_and_next(self.text(), examples, self.sequence_length)
        return Batch(one_hot(inputs.long(), self.input_size), targets.long())

    def text(self) -> Tensor:
        """The classes of its characters, (character,) uint8."""
        return torch.frombuffer(bytearray(encoded(self.sha256).classes), dtype=torch.uint8)

    def baseline(self) -> Baseline:
        """Always answering the frequencies of the characters costs the unigram entropy of the text."""
        return self.alike(frequencies(self.text(), self.output_size))


class Encoded(NamedTuple):
    """A text as classes, one byte a character; class i is alphabet[i], and len(alphabet) is every other character."""

    alphabet: str
    classes: bytes


@lru_cache(maxsize=8)
def encoded(sha256: str) -> Encoded:
    text = readable(content.get(sha256))
    alphabet = alphabet_of(text)
    known = {character: index for index, character in enumerate(alphabet)}
    return Encoded(alphabet, bytes(known.get(character, len(alphabet)) for character in text))


def readable(data: bytes) -> str:
    """The text of an upload.

    Raises UnreadableContent if it is no UTF-8 text, too short to learn anything from, or a heap of combining marks.
    """
    # Composed: some systems write a Korean syllable as three characters, and others as one.
    text = content.utf8(data)
    check_marks(text)
    text = unicodedata.normalize("NFC", text)
    if len(text) < LEAST:
        raise content.UnreadableContent("short_text", found=len(text), least=LEAST)
    return text


def check_marks(text: str) -> None:
    """Composing sorts the marks on one letter in a time that grows with the square of their number."""
    if text.isascii():
        return
    marks = "".join(map(re.escape, filter(is_mark, set(text))))
    if marks and (heap := re.search(f"[{marks}]{{{MARKS + 1}}}", text)):
        raise content.UnreadableContent("too_many_marks", row=text.count("\n", 0, heap.start()) + 1, limit=MARKS)


def is_mark(character: str) -> bool:
    """Whether it is sorted among its neighbours, by itself or (three Tibetan vowels) once it is taken apart."""
    return unicodedata.combining(unicodedata.normalize("NFD", character)[0]) > 0


def alphabet_of(text: str) -> str:
    """The most frequent characters, most frequent first; equals in the order of their code points."""
    counts = Counter(text)
    return "".join(sorted(counts, key=lambda character: (-counts[character], character))[:LETTERS])
