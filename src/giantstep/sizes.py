"""One grammar for every size: ``4096``, ``1e6``, ``3d``, ``4p``, ``d^2``, ``2*p``, ``p*sqrt(d)``.

A size is a monomial ``coefficient * d^a * p^b``. Its power of ``d`` is what theory reads (the batch
exponent), its value at a given dimension and width is what a simulation uses.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from giantstep.errors import SpecError

_NUMBER = r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
LARGEST = 1e30
"""The largest number that a text may hold; a plain number may be any float."""
_TOKEN = re.compile(rf"\s*(?:(?P<number>{_NUMBER})|(?P<name>[A-Za-z_]+)|(?P<op>\*\*|[*^/()+-]))")
_ALLOWED = (
    "a number or a product of numbers, d, p, sqrt(d), sqrt(p) and their powers, "
    "such as 4096, '3d', 'd^2', 'p*sqrt(d)'"
)
_MAX_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Size:
    """A batch size or learning rate: ``coefficient * d^d_power * p^p_power``.

    Attributes
    ----------
    coefficient, d_power, p_power : Fraction
        Exact; ``0.1`` is 1/10.

    Examples
    --------
    >>> Size.parse("3d")
    Size('3d')
    >>> Size.parse("3d").count(dimension=10**6, width=8)
    3000000
    >>> Size.parse("p*sqrt(d)").at(dimension=100, width=4)
    40.0
    >>> Size.parse("d^2").exponent, Size.parse(4096).exponent
    (2.0, None)
    """

    coefficient: Fraction
    d_power: Fraction = Fraction(0)
    p_power: Fraction = Fraction(0)

    @classmethod
    def parse(cls, value: Size | str | int | float, *, name: str = "size") -> Size:
        """Read a size from a number or from text.

        Parameters
        ----------
        value : Size, str, int or float
            What to read. Numbers are taken exactly as they print (``0.1`` is 1/10).
        name : str
            What the size is for; errors begin with it.

        Raises
        ------
        SpecError
            When the value is not finite or not of the grammar.
        """
        if isinstance(value, Size):
            return value
        numeric = isinstance(value, str) or hasattr(value, "__float__")
        if isinstance(value, bool) or not numeric:
            raise SpecError(f"{name}: found {value!r}, expected {_ALLOWED}.")
        if not isinstance(value, str):
            if not math.isfinite(float(value)):
                raise SpecError(f"{name}: found {float(value)}, expected a finite number.")
            exact = value if isinstance(value, int) else Fraction(repr(float(value)))
            return cls(Fraction(exact))
        if value.strip().lower() in {"nan", "inf", "+inf", "-inf", "infinity", "-infinity"}:
            raise SpecError(f"{name}: found {value.strip()}, expected a finite number.")
        return _Reader(value, name).read()

    def at(self, *, dimension: int, width: int) -> float:
        """Return the value at a dimension and a width, as a float."""
        try:
            powers = float(dimension) ** float(self.d_power) * float(width) ** float(self.p_power)
            value = float(self.coefficient) * powers
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise SpecError(f"size '{self}': too large for a float at dimension {dimension}.")
        return value

    def count(self, *, dimension: int, width: int, name: str = "batch") -> int:
        """Return the value as a whole number >= 1, exact where the powers are whole.

        Raises
        ------
        SpecError
            When the value is below 1, or above 10^15.
        """
        if self.d_power.denominator == 1 and self.p_power.denominator == 1:
            value = self.coefficient * Fraction(dimension) ** int(self.d_power)
            value *= Fraction(width) ** int(self.p_power)
            count = round(value)
        else:
            count = round(self.at(dimension=dimension, width=width))
        if not 1 <= count <= 10**15:
            raise SpecError(
                f"{name}: found {str(self)!r} = {float(count):g} at dimension {dimension}, "
                f"expected a whole number from 1 to 1e15."
            )
        return count

    @property
    def exponent(self) -> float | None:
        """The power of ``d``, or None for a size that does not mention ``d``."""
        return float(self.d_power) if self.d_power else None

    def power_of_d(self, *, dimension: int, width: int) -> float:
        """Return the power of d it stands for: its own, else log n / log d to the nearest half.

        >>> Size.parse("3d").power_of_d(dimension=100, width=1)
        1.0
        >>> Size.parse(4096).power_of_d(dimension=4000, width=1)
        1.0
        """
        if self.exponent is not None:
            return self.exponent
        count = self.count(dimension=dimension, width=width)
        return round(2 * math.log(count) / math.log(dimension)) / 2

    def __str__(self) -> str:
        parts = []
        for symbol, power in (("d", self.d_power), ("p", self.p_power)):
            if power == 1:
                parts.append(symbol)
            elif power:
                parts.append(f"{symbol}^{_number(power) if power > 0 else f'({_number(power)})'}")
        if not parts:
            return _number(self.coefficient)
        if self.coefficient == 1:
            return "*".join(parts)
        head = _number(self.coefficient)
        return head + parts[0] if len(parts) == 1 else "*".join([head, *parts])

    def __repr__(self) -> str:
        return f"Size({str(self)!r})"


def _number(value: Fraction) -> str:
    """Print so that reading it back gives the same fraction where a float can hold it."""
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


class _Reader:
    """Recursive descent over ``term (('*'|'/') term | term)*`` with ``term = atom ('^' exponent)?``."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name, self.tokens, self.index = text, name, [], 0
        if len(text) > _MAX_LENGTH:
            raise SpecError(f"{name}: found {len(text)} characters, expected at most {_MAX_LENGTH}.")
        self.tokens = self._tokenise()

    def _tokenise(self) -> list[tuple[str, int]]:
        tokens, position, text = [], 0, self.text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(position, text[position:].strip()[:1])
            token = (match["number"] or match["name"] or match["op"]).replace("**", "^")
            start = match.end() - len(match[0].lstrip())
            # '3dp' and 'dp' are products of one-letter names.
            split = list(token) if re.fullmatch(r"[dp]+", token) else [token]
            tokens += [(part, start) for part in split]
            position = match.end()
        if not tokens:
            raise SpecError(f"{self.name}: found an empty text, expected {_ALLOWED}.")
        return tokens

    def _error(self, position: int, found: str) -> SpecError:
        return SpecError(
            f"{self.name}: found {found!r} at column {position + 1} of {self.text!r}, expected {_ALLOWED}."
        )

    def _peek(self) -> str:
        return self.tokens[self.index][0] if self.index < len(self.tokens) else ""

    def _take(self) -> tuple[str, int]:
        if self.index == len(self.tokens):
            raise self._error(len(self.text), "the end")
        self.index += 1
        return self.tokens[self.index - 1]

    def read(self) -> Size:
        sign = 1
        if self._peek() in {"+", "-"}:
            sign = -1 if self._take()[0] == "-" else 1
        result = self._term()
        while self.index < len(self.tokens):
            divide = False
            if self._peek() in {"*", "/"}:
                divide = self._take()[0] == "/"
            result = _times(result, self._term(), -1 if divide else 1, self)
        return Size(sign * result.coefficient, result.d_power, result.p_power)

    def _term(self) -> Size:
        atom = self._atom()
        if self._peek() == "^":
            self._take()
            return _power(atom, self._exponent(), self)
        return atom

    def _atom(self) -> Size:
        token, position = self._take()
        if token == "d":
            return Size(Fraction(1), d_power=Fraction(1))
        if token == "p":
            return Size(Fraction(1), p_power=Fraction(1))
        if token == "sqrt":
            self._expect("(")
            inner = self._term()
            self._expect(")")
            return _power(inner, Fraction(1, 2), self)
        if token[0].isdigit() or token[0] == ".":
            return Size(self._fraction(token, position))
        raise self._error(position, token)

    def _exponent(self) -> Fraction:
        token, position = self._take()
        if token == "(":
            sign = -1 if self._peek() == "-" and self._take() else 1
            token, position = self._take()
            value = self._fraction(token, position)
            if self._peek() == "/":
                self._take()
                divisor = self._fraction(*self._take())
                if not divisor:
                    raise self._error(position, "division by zero")
                value /= divisor
            self._expect(")")
            value *= sign
        else:
            value = self._fraction(token, position)
        if abs(value) > 12:
            raise self._error(position, f"exponent {token}")
        return value

    def _fraction(self, token: str, position: int) -> Fraction:
        if not (token[0].isdigit() or token[0] == "."):
            raise self._error(position, token)
        # An exponent such as 1e999999999 would build a giant integer before any check could see it.
        if abs(float(token)) > LARGEST or (
            float(token) == 0 and re.search(r"[1-9]", token.lower().split("e")[0])
        ):
            raise self._error(position, token)
        return Fraction(token)

    def _expect(self, wanted: str) -> None:
        token, position = self._take()
        if token != wanted:
            raise self._error(position, token)


def _times(a: Size, b: Size, power: int, reader: _Reader) -> Size:
    if power < 0 and not b.coefficient:
        raise reader._error(0, "division by zero")
    return Size(
        a.coefficient * b.coefficient**power, a.d_power + power * b.d_power, a.p_power + power * b.p_power
    )


def _power(base: Size, power: Fraction, reader: _Reader) -> Size:
    if power.denominator == 1:
        if power < 0 and not base.coefficient:
            raise reader._error(0, "division by zero")
        coefficient = base.coefficient ** int(power)
    else:
        coefficient = Fraction(repr(float(base.coefficient) ** float(power)))
    return Size(coefficient, base.d_power * power, base.p_power * power)
