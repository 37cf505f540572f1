"""Learning curves of one giant step: time a point, Newton steps, and the ratio to the iterated method.

    python benchmarks/features.py               a minute

A cold point starts from a target and an activation: their moments, the step's map, the tables along the
spike, the fixed point, the errors and the estimate of their digits; what it leaves out is the check of the
arguments and the labelled Dataset, which `predict.features` adds once a call.  Nodes of quadrature rules,
which depend on nothing, are kept.  A warm point has its tables.  Times are of this process on one thread, for
theirs and ours alike, so a busy machine spoils them little.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from ratios import Row, at_least, at_most, kernels  # first: it cleans the environment

import numpy as np  # isort: skip
from iterated_curve import Outer, Problem, Spectrum, few_nodes, iterated_point, whole_line

import giantstep as gs
from giantstep.asymptotics.spiked.bulk import IsotropicBulk
from giantstep.asymptotics.spiked.curve import Setting, curve, first_layer, tabulate
from giantstep.asymptotics.spiked.resolvents import Points
from giantstep.asymptotics.spiked.ridge_readout import retrain
from giantstep.threads import one_blas_thread

SIN = gs.Target.parse("sin(z1)")
TANH = gs.Activation.named("tanh")
STEP = {"learning_rate_ratio": 3.0, "first_batch_ratio": 20.0}
SETTING = Setting(SIN, TANH, **STEP)
SAMPLES, RIDGE = np.array([3.0]), np.array([0.1])
WHERE = "tanh, sin(z1), n0/d 20, eta 3, n/d 3"


def once(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.process_time()
    work()
    return 1e3 * (time.process_time() - start)


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """Least time of several, after one that does not count."""
    work()
    return min(once(work) for _ in range(rounds))


def shown(name: str, measured: float, note: str = "") -> Row:
    return Row(name, measured, "-", True, note)


def point_rows() -> tuple[float, list[Row]]:
    """Return the cold point's milliseconds, and rows on points and grids."""
    layer = first_layer(SETTING)
    tables, bulk = tabulate(SETTING, layer.step, 101), IsotropicBulk(layer.step.bulk_scale, 1.0)
    structured = Setting(SIN, TANH, 3.0, 20.0, 1.0, True, True)
    n, ridge = np.linspace(0.1, 4.0, 50), np.geomspace(1e-4, 10.0, 20)
    grid = [axis.ravel() for axis in np.meshgrid(n, ridge)]
    labelled = {"sample_ratio": n, "ridge": ridge, **STEP}
    with one_blas_thread():
        found = curve(SETTING, SAMPLES, RIDGE)
        cold = milliseconds(lambda: curve(SETTING, SAMPLES, RIDGE), 2000)
        warm = milliseconds(lambda: retrain(tables, Points(SAMPLES, RIDGE), bulk, 0.0), 2000)
        many = milliseconds(lambda: curve(SETTING, *grid), 20)
        corrected = milliseconds(lambda: curve(structured, SAMPLES, RIDGE), 30)
        many_corrected = milliseconds(lambda: curve(structured, *grid), 2)
    call = milliseconds(lambda: gs.predict.features(SIN, TANH, theory="isotropic", **labelled), 10)
    return cold, [
        at_most("isotropic point, cold (ms)", cold, 0.5, f"{found.digits[0]:.0f} digits; {WHERE}"),
        shown("  with its tables (ms)", warm),
        shown("  of a 50 x 20 grid of n/d and ridge (ms a point)", many / 1000),
        shown("  the same as a labelled call of predict.features (ms a point)", call / 1000),
        shown("structured point, cold (ms)", corrected),
        shown("  of the 50 x 20 grid (ms a point)", many_corrected / 1000),
    ]


def interpolation_rows() -> list[Row]:
    """Return Newton's steps where there are as many samples as neurons and next to no ridge."""
    rows = []
    for name, theory in (("tanh", "isotropic"), ("tanh", "structured"), ("relu", "isotropic")):
        at = {"sample_ratio": 1.0, "ridge": 1e-6, "first_batch_ratio": 0.5, "learning_rate_ratio": 1.0}
        found = gs.predict.features(gs.Target.parse("tanh(z1)"), name, theory=theory, **at)
        note = f"{found.status.values[0]}, {float(found.digits[0]):.1f} digits"
        steps = int(found.solver_steps[0])
        note += ", from the isotropic solution" if theory == "structured" else ""
        rows.append(at_most(f"{name}, {theory}: Newton steps at ridge 1e-6, n = p", steps, 15, note))
    return rows


def loss_rows() -> list[Row]:
    at = {"sample_ratio": 2.0, "ridge": 0.1, "first_batch_ratio": 6.0, "learning_rate_ratio": 2.0}
    sign = gs.Target.parse("sign(z1)")

    def cold(loss: str) -> float:
        return milliseconds(lambda: gs.predict.features(sign, TANH, loss=loss, **at), 2)

    return [shown(f"{loss} point, cold (ms)", cold(loss)) for loss in ("logistic", "hinge")]


def baseline_rows(cold: float) -> list[Row]:
    """Return the ratios of the iterated method to our cold point, all in this run."""
    step = first_layer(SETTING).step
    problem = Problem(step.spike_strength, step.spike_alignment, step.bulk_scale, 3.0, 1.0, 0.1)
    spectrum = Spectrum.drawn(problem.c, 1000, 1000)
    exact = float(curve(SETTING, SAMPLES, RIDGE).readout.test_error[0])

    def iterated(outer: Outer, rounds: int) -> tuple[float, str]:
        error, steps = iterated_point(problem, spectrum, outer)
        taken = milliseconds(lambda: iterated_point(problem, spectrum, outer), rounds)
        off = abs(error / exact - 1)
        return taken, f"{taken:.0f} ms, {steps} iterations, off by {off:.0e} (one drawn layer, p = 1000)"

    with one_blas_thread():
        published, said = iterated(whole_line, 2)
        careful, also = iterated(few_nodes, 5)
    return [
        at_least("the published method / our cold point", published / cold, 4000, said),
        shown("  the same with 19 nodes along the spike too", careful / cold, also),
    ]


def main() -> int:
    print(f"giantstep {gs.__version__}, numpy {np.__version__}, one thread, BLAS: {kernels()}", flush=True)
    cold, rows = point_rows()
    rows += interpolation_rows() + loss_rows() + baseline_rows(cold)
    for row in rows:
        print(row)
    return int(any(not row.kept for row in rows))


if __name__ == "__main__":
    sys.exit(main())
