"""P(c | the last τ characters) from counts: an n-gram model with n = τ + 1, smoothed by shorter contexts."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

Counts = list[dict[tuple[int, ...], Counter[int]]]  # by the length of the context, 0 … τ: what followed it, how often


def counted(text: Sequence[int], past: int) -> Counts:
    """How often each class followed each context of 0 … `past` classes."""
    counts: Counts = [defaultdict(Counter) for _ in range(past + 1)]
    for length, of_length in enumerate(counts):  # counted whole first: half the time of one increment per character
        for window, times in Counter(zip(*(text[k:] for k in range(length + 1)), strict=False)).items():
            of_length[window[:-1]][window[-1]] = times
    return counts


def probability(counts: Counts, context: Sequence[int], following: int, classes: int) -> float:
    """P_τ(c | u) = (n(u c) + k(u) P_{τ−1}(c | u′)) / (n(u) + k(u)),   P_{−1} = 1/classes.

    n(u) counts the context u, k(u) the different classes that followed it, u′ is u without its earliest class.
    Source: Witten & Bell (1991), method C, interpolated.
    """
    found = 1 / classes
    for length in range(min(len(context), len(counts) - 1) + 1):
        followers = counts[length].get(tuple(context[len(context) - length :]))
        if followers is None:
            break  # an unknown context: a longer one is unknown as well
        total, kinds = followers.total(), len(followers)
        found = (followers[following] + kinds * found) / (total + kinds)
    return found


def held_out_bits(text: Sequence[int], past: int, split: int, classes: int) -> float:
    """Mean −log₂ P of the classes from `split` on, by counts of those before it: bits per character."""
    counts = counted(text[:split], past)
    bits = [-math.log2(probability(counts, text[t - past : t], text[t], classes)) for t in range(split, len(text))]
    return math.fsum(bits) / len(bits)
