"""Values of constant parts: exact where rational."""

import math
from fractions import Fraction

import pytest

from giantstep.targets.constants import constant_value
from giantstep.targets.grammar import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 + 0.2 - 0.3", Fraction(0)),
        ("1/3", Fraction(1, 3)),
        ("-2**-2", Fraction(-1, 4)),
        ("sqrt(0.25)*4**1.5", Fraction(4)),
        ("He3(1/2)", Fraction(-11, 8)),
        ("max(1/3, 0.3) - min(1, 2)", Fraction(-2, 3)),
        ("relu(-1) + abs(-1/7) + sign(-3)", Fraction(-6, 7)),
        ("z1**0", Fraction(1)),
    ],
)
def test_rational_constants_are_exact(text, value):
    found = constant_value(parse(text))
    assert isinstance(found, Fraction)
    assert found == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pi*2", 2 * math.pi),
        ("2**(1/3)", 2 ** (1 / 3)),
        ("exp(1) - e", 0.0),
        ("tanh(1)*erf(1)", math.tanh(1) * math.erf(1)),
        ("sin(1)**2 + cos(1)**2", 1.0),
    ],
)
def test_other_constants_are_floats(text, value):
    assert float(constant_value(parse(text))) == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize("text", ["z1", "0*z1", "z1 - z1", "1 + tanh(z2)", "max(1, z1)"])
def test_what_holds_a_variable_is_not_a_constant(text):
    assert constant_value(parse(text)) is None


def test_nested_powers_stay_short_numbers():
    found = constant_value(parse("(((1.1**12/3)**12*(7/5)**12)**12)**0.1*0 + ((1/3 + 0.7)**12)**12"))
    assert isinstance(found, float)
    assert found == pytest.approx((31 / 30) ** 144)
