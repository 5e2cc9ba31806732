"""Windows into one long sequence: where each example begins, what the network sees there and what comes next."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from rnnviz.choice import InvalidParameter, Range
from rnnviz.streams import Examples

LONGEST = 10_000  # time steps, as Task.sequence_length allows


def present_and_next(data: Tensor, examples: Examples, length: int, ahead: int = 1) -> tuple[Tensor, Tensor]:
    """x_t = data[s + t − 1] and y_t = data[s + t − 1 + k] for t = 1 … T, both (time, example); k steps `ahead`, and s is
    each example's own start.

    Raises InvalidParameter, with the longest sequence that fits, where there is less data than that.
    """
    if ahead > len(data) - 2:
        raise InvalidParameter("ahead", ahead, Range(1, len(data) - 2, unit="time steps"))
    if length + ahead > len(data):
        raise InvalidParameter("sequence_length", length, Range(2, len(data) - ahead, unit="time steps"))
    taken = length + ahead - 1
    window = data[starts(examples, len(data), taken) + torch.arange(taken + 1)[:, None]]
    return window[:length], window[ahead:]


def starts(examples: Examples, size: int, length: int) -> Tensor:
    """Where the window of each example begins, (example,): a window is T inputs and one more answer.

    s = ⌊u·m⌋ mod (size − T),   m = size − min(LONGEST, ⌊size/2⌋),   u ~ U(0, 1)

    The modulus touches only a window that would run over the end. So a longer sequence begins with the shorter one for
    every T up to half of the data, and for every T at all in 20 000 items or more; beyond that, some examples move.
    """
    drawn = (examples.uniform("window.start", 1)[:, 0] * (size - min(LONGEST, size // 2))).long()
    return drawn % (size - length)


def one_hot(classes: Tensor, size: int) -> Tensor:
    """(…, size) float64 with a 1 at each class. Without the int64 copy of torch's own, which is as large again."""
    return torch.zeros(*classes.shape, size, dtype=torch.float64).scatter_(-1, classes[..., None], 1.0)


def frequencies(classes: Tensor, size: int) -> Tensor:
    """How often each class occurs, (class,), as a share of all."""
    return torch.bincount(classes.flatten(), minlength=size).double() / len(classes)


def standardised(values: Sequence[float]) -> list[float]:
    """(v − mean) / standard deviation, over the whole series. Divided by the largest first, so no square overflows."""
    largest = max(map(abs, values))
    scaled = [value / largest for value in values]
    mean = math.fsum(scaled) / len(scaled)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in scaled) / len(scaled))
    return [(value - mean) / deviation for value in scaled]
