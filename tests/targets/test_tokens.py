"""Tokens and their columns."""

import pytest

from giantstep.errors import SpecError
from giantstep.targets.tokens import tokenize


def test_tokens_carry_their_column_and_kind():
    found = [(token.kind, token.text, token.column) for token in tokenize("z1 +1.5e-3**He3")]
    assert found == [
        ("name", "z1", 1),
        ("sign", "+", 4),
        ("number", "1.5e-3", 5),
        ("sign", "**", 11),
        ("name", "He3", 13),
        ("end", "", 16),
    ]


@pytest.mark.parametrize("text", ["1", "1.", ".5", "1.5", "1e5", "1E+5", "1.5e-05", ".5e1"])
def test_a_number_is_one_token(text):
    assert [token.text for token in tokenize(text)] == [text, ""]


def test_white_space_of_every_ascii_kind_separates():
    assert [token.text for token in tokenize(" z1\t+\r\nz2 ")] == ["z1", "+", "z2", ""]


def test_a_foreign_character_is_named_by_its_code_and_name():
    with pytest.raises(SpecError, match=r"column 3 .*the character U\+0437 \(cyrillic small letter ze\)"):
        tokenize("z1\u0437")


def test_the_excerpt_never_holds_a_control_character():
    with pytest.raises(SpecError, match=r"z1\\n\\x1b") as caught:
        tokenize("z1\n\x1b[31m")
    assert str(caught.value).isprintable()
