"""What the reduced flow of time-scales costs, down to eps = 1e-18, and what its Jacobian and log clock buy.

    python benchmarks/neighbours_time_scales.py

Process times on one thread, so that a busy machine spoils them little.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from giantstep.asymptotics.time_scales.integrate import integrate
from giantstep.asymptotics.time_scales.reduced_flow import ReducedFlow
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.threads import one_blas_thread
from giantstep.training.time_scales.runs import run_descent

PAIR = HermiteComponents((0.5, 0.8, 0.5, 0.4), (0.5, 1.0, 0.8, 0.6))
BOUND = 10.0


def seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def plain(flow: ReducedFlow, start: np.ndarray, until: float) -> None:
    """The textbook way: BDF in t, the Jacobian by finite differences."""

    def rate(t: float, state: np.ndarray) -> np.ndarray:
        return flow.rate(0.0, state)

    solve_ivp(rate, (0.0, until), start, method="BDF", rtol=1e-8, atol=1e-8 * math.sqrt(flow.ratio))


def main() -> None:
    readout, overlaps = ParticleStart(width=64, seeds=1).draw(0)
    with one_blas_thread():
        for ratio in (1e-2, 1e-6, 1e-12, 1e-18):
            flow = ReducedFlow(PAIR.sigma, PAIR.phi, ratio)
            spent = seconds(lambda flow=flow: integrate(flow, readout, overlaps, 3.0))
            verdict = "met" if spent < BOUND else "MISSED"
            print(f"64 particles, eps {ratio:.0e}: {spent:5.2f} s  (bound {BOUND:.0f} s: {verdict})")
        for ratio in (1e-4, 1e-8):
            flow = ReducedFlow(PAIR.sigma, PAIR.phi, ratio)
            ours = seconds(lambda flow=flow: integrate(flow, readout, overlaps, 3.0))
            theirs = seconds(lambda flow=flow: plain(flow, np.concatenate([readout, overlaps]), 3.0))
            print(f"plain BDF without Jacobian at eps {ratio:.0e}: {theirs / ours:.1f} x ours")
        costs = [
            seconds(
                lambda d=d: run_descent(
                    PAIR,
                    time_scale_ratio=1e-2,
                    start=ParticleStart(width=50, seeds=1, dimension=d),
                    times=np.array([0.5]),
                )
            )
            for d in (10**3, 10**3, 10**9)
        ]
        print(f"finite flow, 50 neurons: d = 10^9 in {costs[2] / costs[1]:.2f} x the time of d = 10^3")


if __name__ == "__main__":
    main()
