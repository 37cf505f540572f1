"""What a prediction of feature spikes costs, and a simulated one beside a plain full decomposition.

    python benchmarks/feature_spikes.py

A ratio is only as good as the machine is idle: each timing is the best of several, theirs and ours alternate.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import giantstep as gs
from giantstep.streams import Streams
from giantstep.studies.spike_walk import SpikeSetting, simulated_replicate
from giantstep.threads import one_blas_thread

TARGET = gs.Target.parse("z1 + 0.5*He2(z1)", noise=0.09)


def best(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def prediction(activation: str, exponents: object) -> float:
    def work() -> None:
        gs.predict.spikes(
            TARGET,
            activation,
            dimension=1000,
            sample_ratio=2.0,
            width_ratio=1.4,
            step_exponent=exponents,
            ridge=0.7,
        )

    work()  # imports and quadrature rules
    return best(work, 3)


def plain_spectrum(samples: int, width: int, dimension: int) -> None:
    """Features before and after a step and their full singular value decompositions: the textbook way."""
    rng = np.random.default_rng(0)
    for _ in range(2):
        z = rng.standard_normal((samples, dimension)) @ rng.standard_normal((dimension, width))
        np.linalg.svd(z / dimension**0.5, full_matrices=False)


def main() -> None:
    for name in ("He1+0.5*He2", "tanh(z+0.6)", "relu"):
        one, many = prediction(name, 0.3), prediction(name, np.linspace(0, 0.45, 100))
        print(f"prediction, {name:14s} {1e3 * one:6.1f} ms, 100 exponents {1e3 * many:7.1f} ms (bound 1 s)")
    setting = SpikeSetting(TARGET, "He1+0.5*He2", 1000, 2.5, 1.5, 0.7, step_exponent=0.3)
    ours = best(lambda: simulated_replicate(setting, Streams(0, 0), 2), 2)
    with one_blas_thread():
        theirs = best(lambda: plain_spectrum(2500, 1500, 1000), 1)
    print(f"one seed, N = 1500, d = 1000, n = 2500: {ours:.2f} s (bound 5 s), everything in it; ")
    print(f"plain full decompositions alone: {theirs:.2f} s, {theirs / ours:.1f} times as long")


if __name__ == "__main__":
    main()
