"""`check_activation`: the laws every activation keeps, on every array library that an engine may use."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from giantstep.networks import Activation
from giantstep.testing.report import Report, examine

_RANGE = 8.0
_AWAY = 1e-3


def check_activation(activation: Activation | str, *, points: int = 2001) -> Report:
    """Check an activation: elementwise, finite, its derivative, and every kink declared.

    Parameters
    ----------
    activation : Activation or str
    points : int
        Points in [-8, 8] to try.

    Returns
    -------
    Report

    Raises
    ------
    ConformanceError
        When a law is broken; it lists them all.

    Examples
    --------
    >>> print(check_activation("relu"))
    activation relu: 8 laws hold
    >>> import numpy as np
    >>> kinked = Activation.from_functions(lambda x: abs(x - 1), lambda x: np.sign(x - 1), name="kinked")
    >>> check_activation(kinked)
    Traceback (most recent call last):
    giantstep.testing.report.ConformanceError: activation kinked: 6 laws hold, 1 broken
      every jump of value or derivative is declared as a kink: the derivative jumps by 1 near 1.0000, ...
    """
    activation = Activation.named(activation)
    x = np.linspace(-_RANGE, _RANGE, points)
    laws = [
        ("value and derivative are elementwise", partial(_elementwise, activation, x)),
        ("value and derivative are finite", partial(_finite, activation, x)),
        ("float32 in gives float32 out", partial(_single, activation, x)),
        ("the argument is not changed", partial(_unchanged, activation, x)),
        ("the derivative is the slope of the value, away from kinks", partial(_slope, activation, x)),
        ("every jump of value or derivative is declared as a kink", partial(_kinks, activation, x)),
        ("second moments under N(0, 1) are finite", partial(_moments, activation)),
    ]
    if activation.portable:
        laws.append(("its name gives the same activation again", partial(_named, activation, x)))
    return examine(f"activation {activation.name}", laws)


def _functions(activation: Activation) -> tuple[tuple[str, Any], ...]:
    return ("value", activation.value), ("derivative", activation.derivative)


def _elementwise(activation: Activation, x: np.ndarray) -> str:
    for label, function in _functions(activation):
        whole = np.asarray(function(x))
        if whole.shape != x.shape:
            return f"{label} has shape {whole.shape} for {x.shape}"
        square = np.asarray(function(x[:6].reshape(2, 3)))
        if square.shape != (2, 3):
            return f"{label} has shape {square.shape} for (2, 3)"
        if not np.allclose(square.ravel(), whole[:6], rtol=1e-12, atol=1e-12):
            return f"{label} of an entry depends on the others"
    return ""


def _finite(activation: Activation, x: np.ndarray) -> str:
    for label, function in _functions(activation):
        bad = x[~np.isfinite(np.asarray(function(x), dtype=np.float64))]
        if bad.size:
            return f"{label} is NaN or infinite at {bad[0]:.6g}"
    return ""


def _single(activation: Activation, x: np.ndarray) -> str:
    for label, function in _functions(activation):
        found = np.asarray(function(x.astype(np.float32))).dtype
        if found != np.float32:
            return f"{label} gives {found}; the engines' chunks would double their memory"
    return ""


def _unchanged(activation: Activation, x: np.ndarray) -> str:
    for label, function in _functions(activation):
        given = x.copy()
        function(given)
        if not np.array_equal(given, x):
            return f"{label} writes to its argument"
    return ""


def _slope(activation: Activation, x: np.ndarray) -> str:
    step = 1e-5
    smooth = np.array([all(abs(at - kink) > _AWAY for kink in activation.kinks) for at in x])
    at = x[smooth]
    value = activation.value
    slope = (np.asarray(value(at + step), float) - np.asarray(value(at - step), float)) / (2 * step)
    given = np.asarray(activation.derivative(at), float)
    off = np.abs(slope - given) / (1 + np.abs(slope) + np.abs(given))
    # Jumps that were not declared are the next law's business.
    if np.sort(off)[-max(2, len(at) // 100)] > 1e-5:
        worst = int(np.argsort(off)[-max(2, len(at) // 100)])
        return f"at {at[worst]:.4g} the derivative is {given[worst]:.6g}, the slope {slope[worst]:.6g}"
    return ""


def _kinks(activation: Activation, x: np.ndarray) -> str:
    """A jump stays when the points around it close in; a steep place does not."""
    for label, function in _functions(activation):
        values = np.asarray(function(x), float)
        rise = np.abs(np.diff(values))
        for place in np.flatnonzero(rise > 20 * np.median(rise) + 1e-9):
            low, high = float(x[place]), float(x[place + 1])
            first = abs(float(rise[place]))
            for _ in range(30):
                middle = 0.5 * (low + high)
                at = [float(np.asarray(function(np.array([v])), float)[0]) for v in (low, middle, high)]
                low, high = (low, middle) if abs(at[1] - at[0]) > abs(at[2] - at[1]) else (middle, high)
            ends = np.asarray(function(np.array([low, high])), float)
            jump = abs(float(ends[1] - ends[0]))
            if jump > 0.5 * first and not any(
                abs(0.5 * (low + high) - kink) < _AWAY for kink in activation.kinks
            ):
                return f"the {label} jumps by {jump:.3g} near {0.5 * (low + high):.4f}, and no kink is there"
    return ""


def _moments(activation: Activation) -> str:
    x = np.linspace(-12, 12, 4001)
    weight = np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    for label, function in _functions(activation):
        terms = np.asarray(function(x), float) ** 2 * weight
        if not np.isfinite(terms.sum()):
            return f"E {label}^2 is not finite"
        tail = (terms[:40].sum() + terms[-40:].sum()) / max(terms.sum(), 1e-300)
        if tail > 1e-3:
            return f"E {label}^2 has {100 * tail:.0f} % beyond 11.7: too fast a growth for Gaussian fields"
    return ""


def _named(activation: Activation, x: np.ndarray) -> str:
    again = Activation.named(activation.spec())
    same = np.array_equal(again.value(x), activation.value(x)) and again.kinks == activation.kinks
    return "" if same else f"{activation.spec()!r} gives another function"
