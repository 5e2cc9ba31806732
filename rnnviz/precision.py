"""The four floating-point formats in which networks are trained, and where each of them loses a small number."""

from __future__ import annotations

import math
from typing import NamedTuple


class Precision(NamedTuple):
    """One format, all in log₁₀.  Source: IEEE 754-2019, table 3.5; bfloat16 has the exponents of float32."""

    normal: float  # the smallest number with all its digits; what lies below it is subnormal
    least: float  # the smallest number above zero: each factor ½ on the way here has cost a bit
    largest: float
    roundoff: float  # u: what one rounding may change of a normal number, relative to it


def with_bits(exponent: int, fraction: int) -> Precision:
    bias = 2 ** (exponent - 1) - 1
    two = math.log10(2)
    return Precision(
        (1 - bias) * two,
        (1 - bias - fraction) * two,
        math.log10(2 - 2.0**-fraction) + bias * two,
        -(fraction + 1) * two,
    )


PRECISIONS: dict[str, Precision] = {  # by their smallest number, the coarsest first
    "float16": with_bits(5, 10),
    "bfloat16": with_bits(8, 7),
    "float32": with_bits(8, 23),
    "float64": with_bits(11, 52),
}
