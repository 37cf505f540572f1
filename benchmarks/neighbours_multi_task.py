"""Multi-task pretraining at d = 800, under a minute: both steps on 20 d samples, 200 tasks, width 300.

    python benchmarks/neighbours_multi_task.py

Beside it in the same run: the matrix products that the two steps cannot avoid.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from giantstep.streams import Streams
from giantstep.targets.tasks import Tasks
from giantstep.threads import available_threads, one_blas_thread
from giantstep.training.multi_task.pretraining import Pretraining, alignment_of, pretrain


def main() -> None:
    d, width, n = 800, 300, 16_000
    tables = Tasks(3, 200).draw(Streams(0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    layer = pretrain(tables, Pretraining(d, width, n, n), Streams(0))
    seconds = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    left, right = np.ones((width, d), np.float32), np.ones((d, 1024), np.float32)
    with one_blas_thread():
        times = []
        for _ in range(3 * n // 1024):
            start = time.perf_counter()
            left @ right
            times.append(time.perf_counter() - start)
    products = len(times) * min(times) / available_threads()
    alignment, conditioning = alignment_of(layer, 3)
    print(f"d = {d}, n = {n}: alignment {alignment:.3f}, conditioning {conditioning:.2f}")
    print(f"both steps, bound 60 s                   {seconds:8.2f} s   {'ok' if seconds < 60 else 'MISSED'}")
    print(f"over its matrix products alone           {seconds / products:8.1f} x")
    print(
        f"memory added                             {grown:8.0f} MiB (inputs of one step: "
        f"{n * d * 4 / 2**20:.0f})"
    )


if __name__ == "__main__":
    main()
