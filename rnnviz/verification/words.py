"""What came of a comparison, in the reader's language."""

from __future__ import annotations

import math

from rnnviz.text import Text
from rnnviz.text.numbers import numeral
from rnnviz.verification.check import Finding


def in_words(one: Finding, text: Text) -> str:
    """What was compared, how many numbers, by which route, how far they part and how far rounding alone may take them."""
    said = {
        "what": text(f"verified.what.{one.what}"), "route": text(f"verified.route.{one.route}"), "dtype": one.dtype,
        "numbers": f"{one.numbers:,}", "tolerance": numeral(one.tolerance, 2),
    }  # fmt: skip
    if math.isinf(one.disagreement):
        return text("verified.zero", **said)
    ending = "agrees" if one.agrees else "disagrees"
    return text(f"verified.{ending}", **said, disagreement=numeral(one.disagreement, 2))
