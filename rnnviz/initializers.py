"""How the weights begin. Every initializer draws *unit* blocks, one per gate, and a scale sets how large they are.

The gain of an H×H block is g = √H × (root mean square of its entries): 1 for an orthogonal matrix, for the identity and
for a Gaussian of variance 1/H. So initializers at the same gain can be compared, and W_hh grows in proportion to g.
Sources: Glorot & Bengio (2010); Saxe, McClelland & Ganguli (2014); Le, Jaitly & Hinton (2015).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor

from rnnviz.choice import Choice, Range


class NaturalScale(Choice):
    """The size that the initializer gives by itself."""

    kind: Literal["natural"] = Field("natural", repr=False)

    def factor(self, block: Tensor, natural: float) -> float:
        return natural


class Gain(Choice):
    """A chosen gain g."""

    kind: Literal["gain"] = Field("gain", repr=False)
    gain: Annotated[float, Range(0.0, 4.0, step=0.01, symbol="g")] = 1.0

    def factor(self, block: Tensor, natural: float) -> float:
        return self.gain


class SpectralRadius(Choice):
    """A chosen spectral radius ρ of every gate's block: the largest |eigenvalue|."""

    kind: Literal["spectral_radius"] = Field("spectral_radius", repr=False)
    spectral_radius: Annotated[float, Range(0.0, 4.0, step=0.01, symbol="ρ")] = 1.0

    def factor(self, block: Tensor, natural: float) -> float:
        return self.spectral_radius / spectral_radius(block)


Scale = Annotated[NaturalScale | Gain | SpectralRadius, Field(discriminator="kind")]


def spectral_radius(matrix: Tensor) -> float:
    """Largest |eigenvalue| of a square matrix (H, H), computed in float64.

    Raises ValueError for a matrix with NaN or infinity, on which LAPACK can end the process (pytorch#93124).
    """
    if not torch.isfinite(matrix).all():
        raise ValueError("a matrix with NaN or infinity has no eigenvalues")
    return float(torch.linalg.eigvals(matrix.double()).abs().max())


def uniform(rows: int, columns: int, bound: float, generator: Generator) -> Tensor:
    return (torch.rand(rows, columns, generator=generator, dtype=torch.float64) * 2 - 1) * bound


def normal(rows: int, columns: int, deviation: float, generator: Generator) -> Tensor:
    return torch.randn(rows, columns, generator=generator, dtype=torch.float64) * deviation


def orthogonal(rows: int, columns: int, generator: Generator) -> Tensor:
    """Rows (or columns, if there are fewer of them) that are orthonormal, uniform over all such matrices."""
    tall = normal(max(rows, columns), min(rows, columns), 1.0, generator)
    q, r = torch.linalg.qr(tall)
    q = q * r.diagonal().sign()  # without this QR favours some rotations (Mezzadri 2007)
    return q if rows >= columns else q.T.contiguous()


