"""Lesson 3, autoregressive models: the last τ values, one step ahead and many; with τ = 1, Markov's chain of characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from rnnviz.demonstrations import Autoregression, Demonstrated, MarkovText
from rnnviz.demonstrations.autoregression import FARTHEST
from rnnviz.figures.demonstrations import DrawnTexts, ErrorAhead, ForecastAhead, TransitionMatrix, WordProbability
from rnnviz.text.numbers import numeral
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Part
from rnnviz.ui.lessons.prose import over_lines

TERMS = 4  # of the equation that are written out


class AutoregressiveLesson(Lesson):
    """A series forecast from its last τ values, and characters forecast from the one before."""

    number = 3
    choices = ("stays", "levels", "without_end")
    asks_about = {"line.signal": "ar2", "line.tau": 2}  # noqa: RUF012

    kind: Literal["autoregressive"] = Field("autoregressive", repr=False)
    line: Autoregression = Autoregression()
    text: MarkovText = MarkovText()

    def parts(self) -> tuple[Part, ...]:
        numbers = ("line.signal", "line.tau", "line.steps_ahead", "line.origin")
        return (
            Part(self.line, (ForecastAhead(), ErrorAhead()), numbers),
            Part(self.text, (TransitionMatrix(),), ("text.module", "text.typed_word"), height=560),
            Part(self.text, (WordProbability(),)),
            Part(self.text, (DrawnTexts(),), ("text.sample",)),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """Errors one step ahead, at the chosen reach and at the farthest; and the word in bits."""
        line, text = (one.data for one in found[:2] if isinstance(one, Demonstrated))
        error, reach = line["held_out_error"], self.line.steps_ahead
        bits = text["held_out_bits"]
        return {
            "tau": self.line.tau,
            "k": reach,
            "farthest": FARTHEST,
            **{name: float(error.sel(window=self.line.tau, ahead=k))
               for name, k in (("one", 1), ("far", reach), ("last", FARTHEST))},
            "markov_one": float(error.sel(window=1, ahead=1)),
            "markov_far": float(error.sel(window=1, ahead=reach)),
            "mean": float(line["mean_error"]),
            "root": float(line["largest_root"]),
            "equation": equation(line["coefficient"].values),
            "letters": text.sizes["letter"],
            "factors": over_lines([in_formula(p) for p in text["given_before"].values], r"\cdot", 3),
            "word_bits": -math.fsum(np.log2(text["given_before"].values)),
            "alone_bits": -math.fsum(np.log2(text["alone"].values)),
            "character_alone": float(bits.sel(window=0)),
            "character_markov": float(bits.sel(window=1)),
        }  # fmt: skip

    def right(self, numbers: Numbers) -> str:
        """Where the error of the farthest forecast lies between that of one step and that of no past at all."""
        one, last, mean = (float(numbers[name]) for name in ("one", "last", "mean"))
        if last > 1.5 * mean:
            return "without_end"
        return "levels" if last > 2 * one else "stays"


def equation(coefficients: np.ndarray) -> str:
    """â_0 + â_1 x_{t−1} + …  with numbers, in LaTeX."""
    terms = [f"{a:+.2f}\\,x_{{t-{k}}}" for k, a in enumerate(coefficients[1:], 1)]
    rest = [r"+ \dots"] if len(terms) > TERMS else []
    return over_lines([f"{coefficients[0]:.2f}", *terms[:TERMS], *rest], "", 3)


def in_formula(value: float) -> str:
    """A number of two digits in LaTeX, which does not know superscripts of Unicode."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return numeral(value, 2) if value >= 1e-3 else f"{mantissa} \\cdot 10^{{{int(exponent)}}}"
