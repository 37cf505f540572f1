"""Activations: a value, a derivative and the places where they are not smooth."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from array_api_compat import array_namespace

from giantstep.errors import CapabilityError, SpecError, nearest, shown

Array = Any
Function = Callable[[Array], Array]

_MAX_ORDER = 8


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation function sigma, applied elementwise.

    Parameters
    ----------
    name : str
        How it is spelled; for the built-in ones the text `Activation.named` reads.
    value, derivative : callable
        Array to array of the same shape and dtype, in array-API functions if it is to run on every engine.
        The derivative is what a gradient step uses; at a kink its value has probability zero.
    kinks : tuple of float
        Arguments where the value or the derivative jumps; quadrature splits there.
    portable : bool
        Whether the name alone rebuilds the function, so that studies may carry it.

    Examples
    --------
    >>> import numpy as np
    >>> Activation.named("relu").value(np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> Activation.named("He1 + 0.5*He2").derivative(np.array([1.0]))
    array([2.])
    """

    name: str
    value: Function = field(compare=False, repr=False)
    derivative: Function = field(compare=False, repr=False)
    kinks: tuple[float, ...] = ()
    portable: bool = False

    @classmethod
    def named(cls, name: str | Activation) -> Activation:
        """Return a built-in activation, a Hermite mixture such as ``"He1 + 0.5*He2"``, or an expression in z.

        ``erf`` is erf(x / sqrt 2), the habit of the field; in an expression, ``"erf(z)"`` is the plain one.
        Expressions are those of targets, ``"tanh(z + 0.6)"``; He_k are probabilists' and unnormalised.

        Raises
        ------
        SpecError
            For an unknown name, with the nearest known one.
        """
        if isinstance(name, Activation):
            return name
        if not isinstance(name, str):
            raise SpecError(f"activation: found {shown(name)}, expected a name or an Activation.")
        if name in _BUILT_IN:
            value, derivative, kinks = _BUILT_IN[name]
            return cls(name, value, derivative, kinks, portable=True)
        if re.search(r"\bz1?\b", name):
            from giantstep.networks.written import written_activation

            return written_activation(name)
        if re.search(r"He\d", name):
            return hermite_mixture(read_mixture(name))
        raise SpecError(
            f"activation: found {name!r}, expected one of {', '.join(sorted(_BUILT_IN))}, a mixture such as "
            f"'He1+0.5*He2' or an expression such as 'tanh(z+0.6)'{nearest(name, _BUILT_IN)}."
        )

    @classmethod
    def from_functions(
        cls, value: Function, derivative: Function, *, name: str = "custom", kinks: tuple[float, ...] = ()
    ) -> Activation:
        """Return an activation made of two of your own functions; it runs in this process only.

        Raises
        ------
        SpecError
            When one is no elementwise function with finite values, or they contradict each other: the slope
            of ``value`` must be ``derivative``, except near jumps.

        Examples
        --------
        >>> Activation.from_functions(lambda x: x**2, lambda x: x)
        Traceback (most recent call last):
        giantstep.errors.SpecError: activation 'custom': derivative is not the slope of value: found ...
        """
        for label, function in (("value", value), ("derivative", derivative)):
            if not callable(function):
                raise SpecError(f"activation {name!r}: {label} is {function!r}, expected a function.")
        _check_functions(value, derivative, name)
        return cls(name, value, derivative, tuple(float(kink) for kink in kinks))

    def spec(self) -> str:
        """Return the text that rebuilds this activation.

        Raises
        ------
        CapabilityError
            For functions of the user's own, which no file can carry.
        """
        if not self.portable:
            raise CapabilityError(
                f"activation {self.name!r} is a Python function and cannot be written to a study or result "
                f"file. Use a built-in name or a Hermite mixture, or call simulate() directly."
            )
        return self.name


def _check_functions(value: Function, derivative: Function, name: str) -> None:
    """Try both functions on 97 points in [-3, 3]; a quarter of them may lie at jumps."""
    import numpy as np

    points = np.linspace(-2.9, 3.0, 97).reshape(1, -1)
    step = 1e-5

    def tried(label: str, function: Function, at: Any) -> Any:
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(function(at))
        except Exception as error:
            raise SpecError(
                f"activation {name!r}: {label} raised {type(error).__name__} ({error}) on an array of "
                f"shape {at.shape}, expected an elementwise function."
            ) from error
        if found.shape != at.shape or found.dtype.kind not in "biuf" or not np.isfinite(found).all():
            raise SpecError(
                f"activation {name!r}: {label} gave shape {found.shape}, dtype {found.dtype} for shape "
                f"{at.shape}, expected finite real numbers of the same shape."
            )
        return found.astype(np.float64)

    slope = (tried("value", value, points + step) - tried("value", value, points - step)) / (2 * step)
    given = tried("derivative", derivative, points)
    off = np.abs(slope - given) > 1e-3 * (1.0 + np.abs(slope) + np.abs(given))
    if off.mean() > 0.25:
        worst = int(np.argmax(np.abs(slope - given)))
        raise SpecError(
            f"activation {name!r}: derivative is not the slope of value: found {given[0, worst]:.4g} at "
            f"{points[0, worst]:.3g}, expected {slope[0, worst]:.4g}."
        )


