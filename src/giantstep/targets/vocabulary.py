"""The words of the expression language and its limits.

Everything that may stand in a target is in this file; a word that is not here is an error, never a look-up.
"""

from __future__ import annotations

from types import MappingProxyType

MAX_LENGTH = 2000
"""Characters of a target."""
MAX_NESTING = 20
"""Brackets, function calls, signs and powers inside each other."""
MAX_NODES = 500
"""Nodes of the tree."""
MAX_VARIABLE = 32
"""Highest z index, and the highest rank of an expression."""
MAX_LITERAL = 40
"""Characters of one number."""
MAX_CONSTANT = 1e30
"""A constant other than zero lies between 1/MAX_CONSTANT and MAX_CONSTANT in size."""
MAX_EXPONENT = 12
"""Largest power."""
MAX_DEGREE = 48
"""Largest growth degree: 6**48 is the last power of 6 that fits float32, and |z| reaches 6 in a big batch."""
MAX_VALUE = 1e100
"""Largest bound on a value where every |z| <= REACH; squares must stay far from the end of float64."""
REACH = 8.0
"""A standard normal exceeds 8 once in 10**15 draws."""
MAX_HERMITE = 8
"""He1 .. He8."""
MAX_ARGUMENTS = 8
"""Arguments of min and max."""
SMALLEST_DIVISOR = 1e-6
"""A divisor with variables must keep at least this distance from zero."""

CONSTANTS = ("pi", "e")

HERMITE_ORDER = MappingProxyType({f"He{k}": k for k in range(1, MAX_HERMITE + 1)})

#: name -> (fewest, most) arguments
FUNCTIONS = MappingProxyType(
    {
        **dict.fromkeys(HERMITE_ORDER, (1, 1)),
        **dict.fromkeys(("relu", "sign", "abs", "tanh", "erf", "sin", "cos", "exp", "sqrt"), (1, 1)),
        "min": (2, MAX_ARGUMENTS),
        "max": (2, MAX_ARGUMENTS),
    }
)

ALLOWED = (
    f"z1..z{MAX_VARIABLE}, numbers, + - * / ** ^, He1..He{MAX_HERMITE}, "
    "relu sign abs tanh erf sin cos exp sqrt min max, pi, e"
)
"""One line that lists the language, for error messages."""


def hermite_coefficients(order: int) -> tuple[int, ...]:
    """Return the coefficients c_0..c_k of the probabilists' Hermite polynomial He_k(x) = sum_j c_j x^j.

    >>> hermite_coefficients(4)
    (3, 0, -6, 0, 1)
    """
    before: list[int] = [1]
    here: list[int] = [0, 1]
    if order == 0:
        return (1,)
    for k in range(1, order):
        # He_{k+1} = x He_k - k He_{k-1}
        after = [0, *here]
        for j, coefficient in enumerate(before):
            after[j] -= k * coefficient
        before, here = here, after
    return tuple(here)
