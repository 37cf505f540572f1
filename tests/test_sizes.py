"""One grammar for every size."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giantstep.errors import SpecError
from giantstep.sizes import Size


@pytest.mark.parametrize(
    ("text", "dimension", "width", "value"),
    [
        ("4096", 10, 3, 4096.0),
        ("1e6", 10, 3, 1e6),
        ("3d", 10, 3, 30.0),
        ("4p", 10, 3, 12.0),
        ("d^2", 10, 3, 100.0),
        ("d**2", 10, 3, 100.0),
        ("2*p", 10, 3, 6.0),
        ("p*sqrt(d)", 16, 3, 12.0),
        ("1/sqrt(p)", 16, 4, 0.5),
        ("0.5 d^1.5 / p", 16, 4, 8.0),
        ("d^(1/2)", 16, 4, 4.0),
        ("2dp", 10, 3, 60.0),
        ("sqrt(d^3)", 4, 1, 8.0),
        ("d^(-1)", 4, 1, 0.25),
    ],
)
def test_a_size_is_worth_its_monomial(text, dimension, width, value):
    assert Size.parse(text).at(dimension=dimension, width=width) == pytest.approx(value, rel=1e-15)


def test_the_batch_exponent_is_read_from_the_expression():
    assert Size.parse("3d").exponent == 1.0
    assert Size.parse("d^1.5").exponent == 1.5
    assert Size.parse(10**6).exponent is None
    assert Size.parse("4p").exponent is None


def test_counts_are_exact_at_a_billion_dimensions():
    assert Size.parse("3d").count(dimension=10**9 + 7, width=1) == 3 * 10**9 + 21


@given(
    coefficient=st.fractions(Fraction(1, 1000), 1000, max_denominator=1000),
    d_power=st.integers(-4, 4),
    p_power=st.sampled_from([Fraction(n, 2) for n in range(-4, 5)]),
)
def test_printing_and_reading_back_gives_the_same_value(coefficient, d_power, p_power):
    size = Size(coefficient, Fraction(d_power), p_power)
    again = Size.parse(str(size))
    assert (again.d_power, again.p_power) == (size.d_power, size.p_power)
    assert float(again.coefficient) == float(size.coefficient)
    assert str(again) == str(size)


NOT_SIZES = ["", "  ", "x", "3dd^", "d d d(", "2**", "sqrt(d", "d^99", "1e999999999", "nan", "inf", "1/0"]
NOT_SIZES += [
    "d+1",
    "d^d",
    "__import__('os')",
    "3" * 70,
    "d\0",
    "1e-400",
    "٣d",
    "2^0.5^2^9",
    "0^(-1)",
    "(-2)",
]


@pytest.mark.parametrize("bad", NOT_SIZES)
def test_what_is_not_a_size_is_refused_in_one_line(bad):
    with pytest.raises(SpecError) as caught:
        Size.parse(bad, name="batch").count(dimension=10, width=2)
    assert str(caught.value).startswith("batch: found")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), True, None, [3], object()])
def test_numbers_that_are_no_numbers_are_refused(bad):
    with pytest.raises(SpecError, match="learning_rate: found"):
        Size.parse(bad, name="learning_rate")


@given(st.text(max_size=40))
def test_any_text_is_a_size_or_a_spec_error(text):
    try:
        assert isinstance(Size.parse(text), Size)
    except SpecError:
        return


@pytest.mark.parametrize("size", ["d^12", "0.1", "0", "1e-9d"])
def test_a_batch_must_be_a_whole_number_of_samples(size):
    with pytest.raises(SpecError, match="expected a whole number from 1 to 1e15"):
        Size.parse(size).count(dimension=10**6, width=2)


def test_a_value_beyond_floats_says_so():
    with pytest.raises(SpecError, match="too large for a float"):
        Size.parse("d^12*d^12*d^12").at(dimension=10**12, width=10**6)
