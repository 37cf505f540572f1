"""Hostile and broken text: only a one-line SpecError may come out, and quickly."""

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from giantstep.errors import SpecError
from giantstep.targets import Target
from giantstep.targets.grammar import parse
from giantstep.targets.tree import text_of
from giantstep.targets.vocabulary import ALLOWED, MAX_LENGTH, MAX_NESTING

CORPUS = Path(__file__).parents[1] / "data" / "attacks.txt"


def corpus() -> list[str]:
    lines = CORPUS.read_text("ascii").splitlines()
    kept = [line for line in lines if line and not line.startswith("# ")]
    return [line.encode("ascii").decode("unicode_escape") for line in kept]


GROWN = {
    "open brackets": "(" * 1999,
    "closed brackets": "(" * 900 + "z1" + ")" * 900,
    "minus signs": "-" * 1990 + "z1",
    "plus signs": "+" * 1990 + "z1",
    "functions": "abs(" * 400 + "z1" + ")" * 400,
    "powers": "z1" + "**2" * 600,
    "power tower": "9" + "**9" * 600,
    "inverted": "1/(1+" * 300 + "z1**2" + ")" * 300,
    "very long": "z1+" * 1_000_000 + "z1",
    "long name": "z" * 1999,
    "long number": "1" * 1999,
    "long fraction": "0." + "3" * 1990,
    "long exponent": "1e" + "9" * 1990,
    "long text of spaces": " " * 1999,
    "many terms": "+".join(["z1"] * 600),
    "many factors": "*".join(["z1"] * 60),
    "huge product": "*".join(["1e30"] * 100),
    "tiny product": "*".join(["1e-30"] * 100),
    "deep arguments": "max(1," * 300 + "z1" + ")" * 300,
    "nested exponents": "2**(" * 400 + "1" + ")" * 400,
    "nested squares": "(" * 19 + "z1" + "**2)" * 19,
    "alternating": "-(" * 500 + "z1" + ")" * 500,
}


@pytest.mark.parametrize("text", corpus(), ids=ascii)
def test_every_attack_is_refused_in_one_line(text):
    with pytest.raises(SpecError) as caught:
        Target.parse(text)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("text", GROWN.values(), ids=GROWN)
def test_text_of_any_size_is_refused_quickly(text):
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        Target.parse(text)
    assert time.process_time() - start < 2.0
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", [None, 3, b"z1", ["z1"], 1.5, object()], ids=lambda x: type(x).__name__)
def test_what_is_not_text_is_refused(text):
    with pytest.raises(SpecError, match="expected text such as"):
        Target.parse(text)


def only_spec_errors(text: str) -> None:
    start = time.process_time()
    message = ""
    try:
        tree = parse(text)
    except SpecError as error:
        message = str(error)
    else:
        assert parse(text_of(tree)) == tree
    assert message.isprintable()
    assert len(message) < 500
    assert time.process_time() - start < 2.0


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60))
@example("\ud800")
def test_any_text_gives_a_tree_or_a_spec_error(text):
    only_spec_errors(text)


PIECES = [
    *"()+-*/^,.0129e ",
    *["**", "z1", "z2", "z33", "pi", "1e30", "1e-30", "0.5", "He3(", "He8(", "relu(", "sqrt(", "exp("],
    *["abs(", "tanh(", "max(", "min(", "sign(", "1/(", "(z1", "z1)", ")**12", "**-1", "**0.5", "**2"],
]


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_string_of_grammatical_pieces_gives_a_tree_or_a_spec_error(text):
    only_spec_errors(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=sorted(set(ALLOWED)), max_size=MAX_LENGTH + 10))
def test_long_text_of_allowed_characters_gives_a_tree_or_a_spec_error(text):
    only_spec_errors(text)


def test_the_deepest_tree_fits_in_a_small_stack():
    # 18 levels of everything a level can hold, from a stack that is half used
    text = "z1"
    for _ in range(MAX_NESTING - 2):
        text = f"tanh({text}**2*z2 + 1)"
    tree = parse(text)

    def down(levels: int) -> None:
        if levels:
            return down(levels - 1)
        target = Target.parse(text)
        assert parse(str(target)) == tree == target.link.tree
        assert hash(target.link) == hash(Target.parse(text).link)
        target([0.0, 1.0])
        target.link.gradient([0.0, 1.0])
        target.link.kinks()
        target.link.polynomial()
        target.link.summands()

    down(400)
