"""The numbers that a card or a lesson says in its words."""

from __future__ import annotations

from rnnviz.figures.figure import power_of_ten


class Decades(float):
    """A factor by its log₁₀, because 10^−400 is a value here."""


Number = float | int | Decades


def in_words(number: Number) -> str:
    if isinstance(number, Decades):
        return power_of_ten(number)
    return str(number) if isinstance(number, int) else f"{number:.4g}".replace("-", "−")
