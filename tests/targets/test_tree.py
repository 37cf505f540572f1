"""Trees keep one shape for one meaning, and their text is canonical."""

from fractions import Fraction

import pytest

from giantstep.targets import tree
from giantstep.targets.grammar import parse
from giantstep.targets.tree import Inverse, Negative, Number, Product, Sum, Variable, text_of

X, Y = Variable(0), Variable(1)


def test_two_minus_signs_cancel():
    assert tree.negate(tree.negate(X)) == X


def test_signs_are_pulled_out_of_products_and_quotients():
    assert tree.multiply(Negative(X), Negative(Y)) == Product((X, Y))
    assert tree.multiply(X, Negative(Y)) == Negative(Product((X, Y)))
    assert tree.divide(Negative(X), Negative(Y)) == Product((X, Inverse(Y)))


def test_sums_and_products_are_flat():
    assert tree.add(tree.add(X, Y), tree.add(X, Y)) == Sum((X, Y, X, Y))
    assert tree.multiply(tree.multiply(X, Y), tree.multiply(X, Y)) == Product((X, Y, X, Y))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("z1+z2*z3", "z1 + z2*z3"),
        ("(z1+z2)*z3", "(z1 + z2)*z3"),
        ("-z1-z2", "-z1 - z2"),
        ("-(z1+z2)", "-(z1 + z2)"),
        ("z1/(2*3)", "z1/(2*3)"),
        ("z1/2/3", "z1/2/3"),
        ("z1*-2", "-z1*2"),
        ("(-z1)^2", "(-z1)**2"),
        ("-z1^2", "-z1**2"),
        ("(z1^2)^3", "(z1**2)**3"),
        ("2^3^2*z1", "2**(3**2)*z1"),
        ("2^-1*z1", "2**(-1)*z1"),
        ("max( z1,-z2 )", "max(z1, -z2)"),
        ("2.50*z1", "2.5*z1"),
        ("1e2*z1", "100*z1"),
        ("1e9*z1", "1e9*z1"),
        ("12e10*z1", "12e10*z1"),
        ("1e-3*z1", "0.001*z1"),
        ("1.25e-20*z1", "125e-22*z1"),
        ("0.000*z1", "0*z1"),
        ("000.1000*z1", "0.1*z1"),
    ],
)
def test_the_text_is_canonical(text, canonical):
    assert text_of(parse(text)) == canonical
    assert parse(canonical) == parse(text)


def test_a_lone_inverse_still_has_a_text():
    assert text_of(Inverse(Sum((X, Number(Fraction(1)))))) == "1/(z1 + 1)"


def test_walking_visits_every_node_once():
    nodes = list(tree.walk(parse("2*z1 - tanh(z2/3)**2")))
    assert len(nodes) == 12
    assert tree.variables_of(parse("2*z1 - tanh(z3/3)**2")) == {0, 2}


@pytest.mark.parametrize("ask", [text_of])
def test_what_is_not_a_node_is_a_mistake_of_ours(ask):
    with pytest.raises(TypeError, match="not a node"):
        ask("z1")