class Initializer(Choice, ABC):
    """Draws W_hh, W_ih and the biases of one layer, in float64 and PyTorch's row order (gates stacked)."""

    scale: Scale = NaturalScale()

    def hidden_weights(self, gates: int, size: int, generator: Generator) -> Tensor:
        """W_hh (gates·size, size), each gate's block at the chosen scale."""
        blocks = self.unit_blocks(gates, size, generator)
        return torch.cat([block * self.scale.factor(block, self.natural_gain(gates)) for block in blocks])

    @abstractmethod
    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        """One (size, size) block per gate, at gain 1."""

    def natural_gain(self, gates: int) -> float:
        """The gain of a block when no scale is chosen."""
        return 1.0

    def input_weights(self, gates: int, size: int, inputs: int, generator: Generator) -> Tensor:
        """W_ih (gates·size, inputs). By default white input of variance s² drives every unit with variance s²."""
        return normal(gates * size, inputs, 1 / math.sqrt(inputs), generator)

    def biases(self, gates: int, size: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """b_ih and b_hh, each (gates·size,); zero unless the initializer says otherwise."""
        return torch.zeros(gates * size, dtype=torch.float64), torch.zeros(gates * size, dtype=torch.float64)


class PyTorchDefault(Initializer):
    """Everything from U(−1/√H, 1/√H), as torch.nn.RNN, LSTM and GRU start: gain 1/√3 ≈ 0.577."""

    kind: Literal["pytorch_default"] = Field("pytorch_default", repr=False)

    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        return [uniform(size, size, math.sqrt(3 / size), generator) for _ in range(gates)]

    def natural_gain(self, gates: int) -> float:
        return 1 / math.sqrt(3)

    def input_weights(self, gates: int, size: int, inputs: int, generator: Generator) -> Tensor:
        return uniform(gates * size, inputs, 1 / math.sqrt(size), generator)

    def biases(self, gates: int, size: int, generator: Generator) -> tuple[Tensor, Tensor]:
        both = uniform(2, gates * size, 1 / math.sqrt(size), generator)
        return both[0], both[1]


class KerasDefault(Initializer):
    """Recurrent weights orthonormal over all gates together, inputs Glorot uniform, biases zero, as Keras layers start.

    The forget bias of 1 that Keras adds belongs to the LSTM: choose it there.
    """

    kind: Literal["keras_default"] = Field("keras_default", repr=False)

    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        return list(orthogonal(gates * size, size, generator).mul(math.sqrt(gates)).chunk(gates))

    def natural_gain(self, gates: int) -> float:
        return 1 / math.sqrt(gates)

    def input_weights(self, gates: int, size: int, inputs: int, generator: Generator) -> Tensor:
        return uniform(gates * size, inputs, math.sqrt(6 / (inputs + gates * size)), generator)


class Gaussian(Initializer):
    """Independent normal entries of variance g²/H. Its spectral radius tends to g, its largest singular value to 2g."""

    kind: Literal["gaussian"] = Field("gaussian", repr=False)

    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        return [normal(size, size, 1 / math.sqrt(size), generator) for _ in range(gates)]


class Orthogonal(Initializer):
    """A random rotation times g: every singular value and every |eigenvalue| is g."""

    kind: Literal["orthogonal"] = Field("orthogonal", repr=False)

    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        return [orthogonal(size, size, generator) for _ in range(gates)]


class Identity(Initializer):
    """g times the identity; with ReLU this is the IRNN of Le, Jaitly & Hinton (2015)."""

    kind: Literal["identity"] = Field("identity", repr=False)

    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        return [torch.eye(size, dtype=torch.float64) for _ in range(gates)]


class Glorot(Initializer):
    """U(−√(6/(fan_in + fan_out)), …) per gate block, which is gain 1 for a square block; biases zero."""

    kind: Literal["glorot"] = Field("glorot", repr=False)

    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        return [uniform(size, size, math.sqrt(3 / size), generator) for _ in range(gates)]

    def input_weights(self, gates: int, size: int, inputs: int, generator: Generator) -> Tensor:
        return uniform(gates * size, inputs, math.sqrt(6 / (inputs + size)), generator)


class NonNormal(Initializer):
    """g (I + κN), N = ones below the diagonal: a chain whose powers grow first although ρ = g < 1.

    Here g is the spectral radius as well. Source: Trefethen & Embree (2005), Spectra and Pseudospectra.
    """

    kind: Literal["non_normal"] = Field("non_normal", repr=False)
    chain: Annotated[float, Range(0.0, 4.0, step=0.01, symbol="κ")] = 0.625

    def unit_blocks(self, gates: int, size: int, generator: Generator) -> list[Tensor]:
        below = torch.diag(torch.ones(size - 1, dtype=torch.float64), -1)
        return [torch.eye(size, dtype=torch.float64) + self.chain * below for _ in range(gates)]


INITIALIZERS = (PyTorchDefault, KerasDefault, Gaussian, Orthogonal, Identity, Glorot, NonNormal)
AnyInitializer = Annotated[
    PyTorchDefault | KerasDefault | Gaussian | Orthogonal | Identity | Glorot | NonNormal, Field(discriminator="kind")
]
