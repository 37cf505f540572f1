"""What may be divided by, rooted, exponentiated and raised: each check returns a complaint or nothing."""

from __future__ import annotations

import math

from giantstep.targets.bounds import bounds_of
from giantstep.targets.constants import Real, constant_value
from giantstep.targets.tree import Node, text_of
from giantstep.targets.vocabulary import (
    MAX_CONSTANT,
    MAX_DEGREE,
    MAX_EXPONENT,
    MAX_VALUE,
    REACH,
    SMALLEST_DIVISOR,
)

_LOG_MAX = math.log(MAX_CONSTANT)


def shown(node: Node) -> str:
    """Return the text of a node for an error message, shortened when long."""
    text = text_of(node)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


def complaint_about_divisor(node: Node) -> str | None:
    """Divide by constants and by what keeps away from zero: 1/z1 has no finite second moment."""
    value = constant_value(node)
    if value is not None:
        return None if value != 0 else "division by zero"
    found = bounds_of(node)
    if found.low >= SMALLEST_DIVISOR or found.high <= -SMALLEST_DIVISOR:
        return None
    return (
        f"{shown(node)} may come near zero and the quotient would have no finite second moment; divide by "
        "constants or by something that stays away from zero, such as 1 + z1**2"
    )


def complaint_about_root(node: Node) -> str | None:
    """Take roots only of what cannot be negative."""
    value = constant_value(node)
    if value is not None:
        return None if value >= 0 else f"sqrt of the negative number {float(value):g}"
    if bounds_of(node).low >= 0.0:
        return None
    return (
        f"sqrt of {shown(node)}, which may be negative; allowed are sums of nonnegative parts "
        "(even powers, abs, relu, exp, nonnegative constants), for example sqrt(abs(z1))"
    )


def complaint_about_exponential(node: Node) -> str | None:
    """Allow exp where its moments are finite: the argument is bounded above or grows linearly at most."""
    value = constant_value(node)
    if value is not None:
        return None if abs(float(value)) <= _LOG_MAX else _outside(f"exp of {float(value):g}")
    found = bounds_of(node)
    if found.high < math.inf or found.degree <= 1.0:
        return None
    return (
        f"exp of {shown(node)} may have no finite expectation; allowed are arguments bounded above, such as "
        "-z1**2, or of linear growth, such as 2*z1"
    )


def complaint_about_power(base: Node, exponent: Node) -> str | None:
    """Allow whole powers 0..12 of anything and constant powers of constants."""
    power = constant_value(exponent)
    value = constant_value(base)
    if power is None:
        return f"the exponent {shown(exponent)} holds a variable; exponents are numbers, so write exp(...)"
    if abs(float(power)) > MAX_EXPONENT:
        return f"the exponent {_plain(power)} is too large; allowed are whole numbers 0..{MAX_EXPONENT}"
    if value is None:
        if power != int(power) or power < 0:
            return (
                f"the exponent {_plain(power)} of {shown(base)} is not allowed; allowed are whole numbers "
                f"0..{MAX_EXPONENT}" + ("; write sqrt(...) for the power 0.5" if power == 0.5 else "")
            )
        return None
    if value == 0:
        return None if power >= 0 else "division by zero: a negative power of zero"
    if value < 0 and power != int(power):
        return f"the power {_plain(power)} of the negative number {float(value):g}"
    if abs(float(power) * math.log(abs(float(value)))) > _LOG_MAX:
        return _outside(f"{shown(base)} to the power {_plain(power)}")
    return None


def complaint_about_size(node: Node) -> str | None:
    """Refuse constants, degrees and coefficients that would leave the range of floating point numbers."""
    value = constant_value(node)
    if value is not None:
        if value == 0 or 1.0 / MAX_CONSTANT <= abs(float(value)) <= MAX_CONSTANT:
            return None
        return _outside(f"the constant {shown(node)}")
    degree = bounds_of(node).degree
    if MAX_DEGREE < degree < math.inf:
        return f"{shown(node)} grows with degree {degree:g}, at most {MAX_DEGREE} is allowed"
    if not bounds_of(node, REACH).size <= MAX_VALUE:
        return f"{shown(node)} exceeds {MAX_VALUE:g} where some |z| <= {REACH:g}; use smaller coefficients"
    return None


def _plain(value: Real) -> str:
    return f"{float(value):g}"


def _outside(what: str) -> str:
    return f"{what} is outside the allowed sizes {1 / MAX_CONSTANT:g}..{MAX_CONSTANT:g}"