def hermite_mixture(coefficients: Mapping[int, float]) -> Activation:
    """Return sum_k coefficients[k] He_k, probabilists' and unnormalised.

    Parameters
    ----------
    coefficients : mapping of int to float
        Order, from 0 to 8, to finite coefficient.

    Raises
    ------
    SpecError
        For other orders or coefficients, or none.

    Examples
    --------
    >>> hermite_mixture({1: 1.0, 3: 0.25}).name
    'He1+0.25*He3'
    """
    from numpy.polynomial import hermite_e

    orders = sorted(coefficients)
    if not orders or not all(0 <= order <= _MAX_ORDER for order in orders):
        raise SpecError(f"activation: Hermite orders {orders}, expected orders from 0 to {_MAX_ORDER}.")
    if not all(math.isfinite(coefficients[order]) for order in orders):
        raise SpecError("activation: Hermite coefficients must be finite numbers.")
    dense = [float(coefficients.get(order, 0.0)) for order in range(orders[-1] + 1)]
    monomials = [float(c) for c in hermite_e.herme2poly(dense)]
    slopes = [order * c for order, c in enumerate(monomials)][1:] or [0.0]
    terms = [_term(coefficients[order], order) for order in orders]
    name = "+".join(terms).replace("+-", "-")
    return Activation(name, _horner(monomials), _horner(slopes), portable=True)


def _term(coefficient: float, order: int) -> str:
    if coefficient in (1.0, -1.0):
        return f"{'-' if coefficient < 0 else ''}He{order}"
    return f"{coefficient!r}*He{order}"


def _horner(coefficients: list[float]) -> Function:
    def polynomial(x: Array) -> Array:
        result = 0.0 * x + coefficients[-1]
        for coefficient in coefficients[-2::-1]:
            result = result * x + coefficient
        return result

    return polynomial


_MIXTURE_TERM = re.compile(
    r"\s*(?P<sign>[+-]?)\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)\s*\*?\s*)?He(?P<order>\d+)\s*"
)


def read_mixture(text: str) -> dict[int, float]:
    """Return order -> coefficient of a Hermite mixture.

    >>> read_mixture("He1 + .5 He2")
    {1: 1.0, 2: 0.5}
    """
    if len(text) > 400:
        raise SpecError(f"activation: found {len(text)} characters, expected at most 400.")
    coefficients: dict[int, float] = {}
    position = 0
    while position < len(text):
        match = _MIXTURE_TERM.match(text, position)
        if match is None or (position and not match["sign"]):
            raise SpecError(
                f"activation: found {text[position:].strip()[:12]!r} at column {position + 1} of {text!r}, "
                f"expected terms such as '0.5*He2' joined by + or -."
            )
        order = int(match["order"]) if len(match["order"]) < 4 else _MAX_ORDER + 1
        if order > _MAX_ORDER:
            raise SpecError(f"activation: found He{match['order'][:8]}, expected He0 to He{_MAX_ORDER}.")
        sign = -1.0 if match["sign"] == "-" else 1.0
        coefficients[order] = coefficients.get(order, 0.0) + sign * float(match["number"] or 1.0)
        position = match.end()
    return coefficients


def error_function(x: Array) -> Array:
    """Return the plain erf: the one special function the array-API standard does not have."""
    module = type(x).__module__.split(".")[0]
    if module == "numpy":
        from scipy import special

        return special.erf(x)
    if module == "torch":
        return x.erf()
    import numpy as np
    from scipy import special

    xp = array_namespace(x)
    return xp.asarray(special.erf(np.asarray(x)))


_ROOT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)


def _density(x: Array) -> Array:
    return _DENSITY_AT_0 * array_namespace(x).exp(-0.5 * x * x)


def _relu(x: Array) -> Array:
    return array_namespace(x).maximum(x, 0.0)


def _step(x: Array) -> Array:
    return array_namespace(x).astype(x > 0, x.dtype)


def _tanh(x: Array) -> Array:
    return array_namespace(x).tanh(x)


def _tanh_slope(x: Array) -> Array:
    value = array_namespace(x).tanh(x)
    return 1.0 - value * value


def _sigmoid(x: Array) -> Array:
    return 0.5 + 0.5 * array_namespace(x).tanh(0.5 * x)


def _sigmoid_slope(x: Array) -> Array:
    value = array_namespace(x).tanh(0.5 * x)
    return 0.25 * (1.0 - value * value)


def _softplus(x: Array) -> Array:
    xp = array_namespace(x)
    return _relu(x) + xp.log1p(xp.exp(-xp.abs(x)))


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1.0 + error_function(_ROOT_HALF * x))


def _gelu_slope(x: Array) -> Array:
    return 0.5 * (1.0 + error_function(_ROOT_HALF * x)) + x * _density(x)


_BUILT_IN: dict[str, tuple[Function, Function, tuple[float, ...]]] = {
    "relu": (_relu, _step, (0.0,)),
    "tanh": (_tanh, _tanh_slope, ()),
    "erf": (lambda x: error_function(_ROOT_HALF * x), lambda x: 2.0 * _density(x), ()),
    "sigmoid": (_sigmoid, _sigmoid_slope, ()),
    "gelu": (_gelu, _gelu_slope, ()),
    "softplus": (_softplus, _sigmoid, ()),
    "sin": (lambda x: array_namespace(x).sin(x), lambda x: array_namespace(x).cos(x), ()),
    "identity": (lambda x: x, lambda x: 0.0 * x + 1.0, ()),
}


def names() -> list[str]:
    """Return the names of the built-in activations."""
    return sorted(_BUILT_IN)
