"""What a study costs beyond its points, and what workers gain: ratios measured in this run.

    python benchmarks/studies.py             two minutes on an idle machine
    python benchmarks/studies.py --points 10000   also list and collect a store of so many points

Overhead: a study on one worker against the same points computed bare, in one process, in turns. Gain: the
same study on n worker processes against one, workers' start (seconds, paid once) left out by a first run of
points that take no time. Each timing is the best of the rounds. On a busy machine only the overhead in
processor time means anything.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import giantstep.studies as studies
from giantstep.streams import fingerprint
from giantstep.studies.executors import begin_worker
from giantstep.studies.store import Store
from giantstep.studies.tasks import compute
from giantstep.threads import available_threads, one_blas_thread

STUDY = """
[[sweep]]
kind = "simulation"
target = "z1 + z1*z2"
network = {{width = 8}}
protocol = {{steps = 1, batch = {batch}, learning_rate = 3}}
dimension = 1000000
seeds = {seeds}
"""


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def study(batch: int, seeds: int) -> studies.Study:
    return studies.Study.parse(STUDY.format(batch=batch, seeds=seeds))


def computed(one: studies.Study, **options: object) -> None:
    folder = tempfile.mkdtemp()
    outcome = studies.run(one, folder, **options)
    assert outcome.done == len(one.points), outcome
    shutil.rmtree(folder)


def bare(one: studies.Study) -> None:
    with one_blas_thread():
        for point in one.points:
            compute(point.task)


def batch_of_a_second() -> int:
    small = study(2**22, 1)
    bare(small)
    return int(2**22 / min(processor_seconds(lambda: bare(small)) for _ in range(3)) * 1.1)


def overhead(batch: int, rounds: int) -> None:
    one = study(batch, 3)
    computed(one, workers=1)
    pairs = [(seconds(lambda: bare(one)), seconds(lambda: computed(one, workers=1))) for _ in range(rounds)]
    plain, whole = (min(column) for column in zip(*pairs, strict=True))
    _say("overhead a point", (whole - plain) / len(one.points), plain / len(one.points))
    # The same in processor time, over many small points: what a busy machine can still measure.
    small = study(1000, 60)
    pairs = [
        (processor_seconds(lambda: bare(small)), processor_seconds(lambda: computed(small, workers=1)))
        for _ in range(rounds)
    ]
    plain, whole = (min(column) for column in zip(*pairs, strict=True))
    _say("  in processor time", (whole - plain) / len(small.points), 1.0)


def _say(name: str, overhead: float, point: float) -> None:
    share = overhead / point
    print(f"{name:20s} {1e3 * overhead:8.1f} ms of {point:.2f} s", end="")
    print(f"   {100 * share:5.1f} %   <= 5 %   {'ok' if share <= 0.05 else 'MISSED'}", flush=True)


def gain(batch: int, workers: int, rounds: int) -> None:
    one, nothing = study(batch, 4 * workers), study(1, 2 * workers)
    with ProcessPoolExecutor(workers, get_context("spawn"), begin_worker) as pool:
        computed(nothing, executor=pool, workers=workers)
        pairs = [
            (
                seconds(lambda: computed(one, workers=1)),
                seconds(lambda: computed(one, executor=pool, workers=workers)),
            )
            for _ in range(rounds)
        ]
    alone, together = (min(column) for column in zip(*pairs, strict=True))
    ratio = alone / together / workers
    print(f"{workers} workers              {alone / together:8.2f} x", end="")
    print(f"   {ratio:5.2f} n   >= 0.8 n {'ok' if ratio >= 0.8 else 'MISSED'}")


def many(count: int) -> None:
    text = STUDY.format(batch=1000, seeds=count)
    one = studies.Study.parse(text)
    store = Store(Path(tempfile.mkdtemp()))
    store.prepare()
    (store.folder / "study.toml").write_text(text)
    data, print_ = compute(one.points[0].task), fingerprint()
    for point in one.points:
        store.write(point.hash, point.task, data, print_)
    for name, work, bound in (("list", studies.listing, 3.0), ("collect", studies.collect, 20.0)):
        taken = seconds(lambda work=work: work(store.folder))
        verdict = "ok" if taken <= bound or count > 10000 else "MISSED"
        print(f"{name} {count} points   {taken:8.2f} s              <= {bound:g} s    {verdict}")
    shutil.rmtree(store.folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--workers", type=int, default=available_threads())
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    batch = batch_of_a_second()
    overhead(batch, chosen.rounds)
    gain(batch, chosen.workers, chosen.rounds)
    if chosen.points:
        many(chosen.points)


if __name__ == "__main__":
    sys.exit(main())
