"""Activations written as an expression in z, and derivatives of any order of every smooth activation."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks.activation import Activation, error_function, read_mixture
from giantstep.targets.expression import Expression
from giantstep.targets.jets import derivatives_of
from giantstep.targets.tree import Call, Node, variables_of, walk

_VARIABLE = re.compile(r"\bz1?\b")

_WRITTEN = {
    "tanh": "tanh(z)",
    "erf": "erf(z/sqrt(2))",
    "sigmoid": "0.5 + 0.5*tanh(0.5*z)",
    "gelu": "0.5*z*(1 + erf(z/sqrt(2)))",
    "sin": "sin(z)",
    "identity": "z",
}


def is_written(text: str) -> bool:
    """Whether a text is meant as an expression in z.

    >>> is_written("tanh(z + 0.6)"), is_written("He1 + 0.5*He2")
    (True, False)
    """
    return bool(_VARIABLE.search(text))


def written_activation(text: str) -> Activation:
    """Read an activation written in the language of targets, with the one variable ``z``.

    Raises
    ------
    SpecError
        For a text outside the language, another variable, a jump (``sign``: its gradient is zero), or kinks
        that cannot be located.

    Examples
    --------
    >>> import numpy as np
    >>> activation = written_activation("tanh(z + .6)")
    >>> activation.name, float(activation.derivative(np.array([-0.6]))[0])
    ('tanh(z + 0.6)', 1.0)
    """
    try:
        expression = Expression.parse(_VARIABLE.sub("z1", text))
    except SpecError as error:
        raise SpecError("activation" + str(error).removeprefix("target")) from None
    if variables_of(expression.tree) != {0}:
        raise SpecError(f"activation: found {text!r}, expected an expression in z alone.")
    if any(isinstance(node, Call) and node.name == "sign" for node in walk(expression.tree)):
        raise SpecError(
            f"activation: found {text!r}, expected no 'sign': where it jumps no gradient sees it. "
            "Use tanh or erf of a multiple of z."
        )
    kinks = expression.kinks()
    if not kinks.complete:
        raise SpecError(
            f"activation: the kinks of {text!r} cannot be located. Write relu, abs, min, max and sqrt of "
            "polynomials in z."
        )
    tree = expression.tree
    places = tuple(sorted({offset / normal[0] for normal, offset in kinks.hyperplanes}))
    return Activation(
        _VARIABLE.sub("z", str(expression)),
        lambda x: derivatives_of(tree, x, 0, error_function)[0],
        lambda x: derivatives_of(tree, x, 1, error_function)[1],
        places,
        portable=True,
    )


def hermite_coefficients(activation: Activation) -> tuple[float, ...] | None:
    """Return c_0, .., c_m of an activation sum_k c_k He_k, or None when it is no polynomial.

    >>> hermite_coefficients(Activation.named("He1 + 0.5*He2"))
    (0.0, 1.0, 0.5)
    >>> hermite_coefficients(Activation.named("z**2"))
    (1.0, 0.0, 1.0)
    """
    if not activation.portable:
        return None
    if not is_written(activation.name) and re.search(r"He\d", activation.name):
        terms = read_mixture(activation.name)
        return tuple(terms.get(order, 0.0) for order in range(max(terms) + 1))
    if activation.name != "identity" and not is_written(activation.name):
        return None
    polynomial = _expression(activation.name).polynomial()
    if polynomial is None:
        return None
    from numpy.polynomial import hermite_e

    powers = [0.0] * (max((index[0] for index in polynomial.terms), default=0) + 1)
    for (power,), value in polynomial.terms.items():
        powers[power] = float(value)
    return tuple(float(c) for c in hermite_e.poly2herme(powers))


def activation_derivatives(activation: Activation, points: Any, order: int) -> NDArray[np.float64]:
    """Return sigma, sigma', .., sigma^(order) at points.

    Parameters
    ----------
    activation : Activation
        Smooth where ``order`` is above 1: a smooth built-in name, a Hermite mixture or an expression in z.
    points : array, shape (...)
    order : int

    Returns
    -------
    array, shape (order + 1, ...)

    Raises
    ------
    CapabilityError
        For a derivative that is no function (relu's second) or that is not known.

    Examples
    --------
    >>> activation_derivatives(Activation.named("He3"), 2.0, 3).tolist()
    [2.0, 9.0, 12.0, 6.0]
    >>> activation_derivatives(Activation.named("relu"), 2.0, 2)
    Traceback (most recent call last):
    giantstep.errors.CapabilityError: activation 'relu' has a kink at 0: its derivative of order 2 is no ...
    """
    x = np.asarray(points, dtype=np.float64)
    if order <= 1:
        return np.array([activation.value(x), activation.derivative(x)][: order + 1], dtype=np.float64)
    if activation.kinks:
        raise CapabilityError(
            f"activation {activation.name!r} has a kink at {activation.kinks[0]:g}: its derivative of order "
            f"{order} is no function. Use a smooth activation, such as softplus, gelu or 'He1 + 0.2*He2'."
        )
    if not activation.portable:
        raise CapabilityError(
            f"activation {activation.name!r}: its derivative of order {order} is not known. Write the "
            "activation as an expression, such as 'tanh(z + 0.6)'."
        )
    coefficients = hermite_coefficients(activation)
    if coefficients is not None:
        from numpy.polynomial import hermite_e

        series = [hermite_e.hermeder(coefficients, k) if k else coefficients for k in range(order + 1)]
        return np.array([hermite_e.hermeval(x, c) for c in series])
    if activation.name == "softplus":  # its slope is the sigmoid; the language has no logarithm
        rest = derivatives_of(_tree("sigmoid"), x, order - 1, error_function)
        return np.array([activation.value(x), *rest])
    return np.array(derivatives_of(_tree(activation.name), x, order, error_function))


def _expression(name: str) -> Expression:
    return Expression.parse(_VARIABLE.sub("z1", _WRITTEN.get(name, name)))


def _tree(name: str) -> Node:
    return _expression(name).tree
