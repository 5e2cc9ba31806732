"""Names of the places on a logarithmic axis or colour bar: whole powers of ten over decades, plain numbers within them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rnnviz.text.numbers import minus

POWERS = {"tickprefix": "10<sup>", "ticksuffix": "</sup>", "tickformat": ".3~f"}
FEW = 2.0  # decades: below it whole powers are too few to read by
TENTHS = 0.6  # decades: below it the steps are all of one size
MANY = 5.0  # decades: from here on plotly's own ticks are whole, and stay useful in a zoom
LINEAR = {"exponentformat": "power", "minexponent": 4}  # 5×10⁵ rather than 5e+5


def axis(low: float, high: float) -> dict[str, Any]:
    """Ticks of an axis of log₁₀ values."""
    width = high - low
    if width >= FEW:
        return {**POWERS, "tick0": 0, "dtick": 1} if width <= MANY else dict(POWERS)
    values = within(low, high)
    return {"tickmode": "array", "tickvals": values, "ticktext": [name(value) for value in values]}


def bar(low: float, high: float, most: int = 5) -> dict[str, Any]:
    """Ticks of a colour bar over log₁₀ values: at most this many whole powers, or plain numbers."""
    if high - low < FEW:
        values = within(low, high)
        return {"tickvals": values, "ticktext": [name(value) for value in values]}
    step = max(1, math.ceil((math.floor(high) - math.ceil(low)) / (most - 1)))
    powers = range(math.floor(high), math.ceil(low) - 1, -step)
    return {"tickvals": [float(k) for k in powers][::-1],
            "ticktext": [f"10<sup>{minus(str(k))}</sup>" for k in powers][::-1]}  # fmt: skip


def within(low: float, high: float) -> list[float]:
    """log₁₀ of round numbers: 1, 2 and 5 of each decade, a few more within one, or steps of one size in less."""
    if high - low >= TENTHS:
        factors = (1, 2, 5) if high - low >= 1 else (1, 2, 3, 5, 7)
        found = [k + math.log10(m) for k in range(math.floor(low), math.ceil(high) + 1) for m in factors]
    else:
        least, most = 10.0**low, 10.0**high
        size = 10.0 ** math.floor(math.log10((most - least) / 7))
        step = next(m * size for m in (1, 2, 5, 10) if m * size >= (most - least) / 7)
        numbers = np.arange(math.ceil(least / step), math.floor(most / step) + 1) * step
        found = [float(place) for place in np.log10(numbers[numbers > 0])]
    return [place for place in found if low <= place <= high]


def name(place: float) -> str:
    """10^place: 0.3, or 3·10⁻⁷ where the zeros would have to be counted."""
    exponent = math.floor(place + 1e-9)
    if -3 <= exponent < 4:
        return f"{float(f'{10**place:.3g}'):g}"
    power, factor = f"10<sup>{minus(str(exponent))}</sup>", f"{10 ** (place - exponent):.3g}"
    return power if factor == "1" else f"{factor}·{power}"
