"""From the text of a target to tokens with their columns."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, NoReturn

from giantstep.errors import SpecError
from giantstep.targets.vocabulary import ALLOWED, MAX_LENGTH

Kind = Literal["number", "name", "sign", "end"]

_PATTERN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*/^(),])"
)

# What people paste from papers and word processors, and what they should have typed.
_LOOKALIKES = {
    "\u00d7": "*",
    "\u00b7": "*",
    "\u22c5": "*",
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u00f7": "/",
    "\u00b2": "**2",
    "\u00b3": "**3",
    "\u221a": "sqrt",
    "\u03c0": "pi",
    "[": "(",
    "{": "(",
    "]": ")",
    "}": ")",
    "|": "abs",
    "=": "an expression for the label, without 'y ='",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the text; `column` counts characters from 1."""

    kind: Kind
    text: str
    column: int


def fail(source: str, column: int, message: str) -> NoReturn:
    """Raise a one-line SpecError that names the column and shows the text around it."""
    start = max(0, column - 1 - 30)
    stop = column - 1 + 30
    excerpt = source[start:stop]
    shown = ("..." if start else "") + ascii(excerpt)[1:-1] + ("..." if stop < len(source) else "")
    end = "" if message.endswith("?") else "."
    raise SpecError(f"target: column {column} of '{shown}': {message}{end}")


def tokenize(source: str) -> tuple[Token, ...]:
    """Split `source` into tokens, closed by one of kind "end".

    Raises
    ------
    SpecError
        When the text is too long, or holds a character that is in no token.

    Examples
    --------
    >>> [token.text for token in tokenize("2*z1^2")]
    ['2', '*', 'z1', '**', '2', '']
    """
    if not isinstance(source, str):
        raise SpecError(f"target: found {type(source).__name__}, expected text such as 'z1 + z1*z2'.")
    if len(source) > MAX_LENGTH:
        raise SpecError(f"target: {len(source)} characters, at most {MAX_LENGTH} are allowed; shorten it.")
    tokens: list[Token] = []
    position = 0
    while position < len(source):
        found = _PATTERN.match(source, position)
        if found is None:
            _refuse_character(source, position)
        position = found.end()
        match found.lastgroup:
            case "number" | "name" as kind:
                tokens.append(Token(kind, found.group(), found.start() + 1))
            case "sign":
                text = "**" if found.group() == "^" else found.group()
                tokens.append(Token("sign", text, found.start() + 1))
    tokens.append(Token("end", "", len(source) + 1))
    return tuple(tokens)


def _refuse_character(source: str, position: int) -> NoReturn:
    character = source[position]
    if character.isascii() and character.isprintable():
        said = repr(character)
    else:
        name = unicodedata.name(character, "unnamed")
        said = f"the character U+{ord(character):04X} ({name.lower()})"
    meant = _LOOKALIKES.get(character)
    hint = f"; did you mean {meant!r}?" if meant and len(meant) < 8 else (f"; write {meant}" if meant else "")
    fail(source, position + 1, f"found {said}{hint or f'; allowed are {ALLOWED}'}")
