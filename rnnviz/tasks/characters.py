"""Python's own source code, one character after another."""

from __future__ import annotations

from functools import cache
from importlib.abc import InspectLoader
from importlib.util import find_spec
from typing import ClassVar, Literal

import torch
from pydantic import Field

from rnnviz.content import UnreadableContent, hash_of
from rnnviz.streams import Examples
from rnnviz.tasks.task import Baseline, Batch, Shape, Task
from rnnviz.tasks.windows import frequencies, one_hot, present_and_next

ModuleName = Literal["argparse", "difflib", "json", "random", "statistics", "textwrap", "library"]
JSON = ("json", "json.decoder", "json.encoder", "json.scanner")  # a package is read file by file
PARTS = {"json": JSON, "library": ("argparse", "difflib", *JSON, "random", "statistics", "textwrap")}

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))  # fixed, so that the input has the same size for every text
OTHER = len(ALPHABET)


class Characters(Task):
    """The source code of one module of Python's standard library, or of all these; the answer is the next character.

    x_t is one-hot over printable ASCII, newline and "other": 97 classes. Every example reads on from its own place.
    The library differs between versions of Python, so the fingerprint of the text is part of the key.
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "aligned"
    input_size: ClassVar[int] = len(ALPHABET) + 1
    needed_lag: ClassVar[int] = 0

    kind: Literal["characters"] = Field("characters", repr=False)
    module: ModuleName = "textwrap"

    @property
    def output_size(self) -> int:
        return self.input_size

    def fingerprint(self) -> str:
        return fingerprint_of(self.module)

    def batch(self, examples: Examples) -> Batch:
        inputs, targets = present_and_next(classes(source(self.module)), examples, self.sequence_length)
        return Batch(one_hot(inputs, self.input_size), targets)

    def baseline(self) -> Baseline:
        """Always answering the frequencies of the characters costs the unigram entropy of the text."""
        return self.alike(frequencies(classes(source(self.module)), self.output_size))


def classes(text: str) -> torch.Tensor:
    """The class of every character of a text, (character,) int64."""
    known = {character: index for index, character in enumerate(ALPHABET)}
    return torch.tensor([known.get(character, OTHER) for character in text])


@cache
def source(module: str) -> str:
    """The source text of a module of the standard library, read without running it.

    Raises UnreadableContent where Python was installed without its sources.
    """
    return "\n".join(source_of_file(part) for part in PARTS.get(module, (module,)))


def source_of_file(module: str) -> str:
    # The loader is asked, not the file: it knows the encoding, and how to read a library that is packed in a zip.
    spec = find_spec(module)
    loader = spec.loader if spec else None
    text = loader.get_source(module) if isinstance(loader, InspectLoader) else None
    if not text:
        raise UnreadableContent("no_source", module=module)
    return text


@cache
def fingerprint_of(module: str) -> str:
    """Of a text that is not there it is "": the experiment still has a key, and its run says what is missing."""
    try:
        return hash_of(source(module).encode())
    except UnreadableContent:
        return ""
