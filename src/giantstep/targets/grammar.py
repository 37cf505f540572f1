"""The grammar of targets: from tokens to a checked tree.

    expression = term { ("+" | "-") term }
    term       = signed { ("*" | "/") signed }
    signed     = ("+" | "-") signed | power
    power      = atom [ ("**" | "^") signed ]          (binds to the right: 2**3**2 is 2**9)
    atom       = number | "pi" | "e" | z<index> | "(" expression ")"
               | name "(" expression { "," expression } ")"

The parser reads this by precedence climbing.  Every node is checked as it is made, so that each refusal can
name its place; what is let through has all moments under a Gaussian and evaluates without surprises.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NoReturn

from giantstep.errors import nearest
from giantstep.targets import tree
from giantstep.targets.checks import (
    complaint_about_divisor,
    complaint_about_exponential,
    complaint_about_power,
    complaint_about_root,
    complaint_about_size,
)
from giantstep.targets.tokens import Token, fail, tokenize
from giantstep.targets.tree import Call, Constant, Node, Number, Power, Variable
from giantstep.targets.vocabulary import (
    CONSTANTS,
    FUNCTIONS,
    MAX_CONSTANT,
    MAX_HERMITE,
    MAX_LITERAL,
    MAX_NESTING,
    MAX_NODES,
    MAX_VARIABLE,
)

_ADDITIVE, _MULTIPLICATIVE, _SIGN, _POWER = 1, 2, 3, 4
_TIGHTNESS = {"+": _ADDITIVE, "-": _ADDITIVE, "*": _MULTIPLICATIVE, "/": _MULTIPLICATIVE, "**": _POWER}
_VARIABLE = re.compile(r"z([1-9][0-9]?)")


def parse(source: str) -> Node:
    """Parse and check the text of a target.

    Parameters
    ----------
    source : str
        An expression such as ``"z1 + 0.5*He3(z2)"``.

    Returns
    -------
    Node
        The frozen tree; ``parse(text_of(parse(s))) == parse(s)``.

    Raises
    ------
    SpecError
        One line: the column, what was found, what is allowed.  No other exception leaves this function.

    Examples
    --------
    >>> parse("z1*z2") == parse("(z1) * z2")
    True
    >>> parse("z1 + tahn(z2)")
    Traceback (most recent call last):
        ...
    giantstep.errors.SpecError: target: column 6 of 'z1 + tahn(z2)': unknown name 'tahn'; did you mean 'tanh'?
    """
    return _Parser(source).whole()


class _Parser:
    """One pass over the tokens; the only state is the position and the two counts that have limits."""

    def __init__(self, source: str) -> None:
        self.tokens = tokenize(source)
        self.source = source
        self.position = 0
        self.nesting = 0
        self.nodes = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def whole(self) -> Node:
        if len(self.tokens) == 1:
            fail(self.source, 1, "the expression is empty; write one such as z1 + z1*z2")
        node = self.expression(_ADDITIVE)
        if self.token.kind != "end":
            self.refuse_after_operand(self.token)
        return node

    def expression(self, loosest: int) -> Node:
        """Parse operators that bind at least as tightly as `loosest`."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            fail(self.source, self.token.column, f"nested deeper than {MAX_NESTING} levels; simplify it")
        start = self.token
        left = self.prefix()
        while True:
            operator = self.token
            tightness = _TIGHTNESS.get(operator.text, 0) if operator.kind == "sign" else 0
            if tightness < max(loosest, 1):
                break
            self.take()
            # a power takes a signed power on its right; the others group to the left
            right = self.expression(_SIGN if tightness == _POWER else tightness + 1)
            left = self.combine(operator, left, right, start)
        self.nesting -= 1
        return left

    def prefix(self) -> Node:
        token = self.take()
        match token.kind:
            case "number":
                return self.count(Number(self.number(token)), token)
            case "name":
                return self.named(token)
            case "sign" if token.text in "+-":
                operand = self.expression(_SIGN)
                return self.count(tree.negate(operand), token) if token.text == "-" else operand
            case "sign" if token.text == "(":
                node = self.expression(_ADDITIVE)
                self.close(token)
                return node
        if not token.text:
            fail(self.source, token.column, "the expression ends where a value was expected")
        fail(self.source, token.column, f"found '{token.text}' where a value was expected")

    def named(self, token: Token) -> Node:
        name = token.text
        called = self.token.kind == "sign" and self.token.text == "("
        if name in FUNCTIONS:
            if not called:
                fail(self.source, token.column, f"'{name}' needs its argument in brackets: {name}(...)")
            return self.call(token)
        if called and (name in CONSTANTS or _VARIABLE.fullmatch(name)):
            fail(self.source, token.column, f"'{name}' is not a function; write '*' before the bracket")
        if name in CONSTANTS:
            return self.count(Constant(name), token)
        found = _VARIABLE.fullmatch(name)
        if found and int(found.group(1)) <= MAX_VARIABLE:
            return self.count(Variable(int(found.group(1)) - 1), token)
        self.refuse_name(token)

    def refuse_name(self, token: Token) -> NoReturn:
        name = token.text if len(token.text) <= 40 else token.text[:40] + "..."
        if re.fullmatch(r"[zx]_?[0-9]*", name, re.IGNORECASE):
            hint = f"; variables are z1..z{MAX_VARIABLE}"
        elif re.fullmatch(r"he_?[0-9]+", name, re.IGNORECASE):
            hint = f"; Hermite polynomials are He1..He{MAX_HERMITE}"
        else:
            hint = nearest(token.text, (*FUNCTIONS, *CONSTANTS))
            if not hint:
                functions = " ".join([f for f in FUNCTIONS if not f.startswith("He")])
                hint = f"; allowed are z1..z{MAX_VARIABLE}, He1..He{MAX_HERMITE}, {functions}, pi, e"
        fail(self.source, token.column, f"unknown name '{name}'{hint}")

    def number(self, token: Token) -> Fraction:
        if len(token.text) > MAX_LITERAL:
            fail(self.source, token.column, f"a number of {len(token.text)} digits, at most {MAX_LITERAL}")
        _, _, exponent = token.text.lower().partition("e")
        # the exponent is looked at before 10**exponent is built
        if exponent and abs(int(exponent)) > 2 * MAX_LITERAL:
            self.refuse_size(token)
        value = Fraction(token.text)
        if value and not 1 / MAX_CONSTANT <= value <= MAX_CONSTANT:
            self.refuse_size(token)
        return value

    def refuse_size(self, token: Token) -> NoReturn:
        span = f"{1 / MAX_CONSTANT:g}..{MAX_CONSTANT:g}"
        fail(self.source, token.column, f"the number {token.text} is outside the allowed sizes {span}")

    def call(self, token: Token) -> Node:
        opening = self.take()
        fewest, most = FUNCTIONS[token.text]
        arguments: list[Node] = []
        while not (self.token.kind == "sign" and self.token.text == ")" and not arguments):
            arguments.append(self.expression(_ADDITIVE))
            if not (self.token.kind == "sign" and self.token.text == ","):
                break
            self.take()
        self.close(opening)
        if not fewest <= len(arguments) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            noun = "argument" if fewest == most == 1 else "arguments"
            fail(
                self.source,
                token.column,
                f"'{token.text}' takes {wanted} {noun}, found {len(arguments)}",
            )
        match token.text:
            case "sqrt":
                self.complain(token, complaint_about_root(arguments[0]))
            case "exp":
                self.complain(token, complaint_about_exponential(arguments[0]))
        return self.checked(Call(token.text, tuple(arguments)), token)

    def close(self, opening: Token) -> None:
        token = self.token
        if token.kind == "sign" and token.text == ")":
            self.take()
            return
        if not token.text:
            fail(self.source, opening.column, "this bracket is never closed; add ')'")
        self.refuse_after_operand(token)

    def refuse_after_operand(self, token: Token) -> NoReturn:
        piece = token.text if len(token.text) <= 40 else token.text[:40] + "..."
        if token.kind in ("name", "number") or token.text == "(":
            fail(self.source, token.column, f"found '{piece}' right after a value; write '*' between them")
        if token.text == ",":
            fail(self.source, token.column, "found ',' outside the arguments of a function")
        fail(self.source, token.column, f"found '{piece}', which closes nothing")

    def combine(self, operator: Token, left: Node, right: Node, start: Token) -> Node:
        match operator.text:
            case "+":
                return self.count(tree.add(left, right), operator)
            case "-":
                return self.count(tree.add(left, tree.negate(right)), operator)
            case "*":
                return self.checked(tree.multiply(left, right), start)
            case "/":
                self.complain(operator, complaint_about_divisor(right))
                return self.checked(tree.divide(left, right), start)
        self.complain(start, complaint_about_power(left, right))
        return self.checked(Power(left, right), start)

    def checked(self, node: Node, token: Token) -> Node:
        self.complain(token, complaint_about_size(node))
        return self.count(node, token)

    def count(self, node: Node, token: Token) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            fail(self.source, token.column, f"more than {MAX_NODES} parts; shorten the expression")
        return node

    def complain(self, token: Token, complaint: str | None) -> None:
        if complaint is not None:
            fail(self.source, token.column, complaint)
