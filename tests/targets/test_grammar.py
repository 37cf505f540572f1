"""The grammar: what binds how, and what the refusals say."""

import re

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.targets.expression import Expression
from giantstep.targets.grammar import parse
from giantstep.targets.tree import text_of
from giantstep.targets.vocabulary import CONSTANTS, FUNCTIONS


def at(text, *z):
    return float(Expression.parse(text, max(len(z), 1))(list(z)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4.0),
        ("(-2)**2", 4.0),
        ("2**3**2", 512.0),
        ("2^3^2", 512.0),
        ("2**-1", 0.5),
        ("8/4/2", 1.0),
        ("8/4*2", 4.0),
        ("2*3**2", 18.0),
        ("1 - 2 - 3", -4.0),
        ("1 - (2 - 3)", 2.0),
        ("--3", 3.0),
        ("+-+3", -3.0),
        ("2*-3", -6.0),
        ("2 - -3", 5.0),
        ("-3*-2", 6.0),
        ("6/-3", -2.0),
        ("1e3 + .5 + 2.", 1002.5),
        ("1.5E-1", 0.15),
        ("max(1, 2, 3) - min(4, 5)", -1.0),
        ("He2(3) + He3(2)", 10.0),
        ("4**0.5 + 8**(1/3)", 4.0),
        ("e**2 - exp(2)", 0.0),
        ("cos(pi)", -1.0),
        ("erf(0.5)", 0.5204998778130465),
        ("0**0", 1.0),
        ("relu(-2) + sign(-2) + abs(-2)", 1.0),
    ],
)
def test_operators_bind_as_in_mathematics(text, value):
    assert at(text, 0.0) == pytest.approx(value, abs=1e-15)


def test_a_caret_and_a_double_star_are_the_same_power():
    assert parse("z1^2 - 3^2") == parse("z1**2 - 3**2")


def test_spaces_and_brackets_do_not_change_the_tree():
    assert parse(" ( z1 )*( (z2) )\n+ 1 ") == parse("z1*z2+1")


def test_sums_and_products_are_flat_whatever_the_brackets():
    assert parse("z1 + (z2 + z3)") == parse("(z1 + z2) + z3")
    assert parse("z1*(z2*z3)") == parse("z1*z2*z3")


def test_a_difference_of_a_sum_keeps_its_brackets():
    assert text_of(parse("z1 - (z2 + z3)")) == "z1 - (z2 + z3)"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_language_parses(name):
    count = FUNCTIONS[name][0]
    argument = "abs(z1)" if name == "sqrt" else "z1"
    text = f"{name}({', '.join([argument] * count)})"
    assert text_of(parse(text)) == text


def test_constants_have_their_values():
    assert (at("pi", 0.0), at("e", 0.0)) == (np.pi, np.e)
    assert set(CONSTANTS) == {"pi", "e"}


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "the expression is empty"),
        ("   ", 1, "the expression is empty"),
        ("z1 +", 5, "the expression ends where a value was expected"),
        ("z1 * * z2", 6, "found '*' where a value was expected"),
        ("z1 + tahn(z2)", 6, "unknown name 'tahn'; did you mean 'tanh'?"),
        ("Relu(z1)", 1, "did you mean 'relu'?"),
        ("z1 + z0", 6, "unknown name 'z0'; variables are z1..z32"),
        ("x1*z2", 1, "unknown name 'x1'; variables are z1..z32"),
        ("He9(z1)", 1, "Hermite polynomials are He1..He8"),
        ("quux(z1)", 1, "unknown name 'quux'; allowed are z1..z32, He1..He8, relu"),
        ("2z1", 2, "write '*' between them"),
        ("(z1)(z2)", 5, "write '*' between them"),
        ("z1(z2)", 1, "'z1' is not a function; write '*'"),
        ("tanh z1", 1, "'tanh' needs its argument in brackets"),
        ("tanh(z1, z2)", 1, "'tanh' takes 1 argument, found 2"),
        ("max(z1)", 1, "'max' takes 2 to 8 arguments, found 1"),
        ("2*(z1 + z2", 3, "this bracket is never closed"),
        ("z1 + z2)", 8, "found ')', which closes nothing"),
        ("z1, z2", 3, "found ',' outside the arguments"),
        ("z1 × z2", 4, "multiplication sign); did you mean '*'?"),
        ("z1²", 3, "did you mean '**2'?"),
        ("y = z1", 3, "without 'y ='"),
        ("1/z1", 2, "would have no finite second moment"),
        ("z1 + 1/(z2 - 1)", 7, "'z2 - 1' may come near zero"),
        ("z1/0", 3, "division by zero"),
        ("sqrt(z1)", 1, "'z1', which may be negative"),
        ("1 + sqrt(-4)", 5, "sqrt of the negative number -4"),
        ("z2*exp(z1**2)", 4, "may have no finite expectation"),
        ("z1**z2", 1, "exponents are numbers"),
        ("z1**0.5", 1, "write sqrt(...)"),
        ("z1**13", 1, "whole numbers 0..12"),
        ("z1**-1", 1, "the exponent -1 of 'z1' is not allowed"),
        ("9**9**9", 1, "exponent 3.8742e+08 is too large"),
        ("(-2)**0.5", 1, "the power 0.5 of the negative number -2"),
        ("1e31", 1, "outside the allowed sizes 1e-30..1e+30"),
        ("z1*(z2**12)**5", 4, "grows with degree 60, at most 48 is allowed"),
        ("(1e30*z1)**12", 1, "use smaller coefficients"),
    ],
)
def test_a_refusal_names_the_column_and_what_to_do(text, column, says):
    with pytest.raises(SpecError, match=re.escape(says)) as caught:
        Expression.parse(text)
    assert str(caught.value).startswith(f"target: column {column} of '")
    assert "\n" not in str(caught.value)


def test_a_long_text_is_shown_around_the_fault_only():
    text = "z1 + " * 100 + "tahn(z1)" + " + z1" * 100
    with pytest.raises(SpecError, match=r"column 501 of '\.\.\.") as caught:
        parse(text)
    assert len(str(caught.value)) < 200


def test_literals_are_exact_rationals():
    total = Expression.parse("0.1*z1 + 0.2*z1 - 0.3*z1").polynomial()
    assert total is not None
    assert dict(total.terms) == {}
