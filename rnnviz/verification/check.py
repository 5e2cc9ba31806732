"""What a check is: the numbers that a figure shows beside the same numbers by another route, and how far they part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr

from rnnviz.precision import PRECISIONS
from rnnviz.verification.replay import Replay

Kind = Literal["value", "log10", "ln"]
SAFETY = 8.0  # standard deviations: chance alone does not reach them


class Compared(NamedTuple):
    """One quantity by both routes, equally shaped.

    `what` and `route` are words of the catalogue: verified.what.<…> and verified.route.<…>. Logarithms are compared by
    the numbers that they stand for; values against the largest of all, as entries of one array that was rounded.

    The tolerance is SAFETY · √roundings · u: so far N roundings of random sign take a number, u the unit roundoff of the
    run's dtype, where N of the same sign would take it N · u (Higham & Mary 2019). For a curve over T steps with sums
    over n numbers N = T·n. `amplified` is by how much more they count where digits cancel, `besides` what is promised
    besides, such as the 1e-5 of a norm that is found by iteration; `carried` the dtype in which the array travels if it
    is not the run's.
    """

    what: str
    route: str
    shown: np.ndarray
    found: np.ndarray
    roundings: float
    kind: Kind = "value"
    amplified: float = 1.0
    besides: float = 0.0
    carried: str = ""


class Check(NamedTuple):
    """`compare` of a diagnostic's array; `passes` over the sequence and `products` of T Jacobians are what it costs."""

    compare: Callable[[xr.DataArray, Replay], Iterable[Compared]]
    reads: tuple[str, ...] = ()  # quantities that the trace must hold besides the states
    passes: float = 0.0
    products: float = 0.0


@dataclass(frozen=True)
class Finding:
    """What came of a comparison: how many numbers, and the largest relative disagreement between any two."""

    what: str
    route: str
    numbers: int
    disagreement: float
    tolerance: float
    dtype: str

    @property
    def agrees(self) -> bool:
        return self.disagreement <= self.tolerance

    @property
    def says_something(self) -> bool:
        """Not without numbers, nor where rounding explains 1, as far as a number is from one that has vanished."""
        return self.numbers > 0 and not (self.agrees and self.tolerance >= 1)

    def worst(self, other: Finding) -> Finding:
        """Both together: the numbers of either, and the disagreement that is larger beside what rounding explains."""
        worse = max(self, other, key=lambda one: one.disagreement / (one.tolerance or math.ulp(0.0)))
        return replace(worse, numbers=self.numbers + other.numbers)

    def as_json(self) -> dict[str, Any]:
        """Infinity as a word, which JSON has none for."""
        return {name: str(value) if value == math.inf else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, words: dict[str, Any]) -> Finding:
        return cls(**{**words, "disagreement": float(words["disagreement"])})


def drawn(found: Iterable[Finding], part: str) -> list[Finding]:
    """Without those of other parts of the state than the one that a figure shows; all of them where it shows no part."""
    of_parts = ("gradient_", "layers_")
    return [one for one in found if not part or not one.what.startswith(of_parts) or one.what.split("_", 1)[1] == part]


def explained(roundings: float, dtype: str) -> float:
    """SAFETY · √roundings · u: how far N roundings of random sign take a number."""
    return float(SAFETY * math.sqrt(roundings) * 10 ** PRECISIONS[dtype].roundoff)


def finding(compared: Compared, dtype: str) -> Finding:
    tolerance = explained(compared.roundings, compared.carried or dtype) * compared.amplified + compared.besides
    if compared.kind != "value":  # 10^y is known to as many digits as y has behind its point
        finite = np.abs(compared.found[np.isfinite(compared.found)])
        base = math.log(10) if compared.kind == "log10" else 1.0
        tolerance += 8 * 10 ** PRECISIONS["float64"].roundoff * base * float(finite.max(initial=0.0))
    found = disagreement(np.asarray(compared.shown, float), np.asarray(compared.found, float), compared.kind)
    return Finding(compared.what, compared.route, int(compared.shown.size), found, tolerance, dtype)


def disagreement(shown: np.ndarray, found: np.ndarray, kind: Kind) -> float:
    """The largest relative difference; 0 for equal infinities and for two gaps, ∞ where only one is finite.

    Raises ValueError for arrays of different shape: they would be of different things.
    """
    if shown.shape != found.shape:
        raise ValueError(f"what is compared must have one shape; got {shown.shape} and {found.shape}")
    if not shown.size:
        return 0.0
    same = (shown == found) | (np.isnan(shown) & np.isnan(found))
    usable = np.isfinite(shown) & np.isfinite(found)
    if not (same | usable).all():
        return math.inf
    shown, found = np.where(usable, shown, 0.0), np.where(usable, found, 0.0)
    if kind == "value":
        scale = float(np.abs(found).max()) or 1.0
        return float(np.abs(shown - found).max() / scale)
    base = math.log(10) if kind == "log10" else 1.0
    return float(np.abs(np.expm1(np.clip((shown - found) * base, -700.0, 700.0))).max())
