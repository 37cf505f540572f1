"""The target: what the network is asked to learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from giantstep.errors import CapabilityError, SpecError
from giantstep.targets.callable_link import CallableLink
from giantstep.targets.catalog import entry
from giantstep.targets.expression import Expression
from giantstep.targets.tree import Node, Number, add, negate


@dataclass(frozen=True)
class Target:
    """A multi-index target ``y = g(W* x) + sqrt(noise) xi`` with ``W* W*^T = I_r`` (theory note 00).

    Parameters
    ----------
    link : Expression or CallableLink
        The function g of z = W* x.
    rank : int
        Number of teacher directions r.
    noise : float
        VARIANCE of the label noise.
    name : str, optional
        A name for figures and messages.

    Raises
    ------
    SpecError
        When the noise is not a finite number >= 0 or the rank is not the link's.

    Examples
    --------
    >>> target = Target.parse("z1 + z1*z2", noise=0.1)
    >>> target.rank, target.spec()
    (2, {'expression': 'z1 + z1*z2', 'rank': 2, 'noise': 0.1})
    """

    link: Expression | CallableLink
    rank: int
    noise: float = 0.0
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.link, (Expression, CallableLink)):
            raise SpecError(
                f"target: link is {type(self.link).__name__}, expected an Expression or a CallableLink; use "
                "Target.parse or Target.from_callable."
            )
        if self.rank != self.link.rank:
            raise SpecError(f"rank: found {self.rank!r}, expected {self.link.rank}, the rank of the link.")
        if isinstance(self.noise, (bool, str)):
            raise SpecError(f"noise: found {self.noise!r}, expected a variance, a number >= 0.")
        try:
            noise = float(self.noise)
        except (TypeError, ValueError):
            raise SpecError(f"noise: found {self.noise!r}, expected a variance, a number >= 0.") from None
        if not 0.0 <= noise < math.inf:
            raise SpecError(f"noise: found {noise:g}, expected a variance, a finite number >= 0.")
        object.__setattr__(self, "noise", noise)
        object.__setattr__(self, "rank", self.link.rank)

    @classmethod
    def parse(
        cls, text: str, *, noise: float = 0.0, rank: int | None = None, name: str | None = None
    ) -> Target:
        """Read a target from text; `rank` defaults to the highest z index.

        Examples
        --------
        >>> Target.parse("He3(z1)", rank=2).rank
        2
        """
        link = Expression.parse(text, rank)
        return cls(link, link.rank, noise, name)

    @classmethod
    def from_callable(
        cls, function: Callable[[Any], Any], rank: int, *, noise: float = 0.0, name: str | None = None
    ) -> Target:
        """Take a Python function ``z (..., rank) -> (...)`` as target; it stays in this process."""
        link = CallableLink(function, rank)
        return cls(link, link.rank, noise, name)

    @classmethod
    def from_catalog(cls, name: str) -> Target:
        """Return a target of the catalog by its name.

        Examples
        --------
        >>> str(Target.from_catalog("stair2"))
        'z1 + z1*z2'
        """
        found = entry(name)
        return cls.parse(found.expression, noise=found.noise, rank=found.rank, name=found.name)

    def minus(self, constant: float) -> Target:
        """Return the target with a constant taken off its link, as centred labels are.

        >>> str(Target.parse("z1**2").minus(1.0))
        'z1**2 - 1'
        """
        link: Expression | CallableLink
        if isinstance(self.link, Expression):
            shift: Node = Number(abs(Fraction(repr(float(constant)))))
            shift = shift if constant < 0 else negate(shift)
            link = Expression(add(self.link.tree, shift), self.rank)
        else:
            function = self.link.function
            link = CallableLink(lambda z: function(z) - constant, self.rank)
        return replace(self, link=link)

    def __call__(self, z: Any) -> Any:
        """Return g(z) without noise: ``(..., rank)`` to ``(...)``, keeping float32 and float64."""
        return self.link(z)

    def __str__(self) -> str:
        if isinstance(self.link, Expression):
            return str(self.link)
        return str(self.name or getattr(self.link.function, "__name__", "function"))

    def spec(self) -> dict[str, Any]:
        """Return what a study file writes down: expression, rank and noise.

        Raises
        ------
        CapabilityError
            When the target is a Python function.
        """
        if not isinstance(self.link, Expression):
            raise CapabilityError(
                f"target '{self}' is a Python function, which a study cannot store or send; write "
                "it as an expression (Target.parse)."
            )
        return {"expression": str(self.link), "rank": self.rank, "noise": self.noise}
