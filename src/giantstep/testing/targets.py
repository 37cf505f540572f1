"""`check_target`: the laws every target keeps, so that theory and both engines may rely on it."""

from __future__ import annotations

import json
from functools import partial

import numpy as np

from giantstep.errors import SpecError
from giantstep.targets import Target
from giantstep.testing.report import Report, examine

_FAR = 9.0
"""Standard deviations that nothing a study can draw goes beyond."""


def check_target(target: Target, *, points: int = 257, seed: int = 0) -> Report:
    """Check a target: shapes, types, purity, dependence on its rank, and its text where it has one.

    Parameters
    ----------
    target : Target
        Parsed from text, or `Target.from_callable`.
    points : int
        Gaussian points to try.
    seed : int

    Returns
    -------
    Report

    Raises
    ------
    ConformanceError
        When a law is broken; it lists them all.
    SpecError
        For what is no target.

    Examples
    --------
    >>> import numpy as np
    >>> wild = np.random.default_rng(0)
    >>> check_target(Target.from_callable(lambda z: z[..., 0] + wild.random(z.shape[:-1]), 1, name="noisy"))
    Traceback (most recent call last):
    giantstep.testing.report.ConformanceError: target noisy: 4 laws hold, 3 broken ...
    """
    if not isinstance(target, Target):
        raise SpecError(f"target: found {target!r}, expected a Target: Target.parse, Target.from_callable.")
    z = np.random.default_rng(seed).standard_normal((points, target.rank))
    laws = [
        ("a row of points gives a value a point", partial(_shapes, target, z)),
        ("values are finite at Gaussian points", partial(_finite, target, z)),
        ("float32 in gives float32 out, near the float64 value", partial(_single, target, z)),
        ("the same points give the same bits", partial(_pure, target, z)),
        ("a point's value does not depend on its neighbours", partial(_pointwise, target, z)),
        ("the points are not changed", partial(_unchanged, target, z)),
        ("the second moment of the labels is finite and positive", partial(_moment, target, seed)),
    ]
    if not target.link.black_box:
        laws.append(("its text gives the same target again", partial(_text, target, z)))
    return examine(f"target {target}", laws)


def _shapes(target: Target, z: np.ndarray) -> str:
    for shape in ((len(z),), (1, len(z)), ()):
        given = np.resize(z, (*shape, target.rank))
        found = np.shape(target(given))
        if found != shape:
            return f"shape {found} for points of shape {given.shape}, expected {shape}"
    return ""


def _finite(target: Target, z: np.ndarray) -> str:
    bad = int((~np.isfinite(target(z))).sum())
    return f"{bad} of {len(z)} values are NaN or infinite" if bad else ""


def _single(target: Target, z: np.ndarray) -> str:
    single = np.asarray(target(z.astype(np.float32)))
    if single.dtype != np.float32:
        return f"dtype {single.dtype}, expected float32"
    # Against float64 at the rounded points, so that only the evaluation differs; a jump may lie between.
    double = np.asarray(target(z.astype(np.float32).astype(np.float64)))
    off = np.abs(single - double) > 1e-4 * (1.0 + np.abs(double))
    return f"{int(off.sum())} of {len(z)} values differ by more than 1e-4" if off.mean() > 0.02 else ""


def _pure(target: Target, z: np.ndarray) -> str:
    first, second = target(z), target(z.copy())
    return "" if np.array_equal(first, second) else "two calls differ; no random numbers, no state"


def _pointwise(target: Target, z: np.ndarray) -> str:
    whole = np.asarray(target(z))
    apart = np.array([float(target(row)) for row in z[:32]])
    off = np.abs(whole[:32] - apart).max()
    return (
        f"differs by {off:.3g} when points are taken one by one"
        if off > 1e-9 * (1 + np.abs(whole).max())
        else ""
    )


def _unchanged(target: Target, z: np.ndarray) -> str:
    given = z.copy()
    target(given)
    return "" if np.array_equal(given, z) else "the array of points was written to"


def _moment(target: Target, seed: int) -> str:
    generator = np.random.default_rng(seed + 1)
    y = np.asarray(target(generator.standard_normal((20_000, target.rank))), np.float64)
    moment = float((y**2).mean())
    if not (np.isfinite(moment) and moment > 0):
        return f"E y^2 is {moment:g}"
    # No sample reaches where a target that grows too fast has its second moment: along rays, by radius.
    rays = generator.standard_normal((64, target.rank))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    far = np.sqrt(target.rank) + _FAR
    radius = np.linspace(0.01, far + 2.0, 800)
    values = np.asarray(target(radius[:, None, None] * rays), np.float64)
    shell = (values**2).mean(1) * np.exp((target.rank - 1) * np.log(radius) - 0.5 * radius**2)
    share = float(shell[radius > far].sum() / shell.sum())
    grown = (
        f"{100 * share:.0f} % of E y^2 lies beyond radius {far:.3g}: too fast a growth for Gaussian inputs"
    )
    return grown if not share < 1e-3 else ""


def _text(target: Target, z: np.ndarray) -> str:
    spec = json.loads(json.dumps(target.spec()))
    again = Target.parse(spec["expression"], rank=spec["rank"], noise=spec["noise"])
    if again.spec() != target.spec():
        return f"{target.spec()} comes back as {again.spec()}"
    return "" if np.array_equal(again(z), target(z)) else "the target read from its own text has other values"
