"""Which expressions are polynomials, and exactly which ones."""

from fractions import Fraction

import pytest

from giantstep.targets.expansion import expand
from giantstep.targets.grammar import parse


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("(z1 + z2)*(z1 - z2)", {(2, 0): 1, (0, 2): -1}),
        ("He2(z1 + z2)", {(2, 0): 1, (1, 1): 2, (0, 2): 1, (0, 0): -1}),
        ("0.25*z1/3", {(1, 0): Fraction(1, 12)}),
        ("(z1 - 1)**3", {(3, 0): 1, (2, 0): -3, (1, 0): 3, (0, 0): -1}),
        ("z1**0 + sqrt(4)", {(0, 0): 3}),
        ("z1 - z1", {}),
        ("-(z1 - abs(-2)*z2)", {(1, 0): -1, (0, 1): 2}),
        ("He1(He2(z1))", {(2, 0): 1, (0, 0): -1}),
    ],
)
def test_polynomials_expand_exactly(text, terms):
    found = expand(parse(text), 2)
    assert found.exact
    assert dict(found.terms) == terms


@pytest.mark.parametrize(
    "text", ["tanh(z1)", "z1 + relu(z2)", "1/(1 + z1**2)", "sqrt(z1**2)", "abs(z1)**2", "max(z1, 1)"]
)
def test_other_functions_are_not_polynomials(text):
    assert expand(parse(text), 2) is None


def test_an_irrational_number_makes_float_coefficients():
    found = expand(parse("pi*z1 + z2"), 2)
    assert not found.exact
    assert float(found.terms[1, 0]) == pytest.approx(3.141592653589793)
