"""A target made ready for analysis: its labels, what the activation sees, its symmetries, its true rank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError
from giantstep.gaussian.quadrature import kink_frame
from giantstep.staircase.blocks import Block, conditional_blocks
from giantstep.staircase.involutions import find_involutions
from giantstep.staircase.monomials import BITS
from giantstep.staircase.polynomial_labels import (
    PolynomialLabels,
    smallest_number,
    typed_to_round_off,
)
from giantstep.staircase.series import (
    MONTE_CARLO_ORDER,
    QUADRATURE_RANK,
    Series,
    highest_order,
    monte_carlo_series,
    quadrature_series,
)
from giantstep.staircase.subspaces import Subspace, complement_rows
from giantstep.staircase.symmetry import (
    Symmetry,
    allowed_directions,
    find_symmetries,
    idle_along,
    wide_points,
)
from giantstep.staircase.transforms import GENERAL_FAMILY, IDENTITY, POLYNOMIAL_FAMILY, Transform
from giantstep.staircase.visibility import Sight
from giantstep.targets import Expression, Target

Array = NDArray[np.float64]

_SMALLEST = 9.9e-14


@dataclass(frozen=True)
class Problem:
    """Everything the chain asks of a target, computed once.

    Attributes
    ----------
    target : Target
    sight : Sight
        What the activation can see.
    """

    target: Target
    sight: Sight
    _memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def rank(self) -> int:
        return self.target.rank

    @cached_property
    def labels(self) -> PolynomialLabels | None:
        """The target as a polynomial, or None."""
        try:
            polynomial = self.target.link.polynomial()
        except CapabilityError:
            return None
        if polynomial is None:
            return None
        return PolynomialLabels.of(polynomial, rounded=typed_to_round_off(str(self.target.link)))

    @property
    def exact(self) -> bool:
        """Whether zeros of the label's own tensors are exact decisions."""
        return self.labels is not None and self.labels.exact

    @property
    def order(self) -> int:
        """Highest total order of the label's tensors that is held."""
        if self.labels is not None:
            return self.labels.degree
        return MONTE_CARLO_ORDER if self.sampled else highest_order(self.rank)

    @property
    def sampled(self) -> bool:
        """Whether the label's own tensors come from Monte Carlo."""
        return self.labels is None and not self._gridded(summands=True)

    def _gridded(self, *, summands: bool) -> bool:
        """Whether a product grid serves the summands of the label, or the whole of it for transforms."""
        link = self.target.link
        if not isinstance(link, Expression):
            return False
        for part in link.summands() if summands else (link,):
            size = len(part.variables)
            if summands and part.polynomial() is not None:
                continue
            if size > 1 and not part.kinks().complete:
                # A curved jump crosses every grid's cells: sampling has the smaller error, and knows it.
                return False
            # Oblique kinks in four variables and more: no grid is fine enough.
            if size > QUADRATURE_RANK or (
                size > 3 and not kink_frame(part.kinks().hyperplanes, self.rank).aligned
            ):
                return False
        return True

    @property
    def beyond_floats(self) -> str:
        """Why floats cannot settle this target; empty when they can.

        Exact polynomials resolve any coefficient; beside a kink or an irrational, 1e-14 is lost in round-off.
        """
        if self.exact or self.target.link.black_box:
            return ""
        smallest = smallest_number(str(self.target.link))
        if smallest >= _SMALLEST:
            return ""
        return f"the target holds the number {smallest:g}, too small for floats beside its other terms"

    @property
    def how(self) -> str:
        """How the tensors were obtained, in words."""
        if self.labels is not None:
            return "exact rational arithmetic" if self.labels.exact else "polynomial in rounded numbers"
        return "Monte Carlo" if self.sampled else f"quadrature up to order {self.order}"

    @property
    def family(self) -> tuple[Transform, ...]:
        """Label transforms of a reused batch."""
        return POLYNOMIAL_FAMILY if self.labels is not None else GENERAL_FAMILY

    @cached_property
    def _series(self) -> dict[str, Series]:
        return {}

    def _series_of(self, transforms: Iterable[Transform]) -> dict[str, Series]:
        held = self._series
        missing = [transform for transform in transforms if transform.text not in held]
        if IDENTITY in missing and not self.sampled:
            held.update(quadrature_series(self.target, [IDENTITY]))
            missing.remove(IDENTITY)
        if missing and not self.sampled and self._gridded(summands=False):
            held.update(quadrature_series(self.target, missing))
        elif missing:
            # One pass over the samples serves the whole family.
            held.update({**monte_carlo_series(self.target, self.rank, self.family), **held})
        return held

    def blocks(
        self, subspace: Subspace, transforms: Iterable[Transform], outside: int
    ) -> Iterator[tuple[Transform, list[Block] | None]]:
        """Yield (transform, its blocks with 1..outside complement indices); None where too costly."""
        wanted = list(transforms)
        if self.labels is not None:
            # Powers are computed lazily: a chain that is full after y^2 never pays for y^6.
            powers = [transform.power or 1 for transform in wanted]
            symbols = self.labels.symbols(subspace, powers, outside)
            for transform, (_, symbol) in zip(wanted, symbols, strict=True):
                yield transform, None if symbol is None else conditional_blocks(symbol, subspace, outside)
            return
        series = self._series_of(wanted)
        for transform in wanted:
            key = ("blocks", subspace.rows.tobytes(), transform.text)
            if key not in self._memo:
                symbol = series[transform.text].symbol(subspace)
                self._memo[key] = conditional_blocks(symbol, subspace, self.order)
            yield transform, [block for block in self._memo[key] if block.outside <= outside]

    def own_blocks(self, subspace: Subspace, outside: int) -> list[Block]:
        """Return the blocks of the label itself (remembered per subspace)."""
        key = (subspace.rows.tobytes(), outside)
        if key not in self._memo:
            self._memo[key] = next(iter(self.blocks(subspace, [IDENTITY], outside)))[1] or []
        return self._memo[key]

    @cached_property
    def _spread(self) -> Array:
        """sum_k mat C_k mat C_k^T / k!, whose eigenbasis is a frame that turns with the target."""
        zero = Subspace.zero(self.rank, exact=False)
        total = np.zeros((self.rank, self.rank))
        symbol_blocks = conditional_blocks(self._float_symbol(zero), zero, self.order)
        frame = zero.float_frame()
        for block in symbol_blocks:
            rows = block.matrix @ frame
            if block.strength > max(block.tolerance, 1e-150):
                total += rows.T @ rows / block.strength**2 / (1.0 + block.outside)
        return total

    def _float_symbol(self, subspace: Subspace) -> Any:
        if self.labels is not None:
            return next(iter(self.labels.symbols(subspace, [1], self.order)))[1]
        return self._series_of([IDENTITY])[IDENTITY.text].symbol(subspace)

    def frames(self, subspace: Subspace) -> list[Array]:
        """Return the frames in which symmetries are searched: coordinates, kinks, eigenbases."""
        spread = self._spread
        found = [np.eye(self.rank), kink_frame(self.target.link.kinks().hyperplanes, self.rank).axes]
        found.append(np.linalg.eigh(spread)[1].T)
        if subspace.dimension:
            frame = subspace.float_frame()
            inner, outer = frame[: subspace.dimension], frame[subspace.dimension :]
            parts = [np.linalg.eigh(part @ spread @ part.T)[1].T @ part for part in (inner, outer)]
            found.append(np.vstack(parts))
        return found

    def possible(
        self, subspace: Subspace, order: int, parities: Iterable[tuple[int, int]], *, thorough: bool = False
    ) -> Array:
        """Return the directions that the label's symmetries leave possible (remembered)."""
        wanted = tuple(sorted(set(parities)))
        key = ("possible", subspace.rows.tobytes(), order, wanted, thorough)
        if key not in self._memo:
            found = self.symmetries(subspace, thorough=thorough)
            self._memo[key] = allowed_directions(found, subspace, order, wanted)
        return self._memo[key]

    def symmetries(self, subspace: Subspace, *, thorough: bool = False) -> tuple[Symmetry, ...]:
        """Return the symmetries of the label found in the frames that go with a subspace.

        With ``thorough``, involutions that no frame shows are searched too (up to a second).
        """
        key = ("symmetries", thorough, subspace.rows.tobytes())
        if key not in self._memo:
            terms = self.labels.terms if self.labels is not None and self.labels.exact else None
            if thorough:
                more = () if self.sampled else find_involutions(self.target, subspace, terms)
                found = self.symmetries(subspace) + more
            else:
                found = find_symmetries(self.target, self.frames(subspace), terms)
            if self.sight.kind == "odd":
                # Odd activations tell odd from even powers of the raw label: its zero is not free to move.
                found = tuple(item for item in found if item.centre == 0.0)
            self._memo[key] = found
        return self._memo[key]

    def visible_symmetries(self, subspace: Subspace) -> tuple[Symmetry, ...]:
        """Return the symmetries of the part of the label that fresh batches show to this activation.

        Summands that live inside the subspace show nothing outside it, so they are left out.
        """
        key = ("visible", subspace.rows.tobytes())
        if key not in self._memo:
            rest = complement_rows(subspace.rows, self.rank)
            link = self.target.link
            parts = link.summands() if isinstance(link, Expression) else ()
            known = [part for part in parts if all(idle_along(part, row) for row in rest)]

            def unknown_part(z: Array) -> Array:
                return self.visible_part(z) - sum((np.asarray(part(z)) for part in known), np.zeros(len(z)))

            if self._visible_parities == (True, True) and not known:
                return self.symmetries(subspace)
            function = unknown_part if self._visible_parities == (True, True) else self.visible_part
            self._memo[key] = find_symmetries(function, self.frames(subspace))
        return self._memo[key]

    @cached_property
    def _visible_parities(self) -> tuple[bool, bool]:
        """Whether any odd order from 3 on, and any even order from 2 on, is visible."""
        return any(self.sight.later[3::2]), any(self.sight.later[2::2])

    def visible_part(self, z: Array) -> Array:
        """The label without what the activation's parities hide: odd orders from 3 on, or even orders."""
        odd_seen, even_seen = self._visible_parities
        value = np.asarray(self.target(z), dtype=np.float64)
        if odd_seen == even_seen or self.sampled:
            return value
        mirrored = np.asarray(self.target(-z), dtype=np.float64)
        if odd_seen:
            return 0.5 * (value - mirrored)
        even = 0.5 * (value + mirrored)
        return even + z @ self._linear if self.sight.later[1] else even

    @cached_property
    def _linear(self) -> Array:
        """C_1 in floats, 0 where it cannot be told from 0."""
        symbol = self._float_symbol(Subspace.zero(self.rank, exact=False))
        values = np.array([float(symbol.terms.get(1 << (BITS * i), 0.0)) for i in range(self.rank)])
        tolerance = symbol.order_errors[1] if symbol.order_errors else 0.0
        return np.where(np.abs(values) > tolerance, values, 0.0)

    def size(self, transform: Transform) -> float:
        """Return the root mean square of T(y), the scale that says which tolerances are small."""
        points = np.random.default_rng(9).standard_normal((2048, self.rank))
        with np.errstate(over="ignore"):
            labels = transform.apply(np.asarray(self.target(points), dtype=np.float64))
        top = float(np.max(np.abs(labels)))
        # No scale for labels beyond floats: every tolerance is then too large, and nothing is decided by it.
        return top * float(np.sqrt(np.mean(np.square(labels / top)))) if 0.0 < top < np.inf else 0.0

    @cached_property
    def label_values(self) -> Array | None:
        """The two values of a two-valued label, on which every transform is linear; else None."""
        points = np.random.default_rng(7).standard_normal((4096, self.rank))
        # Typical points miss a third value that is rare.
        points = np.concatenate([points, wide_points(self.rank)])
        rounded: Any = np.round(np.asarray(self.target(points), dtype=np.float64), 9)
        values = np.unique(rounded)
        return values if len(values) == 2 else None
