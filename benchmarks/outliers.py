"""Outliers of the first layer: a prediction, a phase map, a simulated seed beside full decompositions.

    python benchmarks/outliers.py             half a minute
    python benchmarks/outliers.py --full      with a count at width 4000, a minute more

The bounds in seconds are those of the project's issue on an idle machine of two cores; the ratio says what is
gained over decomposing the three matrices (start, one step, two steps) in full.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable

from ratios import Row, at_least, at_most, kernels  # first: it cleans the environment

import numpy as np  # isort: skip

import giantstep as gs
from giantstep.streams import Streams
from giantstep.threads import available_threads, one_blas_thread
from giantstep.training.direct import direct_layers
from giantstep.training.experiment import Experiment
from giantstep.training.outlier_simulation import outlier_replicate
from giantstep.training.spectrum import top_spectrum

CUBIC = "He1+0.2*He2+0.1*He3"
TARGET = gs.Target.parse("tanh(z1)", noise=0.04)
PROTOCOL = gs.Protocol.of_exponents([0.4, 0.3], [1, 3], batch=2500)


def seconds(work: Callable[[], object], rounds: int = 1) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def network(width: int, activation: str = CUBIC) -> gs.Network:
    return gs.Network(width, activation, readout="gaussian", symmetric=False)


def prediction_rows() -> list[Row]:
    rows = []
    for activation in (CUBIC, "gelu"):

        def predict(activation: str = activation) -> None:
            gs.predict.outliers(TARGET, network(1500, activation), PROTOCOL, dimension=1000)

        predict()  # imports and quadrature rules
        rows.append(at_most(f"prediction, {activation} (s)", seconds(predict, 3), 1.0))
    grid = np.linspace(0.0, 0.49, 40)

    def phases() -> None:
        gs.predict.outlier_phases(TARGET, CUBIC, first_exponent=grid, second_exponent=grid, reuse=True)

    return [*rows, at_most("phase map of 40 x 40 (s)", seconds(phases, 3), 10.0)]


def simulation_rows() -> list[Row]:
    threads = available_threads()
    steps = Experiment(TARGET, network(1500), PROTOCOL, 1000, Streams(), threads)

    def ours() -> None:
        outlier_replicate(
            TARGET,
            network(1500),
            PROTOCOL,
            dimension=1000,
            streams=Streams(),
            spikes=np.eye(3),
            threads=threads,
        )

    with one_blas_thread():
        layers = [layer for layer, _ in direct_layers(steps)]
        readout = steps.draw_readout()
        plain = seconds(lambda: [np.linalg.svd(layer) for layer in layers])
        lean = seconds(lambda: [top_spectrum(layer, readout) for layer in layers], 2)
    taken = seconds(ours, 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [
        at_most("one seed, N = 1500, d = 1000, n = 2500 (s)", taken, 5.0, f"{threads} threads"),
        at_most("  peak memory of this process (GiB)", peak, 2.0),
        at_least(
            "  top of three spectra / full decompositions: speed-up", plain / lean, 1.0, f"{plain:.1f} s"
        ),
    ]


def large_row() -> Row:
    rng = np.random.default_rng(0)
    layer, readout = rng.standard_normal((4000, 2667)), rng.standard_normal(4000)
    with one_blas_thread():
        taken = seconds(lambda: top_spectrum(layer, readout))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return at_most("count at N = 4000, d = 2667 (s)", taken, 60.0, f"peak {peak:.2f} GiB")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="add a count at width 4000")
    options = parser.parse_args()
    print(f"giantstep {gs.__version__}, numpy {np.__version__}, BLAS: {kernels()}", flush=True)
    missed = 0
    for row in [*prediction_rows(), *simulation_rows(), *([large_row()] if options.full else [])]:
        missed += not row.kept
        print(row, flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
