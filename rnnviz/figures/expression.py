"""An equation that can be read in letters and checked in numbers.

One tree gives both: its leaves carry a symbol and a value. The numbers are written with as many digits as it takes for
the line to come true: who puts what is shown on the left into a calculator gets what is shown on the right.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

DIGITS = (4, 5, 6, 3)  # significant ones of a result, in the order in which they are tried
MOST_DIGITS = 10  # of what it is made from
NEW_LINE = r" \\ "
WIDEST = 23  # characters in a row on a screen of 390 pixels
NARROW = re.compile(r"\\(?!tanh)[a-z]+|[\\_^{} ]")  # what takes hardly any room in a row
PLAIN = range(-4, 6)  # powers of ten that are written out


class Expression(ABC):
    """`letters` and `numbers` are LaTeX; `at(digits)` is the value of what `numbers(digits)` shows."""

    @property
    @abstractmethod
    def letters(self) -> str: ...

    @abstractmethod
    def numbers(self, digits: int) -> str: ...

    @abstractmethod
    def at(self, digits: int) -> float: ...


@dataclass(frozen=True)
class Leaf(Expression):
    """A symbol and the number that it stands for."""

    symbol: str
    value: float

    @property
    def letters(self) -> str:
        return self.symbol

    def numbers(self, digits: int) -> str:
        return in_latex(self.value, digits)

    def at(self, digits: int) -> float:
        return rounded(self.value, digits)


@dataclass(frozen=True)
class Sum(Expression):
    terms: tuple[Expression, ...]

    @property
    def letters(self) -> str:
        return " + ".join(term.letters for term in self.terms)

    def numbers(self, digits: int) -> str:
        first, *rest = (term.numbers(digits) for term in self.terms)
        return first + "".join(f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in rest)

    def first_half(self) -> Expression:
        return Sum(self.terms[: (len(self.terms) + 1) // 2])

    def at(self, digits: int) -> float:
        return sum(term.at(digits) for term in self.terms)


@dataclass(frozen=True)
class Product(Expression):
    """`sign` is how the elementwise product is written in letters: ⊙ or ∗."""

    sign: str
    factors: tuple[Expression, ...]

    @property
    def letters(self) -> str:
        return f" {self.sign} ".join(bracketed(factor, factor.letters) for factor in self.factors)

    def numbers(self, digits: int) -> str:
        return r" \cdot ".join(bracketed(factor, factor.numbers(digits)) for factor in self.factors)

    def first_half(self) -> Expression:
        return Product(self.sign, self.factors[: (len(self.factors) + 1) // 2])

    def at(self, digits: int) -> float:
        return math.prod(factor.at(digits) for factor in self.factors)


@dataclass(frozen=True)
class Complement(Expression):
    """1 − x."""

    of: Expression

    @property
    def letters(self) -> str:
        return f"1 - {self.of.letters}"

    def numbers(self, digits: int) -> str:
        return f"1 - {bracketed(self.of, self.of.numbers(digits))}"

    def at(self, digits: int) -> float:
        return 1.0 - self.of.at(digits)


@dataclass(frozen=True)
class Applied(Expression):
    """φ(x)."""

    name: str
    function: Callable[[float], float]
    argument: Expression

    @property
    def letters(self) -> str:
        return f"{self.name}({self.argument.letters})"

    def numbers(self, digits: int) -> str:
        return f"{self.name}({self.argument.numbers(digits)})"

    def at(self, digits: int) -> float:
        return self.function(self.argument.at(digits))


def bracketed(part: Expression, written: str) -> str:
    return f"({written})" if isinstance(part, Sum | Complement) or written.startswith("-") else written


@dataclass(frozen=True)
class Equation:
    """`left` = `right`, of which the run says that it is `value`. `name` is the key of what it is called."""

    name: str
    left: str
    right: Expression
    value: float

    def latex(self, time: int, unit: int) -> str:
        """In letters for the whole layer, then in the numbers of one unit at one time step."""
        own = rf"\left[{self.left.replace('_t', f'_{{{time}}}')}\right]_{{{unit}}}"
        if isinstance(self.right, Leaf):
            return aligned(f"{own} &= {self.right.numbers(DIGITS[0])}")
        return aligned(f"{self.left} &= {folded(self.right, letters)}", f"{own} &{self.filled_in()}")

    def filled_in(self) -> str:
        """= the numbers put in = the function of their sum = the result; ≈ where rounding of the run itself shows."""
        right = self.right
        if not isinstance(right, Applied) or isinstance(right.argument, Leaf):
            terms, result = shown(right, self.value)
            return f"= {folded(right, lambda part: part.numbers(terms))}{NEW_LINE}&{self.result(result)}"
        inside = right.argument.at(17)
        a, result = shown(Applied(right.name, right.function, Leaf("", inside)), self.value)
        terms = digits_for(right.argument, inside, a)
        then = f"{right.name}({in_latex(inside, a)})"
        filled = folded(right, lambda part: part.numbers(terms or a))
        return f"= {filled}{NEW_LINE}&{equals(terms)} {then} {self.result(result)}"

    def result(self, digits: int) -> str:
        return f"{equals(digits)} {in_latex(self.value, digits or DIGITS[0])}"


def aligned(*rows: str) -> str:
    return rf"\begin{{aligned}} {NEW_LINE.join(rows)} \end{{aligned}}"


def letters(part: Expression) -> str:
    return part.letters


def folded(right: Expression, write: Callable[[Expression], str]) -> str:
    """In two rows if it is wider than a phone."""
    whole, inside = write(right), right.argument if isinstance(right, Applied) else right
    if not isinstance(inside, Sum | Product) or len(NARROW.sub("", whole)) <= WIDEST:
        return whole
    first, both = write(inside.first_half()), write(inside)
    return whole.replace(both, rf"{first}{NEW_LINE}&\qquad {both.removeprefix(first).lstrip()}")


def equals(digits: int) -> str:
    return "=" if digits else r"\approx"


def shown(right: Expression, value: float) -> tuple[int, int]:
    """(digits of the numbers put in, digits of the result) so that the line is true as it is written; (4, 0) if none is."""
    for result in DIGITS:
        digits = digits_for(right, value, result)
        if digits:
            return digits, result
    return DIGITS[0], 0


def digits_for(right: Expression, value: float, result: int) -> int:
    """The fewest digits with which `right` comes out as `value` to `result` digits; 0 if there are none."""
    target = rounded(value, result)
    for digits in range(result, MOST_DIGITS + 1):
        if rounded(right.at(digits), result) == target:
            return digits
    return 0


def rounded(value: float, digits: int) -> float:
    """To significant digits; infinity and NaN stay."""
    return float(f"{value:.{digits - 1}e}")


def in_latex(value: float, digits: int) -> str:
    if math.isnan(value):
        return r"\mathrm{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if power in PLAIN:
        return f"{rounded(value, digits):.{max(digits - 1 - power, 0)}f}"
    return rf"{mantissa} \times 10^{{{power}}}"
