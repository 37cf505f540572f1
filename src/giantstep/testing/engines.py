"""`check_engine`: an engine of your own has the direct engine's law, and its manners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from giantstep.errors import SpecError, nearest
from giantstep.networks import Activation, Network
from giantstep.protocol import Protocol, Step
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.testing.report import Report, examine
from giantstep.training.direct import run_direct
from giantstep.training.experiment import COMPLETED, Experiment, Trajectory

_FEWEST = 20
Run = Callable[[Experiment], Trajectory]


@dataclass(frozen=True, slots=True)
class Case:
    """One setting in which the engine is laid beside the direct one."""

    name: str
    expression: str
    network: Network
    protocol: Protocol
    dimension: int
    noise: float = 0.0

    def experiment(self, seed: int, replicate: int, threads: int = 1) -> Experiment:
        """Return one replicate to run."""
        target = Target.parse(self.expression, noise=self.noise)
        return Experiment(
            target, self.network, self.protocol, self.dimension, Streams(seed, replicate), threads
        )


def _free(width: int, activation: str, **fields: Any) -> Network:
    # A given readout: with random signs the mean overlaps would vanish and nothing could be told apart.
    readout = tuple(np.linspace(1.5, -1.0, width).tolist())
    return Network(width, Activation.named(activation), readout=readout, symmetric=False, **fields)


def cases() -> tuple[Case, ...]:
    """Return the settings: fresh and reused, both losses, biased, paired, preprocessed, noisy, tiny batches.

    Noise and biases are so large that an engine without them is told apart.

    >>> len({case.name for case in cases()})
    6
    """
    repeat, stair, tanh = Protocol.repeat, "z1 + z1*z2", Activation.named("tanh")
    return (
        Case("fresh, square", stair, _free(3, "relu"), repeat(2, batch=40, learning_rate=2.0), 12, 4.0),
        Case(
            "fresh, correlation, biased",
            "tanh(z1) + He2(z1)",
            _free(3, "tanh", bias=2.0),
            repeat(2, batch=40, learning_rate=2.0, loss="correlation"),
            20,
        ),
        Case("reused", stair, _free(2, "relu"), repeat(3, batch=40, learning_rate=1.0, reuse=True), 15),
        Case(
            "reused, batch below the dimension",
            "z1 + He2(z1)",
            _free(2, "erf"),
            repeat(3, batch=6, learning_rate=0.7, reuse=True),
            12,
        ),
        Case("paired", stair, Network(4, tanh), repeat(2, batch=30, learning_rate=3.0), 10),
        Case(
            "preprocessed, then plain",
            "z1 + z1*z2",
            _free(2, "relu"),
            Protocol(
                (
                    Step(batch=60, learning_rate=2.0, preprocess=True),  # type: ignore[arg-type]
                    Step(batch=30, learning_rate=1.0),  # type: ignore[arg-type]
                )
            ),
            10,
        ),
    )


def check_engine(
    run: Run, *, replicates: int = 200, seed: int = 0, only: tuple[str, ...] = (), false_alarm: float = 1e-4
) -> Report:
    """Check an engine: its manners on one run, and equality in law with the direct engine over replicates.

    Parameters
    ----------
    run : callable
        `giantstep.training.experiment.Experiment` to a ``Trajectory``.
    replicates : int
        Runs of each engine and case. Means and variances of every order parameter after every step are
        compared by Welch z-scores.
    seed : int
        Root seed; the reference runs on the next one.
    only : tuple of str
        Names of `cases` to take; all by default. For an engine that cannot do some.
    false_alarm : float
        Probability, per case and moment, of a complaint about a right engine (Bonferroni over entries).

    Returns
    -------
    Report

    Raises
    ------
    ConformanceError
        When a law is broken; it lists them all.
    SpecError
        For what is no engine, an unknown case, or too few replicates.

    Examples
    --------
    >>> from giantstep.training.reduced import run_reduced
    >>> print(check_engine(run_reduced, replicates=50, only=("paired",)))
    engine run_reduced: 7 laws hold
    """
    names = [case.name for case in cases()]
    if not callable(run):
        raise SpecError(
            f"run: found {run!r}, expected a function of an Experiment that returns a Trajectory."
        )
    for name in only:
        if name not in names:
            raise SpecError(
                f"only: found {name!r}, expected names of cases(): {'; '.join(names)}{nearest(name, names)}."
            )
    if replicates < _FEWEST:
        raise SpecError(
            f"replicates: found {replicates}, expected at least {_FEWEST}; fewer tell no laws apart."
        )
    taken = [case for case in cases() if not only or case.name in only]
    first = taken[0]
    laws = [
        ("a trajectory has T + 1 snapshots of the right shapes", partial(_shapes, run, first)),
        ("M and Q fit together: [[I, M^T], [M, Q]] is positive", partial(_positive, run, first)),
        ("the same seed gives the same bits, on one thread and on two", partial(_bits, run, first)),
        ("replicates differ", partial(_replicates, run, first)),
        ("progress counts every sample", partial(_progress, run, first)),
        ("a run that explodes ends as nonfinite, with finite snapshots", partial(_explodes, run, first)),
    ]
    laws += [
        (f"law of the direct engine: {case.name}", partial(_law, run, case, replicates, seed, false_alarm))
        for case in taken
    ]
    return examine(f"engine {getattr(run, '__name__', 'engine')}", laws)


def _shapes(run: Run, case: Case) -> str:
    experiment = case.experiment(0, 0)
    found = run(experiment)
    steps, width, rank = len(case.protocol.steps), case.network.width, experiment.target.rank
    if len(found.snapshots) != steps + 1 or found.status != COMPLETED:
        return f"{len(found.snapshots)} snapshots, status {found.status!r}, expected {steps + 1}, completed"
    for shot in found.snapshots:
        if np.shape(shot.overlaps) != (width, rank) or np.shape(shot.self_overlaps) != (width, width):
            return f"M {np.shape(shot.overlaps)} and Q {np.shape(shot.self_overlaps)}"
    return ""


def _positive(run: Run, case: Case) -> str:
    for step, shot in enumerate(run(case.experiment(0, 1)).snapshots):
        rest = np.linalg.eigvalsh(shot.self_overlaps - shot.overlaps @ shot.overlaps.T)
        if rest[0] < -1e-5 * max(1.0, rest[-1]):
            return f"step {step}: Q - M M^T has the eigenvalue {rest[0]:.3g}"
    return ""


def _same(first: Trajectory, second: Trajectory) -> bool:
    return all(
        np.array_equal(a.overlaps, b.overlaps) and np.array_equal(a.self_overlaps, b.self_overlaps)
        for a, b in zip(first.snapshots, second.snapshots, strict=True)
    )


def _bits(run: Run, case: Case) -> str:
    first = run(case.experiment(3, 0))
    if not _same(first, run(case.experiment(3, 0))):
        return "two runs of one seed differ"
    return (
        "" if _same(first, run(case.experiment(3, 0, threads=2))) else "two threads give other bits than one"
    )


def _replicates(run: Run, case: Case) -> str:
    same = _same(run(case.experiment(3, 0)), run(case.experiment(3, 1)))
    return "replicates 0 and 1 are the same run" if same else ""


def _progress(run: Run, case: Case) -> str:
    seen: list[int] = []
    experiment = replace(case.experiment(0, 0), on_progress=seen.append)
    run(experiment)
    wanted = sum(experiment.batches)
    return "" if sum(seen) == wanted else f"counted {sum(seen)} samples, expected {wanted}"


def _explodes(run: Run, case: Case) -> str:
    huge = Protocol.repeat(6, batch=10, learning_rate=1e60)
    found = run(replace(case.experiment(0, 0), protocol=huge))
    if found.status != "nonfinite" or not found.message:
        return f"status {found.status!r}, message {found.message!r}"
    kept = all(np.isfinite(shot.self_overlaps).all() for shot in found.snapshots)
    return "" if kept else "a snapshot holds NaN or infinity"


def order_parameters(run: Run, case: Case, seed: int, replicates: int) -> np.ndarray:
    """Return M, Q and the linear part after every step: one row a replicate.

    Raises
    ------
    RuntimeError
        When a run does not complete.
    """
    rows = []
    for replicate in range(replicates):
        parts: list[np.ndarray] = []
        found = run(case.experiment(seed, replicate))
        if found.status != COMPLETED:
            raise RuntimeError(f"replicate {replicate} ended as {found.status}: {found.message}")
        for shot in found.snapshots:
            parts += [shot.overlaps, shot.self_overlaps]
            if (linear := shot.linear) is not None:
                parts += [np.array([linear.constant, linear.energy]), linear.teacher, linear.neurons]
        rows.append(np.concatenate([np.ravel(part) for part in parts]))
    return np.array(rows)


def _law(run: Run, case: Case, replicates: int, seed: int, false_alarm: float) -> str:
    from scipy import stats

    first = order_parameters(run, case, seed, replicates)
    second = order_parameters(run_direct, case, seed + 1, replicates)
    constant, means, variances = moment_scores(first, second)
    if constant > 1e-6:
        return f"an order parameter that does not fluctuate differs by {constant:.3g}"
    limit = stats.norm.isf(false_alarm / (2 * len(means)))
    for moment, scores in (("mean", means), ("variance", variances)):
        worst = np.abs(scores).max()
        if worst > limit:
            return f"a {moment} differs by {worst:.1f} standard errors, allowed {limit:.1f}"
    return ""


def moment_scores(first: np.ndarray, second: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return how far constant entries differ, and Welch's z of the means and of the variances of the others.

    >>> rows = np.random.default_rng(0).standard_normal((2, 400, 3)) * [1.0, 1.0, 0.0]
    >>> constant, means, variances = moment_scores(rows[0], rows[1] + [0.0, 1.0, 0.5])
    >>> constant, (abs(means) > 5).tolist(), (abs(variances) > 5).tolist()
    (0.5, [False, True], [False, False])
    """
    free = first.std(0) + second.std(0) > 1e-9
    constant = float(np.abs(first - second)[:, ~free].max(initial=0.0))
    first, second = first[:, free], second[:, free]
    centre = 0.5 * (first.mean(0) + second.mean(0))
    squares = ((first - centre) ** 2, (second - centre) ** 2)
    return constant, _welch(first, second), _welch(*squares)


def _welch(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    error = np.sqrt(first.var(0, ddof=1) / len(first) + second.var(0, ddof=1) / len(second))
    return (first.mean(0) - second.mean(0)) / error
