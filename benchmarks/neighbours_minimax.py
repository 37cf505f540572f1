"""What games of descent-ascent cost: population to T = 400 at 300 particles, against its tanh values alone.

    python benchmarks/neighbours_minimax.py

Process times on one thread, so that a busy machine spoils them little.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import giantstep as gs
from giantstep.networks.tanh_particles import TanhStart
from giantstep.targets.moment_clock import Clock
from giantstep.threads import one_blas_thread
from giantstep.training.minimax.games import run_games

BOUND = 30.0


def seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def tanh_only(steps: int, width: int) -> None:
    """The values that no implementation can do without: both networks at all nodes, every step."""
    x = np.random.default_rng(0).standard_normal((40, width))
    for _ in range(2 * steps):
        np.tanh(x)


def main() -> None:
    clock = Clock(400.0, 0.05)
    start = TanhStart(width=300, seeds=1)
    with one_blas_thread():
        run_games(output_scale=4.0, start=start, clock=Clock(1.0, 0.05))
        spent = seconds(lambda: run_games(output_scale=4.0, start=start, clock=clock))
        floor = seconds(lambda: tanh_only(clock.count, 300))
        verdict = "met" if spent < BOUND else "MISSED"
        print(f"population, 300 particles, T = 400: {spent:.1f} s  (bound {BOUND:.0f} s: {verdict})")
        print(f"  of which its own tanh alone take {floor:.1f} s: ratio {spent / floor:.1f}")
        online = seconds(
            lambda: run_games(output_scale=4.0, method="online", start=start, clock=Clock(200.0, 0.05))
        )
        print(f"online, 300 particles, batch 16, 4000 steps: {online:.1f} s")
        theory = seconds(lambda: gs.predict.descent_ascent(clock=clock))
        print(f"frozen-kernel flow to T = 400: {theory:.2f} s, {spent / theory:.0f} x faster than a game")


if __name__ == "__main__":
    main()
