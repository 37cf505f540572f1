"""An expression: a checked tree together with the number of variables it lives in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from giantstep.errors import SpecError
from giantstep.targets.constants import constant_value
from giantstep.targets.expansion import expand
from giantstep.targets.grammar import parse
from giantstep.targets.kinks import Kinks, find_kinks
from giantstep.targets.polynomial import Polynomial
from giantstep.targets.tape import Tape, record
from giantstep.targets.tree import Negative, Node, Product, Sum, multiply, negate, text_of, variables_of
from giantstep.targets.vocabulary import MAX_VARIABLE


@dataclass(frozen=True, repr=False)
class Expression:
    """A function of z = (z1, .., z_rank) written in the target language.

    Parameters
    ----------
    tree : Node
        A tree made by `giantstep.targets.grammar.parse`; `Expression.parse` is the usual way in.
    rank : int
        Number of variables, at least the highest index used.

    Examples
    --------
    >>> g = Expression.parse("z1 + 0.5*z1*z2")
    >>> str(g), g.rank, sorted(g.variables)
    ('z1 + 0.5*z1*z2', 2, [0, 1])
    >>> g([[1.0, 2.0], [2.0, 0.0]])
    array([2., 2.])
    """

    tree: Node
    rank: int

    black_box: ClassVar[bool] = False

    def __post_init__(self) -> None:
        highest = max(self.variables, default=-1) + 1
        if isinstance(self.rank, bool) or not isinstance(self.rank, (int, np.integer)):
            raise SpecError(f"rank: found {self.rank!r}, expected a whole number from {max(highest, 1)}.")
        object.__setattr__(self, "rank", int(self.rank))
        if not max(highest, 1) <= self.rank <= MAX_VARIABLE:
            because = f", because the expression uses z{highest}" if highest else ""
            raise SpecError(
                f"rank: found {self.rank}, expected a whole number from {max(highest, 1)}{because}, "
                f"to {MAX_VARIABLE}."
            )

    @classmethod
    def parse(cls, text: str, rank: int | None = None) -> Expression:
        """Read an expression; `rank` defaults to the highest z index.

        Raises
        ------
        SpecError
            When the text is not in the language, or no rank is given and no variable used.
        """
        tree = parse(text)
        if rank is None:
            rank = max(variables_of(tree), default=-1) + 1
            if rank == 0:
                raise SpecError(
                    f"target: '{text_of(tree)}' depends on no variable, so there is nothing to learn; use "
                    f"z1..z{MAX_VARIABLE}, or give the rank."
                )
        return cls(tree, rank)

    def __str__(self) -> str:
        return text_of(self.tree)

    def __repr__(self) -> str:
        return f"Expression.parse({str(self)!r}, rank={self.rank})"

    @cached_property
    def variables(self) -> frozenset[int]:
        """0-based indices of the variables that occur."""
        return variables_of(self.tree)

    @cached_property
    def _tape(self) -> Tape:
        return record(self.tree)

    def __call__(self, z: Any) -> Any:
        """Evaluate at `z`, shape ``(..., rank)`` to ``(...)``; float32 and float64 are kept.

        The result is always a new array; overflow gives inf without a warning.
        """
        z = checked_points(z, self.rank)
        tape = self._tape
        if z.ndim == 1:
            return self(z[None])[0]
        value = tape.run([z[..., index] for index in tape.inputs])
        if tape.result < len(tape.inputs):
            # the value is a column of the caller's array: hand out a copy, never the column
            return value.copy()
        return value if isinstance(value, np.ndarray) else np.full(z.shape[:-1], value, z.dtype)

    def gradient(self, z: Any) -> np.ndarray:
        """Return the gradient at `z`, shape ``(..., rank)`` to ``(..., rank)``.

        At a kink it is what NumPy's `sign` suggests: ``relu'(0) = 0``, ``abs'(0) = 0``, ``sign' = 0``.

        Examples
        --------
        >>> Expression.parse("z1*z2").gradient([2.0, 3.0])
        array([3., 2.])
        """
        z = checked_points(z, self.rank)
        result = np.zeros(z.shape, z.dtype)
        tape = self._tape
        for index, slope in zip(tape.inputs, tape.gradient([z[..., i] for i in tape.inputs]), strict=True):
            result[..., index] = slope
        return result

    def polynomial(self) -> Polynomial | None:
        """Return the expression as a polynomial, or None when it is not one.

        Coefficients are exact fractions when every number in it is rational; decimals are (0.25 is 1/4).

        Raises
        ------
        CapabilityError
            When the expansion would have too many terms.
        """
        return expand(self.tree, self.rank)

    def kinks(self) -> Kinks:
        """Return the hyperplanes at which the function or its derivative may jump."""
        return find_kinks(self.tree, self.rank)

    def summands(self) -> tuple[Expression, ...]:
        """Split at the top-level sum, through minus signs and constant factors.

        Examples
        --------
        >>> [str(part) for part in Expression.parse("2*(z1 - relu(z2)) + z1*z2").summands()]
        ['2*z1', '-2*relu(z2)', 'z1*z2']
        """
        return tuple([Expression(part, self.rank) for part in _summands(self.tree)])


def checked_points(z: Any, rank: int) -> np.ndarray:
    """Return `z` as a float array of shape ``(..., rank)``, or raise a SpecError."""
    z = np.asarray(z)
    if not np.issubdtype(z.dtype, np.floating):
        if not np.can_cast(z.dtype, np.float64):
            raise SpecError(f"z: found dtype {z.dtype}, expected real numbers.")
        z = z.astype(np.float64)
    if z.ndim == 0 or z.shape[-1] != rank:
        raise SpecError(f"z: found shape {z.shape}, expected (..., {rank}), the last axis being the rank.")
    return z


def _summands(node: Node) -> tuple[Node, ...]:
    match node:
        case Sum(terms):
            return tuple([part for term in terms for part in _summands(term)])
        case Negative(operand):
            return tuple([negate(part) for part in _summands(operand)])
        case Product(factors):
            varying = [factor for factor in factors if constant_value(factor) is None]
            if len(varying) == 1 and isinstance(varying[0], Sum):
                before = factors[: factors.index(varying[0])]
                after = factors[len(before) + 1 :]
                return tuple([_scaled(part, before, after) for part in _summands(varying[0])])
    return (node,)


def _scaled(node: Node, before: tuple[Node, ...], after: tuple[Node, ...]) -> Node:
    for factor in reversed(before):
        node = multiply(factor, node)
    for factor in after:
        node = multiply(node, factor)
    return node
