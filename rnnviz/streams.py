"""Random numbers: one generator per purpose, so that moving one slider leaves everything else alone."""

from __future__ import annotations

import hashlib

import torch
from torch import Generator, Tensor


def generator(seed: int, *purpose: object) -> Generator:
    """A torch.Generator of its own for (seed, purpose): never the global one, which all sessions of a server share."""
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:8], "little"))


class Examples:
    """Numbers for a batch, one generator per example and purpose, drawn step after step.

    So a longer sequence begins with the shorter one, and a wider batch contains the narrower one. Examples are numbered
    without end; a batch is those from `first` on. Training reads on in them, so its place in the data is one number.
    """

    def __init__(self, seed: int, batch_size: int, first: int = 0):
        self.seed, self.batch_size, self.first = seed, batch_size, first

    def uniform(self, purpose: str, *shape: int) -> Tensor:
        """U(0, 1), (example, *shape), float64. The first axis of `shape` may grow without changing what came before."""
        drawn = [
            torch.rand(shape, generator=generator(self.seed, purpose, example), dtype=torch.float64)
            for example in range(self.first, self.first + self.batch_size)
        ]
        return torch.stack(drawn)

    def normal(self, purpose: str, *shape: int) -> Tensor:
        """N(0, 1), through the inverse of the distribution: torch.randn pairs its draws and so would not extend."""
        return torch.special.ndtri(self.uniform(purpose, *shape).clamp(2**-54, 1 - 2**-53))

    def integers(self, purpose: str, high: int, *shape: int) -> Tensor:
        """Whole numbers 0 … high − 1, (example, *shape), int64."""
        return (self.uniform(purpose, *shape) * high).long()
