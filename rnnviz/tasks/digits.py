"""Handwritten digits, one pixel after another."""

from __future__ import annotations

from functools import cache
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from rnnviz.choice import Range
from rnnviz.streams import Examples, generator
from rnnviz.tasks.packaged import Packaged
from rnnviz.tasks.task import Baseline, Batch, Shape, Task

PIXELS, CLASSES, INK = 64, 10, 16.0  # 8 × 8, ten digits, the darkest value
DIGITS = Packaged("sklearn", "datasets/data/digits.csv.gz", "scikit-learn")  # a line an image: its pixels, its class


class Digits(Task):
    """A handwritten digit of 8 × 8 pixels, one pixel a step; the answer, at every step, is which digit it is.

    scan="rows" reads line by line, "permuted" in one fixed random order, which destroys every short dependency. The ten
    classes are drawn equally often. A shorter sequence sees the first T pixels only.

    Source: the 1 797 digits that come with scikit-learn (Alpaydin & Kaynak 1998), read as a file; scikit-learn is not
    imported. In the manner of the pixel MNIST of Le, Jaitly & Hinton (2015), in small. `pip install rnnviz[digits]`.
    """

    judgement = "cross_entropy"
    shape: ClassVar[Shape] = "many_to_one"
    input_size: ClassVar[int] = 1
    output_size: ClassVar[int] = CLASSES

    kind: Literal["digits"] = Field("digits", repr=False)
    sequence_length: Annotated[int, Range(2, PIXELS, symbol="T", unit="time steps", log=True)] = PIXELS
    scan: Literal["rows", "permuted"] = "rows"

    @property
    def needed_lag(self) -> int:
        return self.sequence_length - 1

    def fingerprint(self) -> str:
        return DIGITS.fingerprint()

    def batch(self, examples: Examples) -> Batch:
        classes = examples.integers("digits.class", CLASSES, 1)[:, 0]
        which = examples.uniform("digits.image", 1)[:, 0]
        known = images()
        found = [known[c][int(u * len(known[c]))] for c, u in zip(classes.tolist(), which.tolist(), strict=True)]
        pixels = torch.stack(found)[:, self.order()[: self.sequence_length]].T
        return Batch(pixels[..., None], classes.expand(self.sequence_length, -1))

    def order(self) -> Tensor:
        """Which pixel comes at which step."""
        if self.scan == "rows":
            return torch.arange(PIXELS)
        return torch.randperm(PIXELS, generator=generator(0, "digits.permutation"))

    def baseline(self) -> Baseline:
        """ln 10, and nine in ten wrong: the classes are drawn equally often."""
        return self.alike(torch.full((CLASSES,), 1 / CLASSES, dtype=torch.float64))


class Table(NamedTuple):
    """Pixels (image, 64) in 0 … 1 and classes (image,)."""

    pixels: Tensor
    classes: Tensor


@cache
def images() -> tuple[Tensor, ...]:
    """The images of each class, (image, pixel)."""
    pixels, classes = digits()
    return tuple(pixels[classes == c] for c in range(CLASSES))


def digits() -> Table:
    rows = np.loadtxt(DIGITS.read().decode().splitlines(), delimiter=",")
    return Table(torch.from_numpy(rows[:, :PIXELS] / INK), torch.from_numpy(rows[:, PIXELS]).long())
