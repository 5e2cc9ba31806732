"""Numbers as a reader writes them, in any language: −0.31, 2510, 1.19 × 10³⁴."""

from __future__ import annotations

import math

SUPERSCRIPTS = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def numeral(value: float, digits: int = 3) -> str:
    """With so many significant digits; plain from 0.001 to 9999, as a power of ten beyond."""
    if math.isnan(value):
        return "—"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if value == 0 or -3 <= int(exponent) < 4:
        return minus(f"{float(f'{value:.{digits}g}'):.10g}")
    return f"{minus(mantissa)} × {power(int(exponent))}"


def power(exponent: int) -> str:
    return "10" + minus(str(exponent)).translate(SUPERSCRIPTS)


def fixed(value: float, digits: int) -> str:
    """With so many decimals; what rounds to zero has no sign."""
    return minus(f"{value:z.{digits}f}")


def minus(word: str) -> str:
    """A minus sign in place of a hyphen."""
    return word.replace("-", "−")
