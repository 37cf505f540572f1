"""Ridge on deep features: 1000 points of (n, ridge) from one eigendecomposition at p = 1000, under a second.

    python benchmarks/neighbours_deep_features.py

Beside it in the same run: the eigendecomposition, and one regression that the points replace.
"""

from __future__ import annotations

import time

import numpy as np

from giantstep.asymptotics import RidgeTheory
from giantstep.threads import one_blas_thread


def best(work, rounds=5):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    p, rng = 1000, np.random.default_rng(0)
    spectrum = np.arange(1.0, p + 1) ** -0.8
    basis = np.linalg.qr(rng.standard_normal((p, p)))[0]
    theta = rng.standard_normal(p) / np.sqrt(p)
    covariance, moment = (basis * spectrum) @ basis.T, basis @ (spectrum * theta)
    energy = float(spectrum @ theta**2)
    n, ridge = np.meshgrid(np.geomspace(10, 1e4, 40), np.geomspace(1e-8, 10, 25))
    theory = RidgeTheory.of(covariance, moment, energy)
    features, y = rng.standard_normal((1000, p)), rng.standard_normal(1000)
    with one_blas_thread():
        decomposition = best(lambda: RidgeTheory.of(covariance, moment, energy), 3)
        points = best(lambda: theory.at(n, ridge, 0.1))
        one = best(lambda: np.linalg.solve(features.T @ features + np.eye(p), features.T @ y), 3)
    total = decomposition + points
    print(f"eigendecomposition at p = {p}            {decomposition:8.3f} s")
    print(f"1000 points of (n, ridge)                {points:8.3f} s")
    print(f"together, bound 1 s                      {total:8.3f} s   {'ok' if total < 1 else 'MISSED'}")
    print(f"regressions it replaces, per point       {1000 * one / points:8.0f} x slower")


if __name__ == "__main__":
    main()
