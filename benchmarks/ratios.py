"""One table of the ratios that giantstep promises, each measured in this run against a baseline in this run.

    python benchmarks/ratios.py            a few minutes
    python benchmarks/ratios.py --full     with the run of 10^9 samples

A ratio is only as good as the machine is idle: each timing is the best of several, and theirs and ours
alternate.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

# Overrides that some machines set cost sgemm a factor; they are read when the library is loaded.
OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
if any(name in os.environ for name in OVERRIDES):
    clean = {name: value for name, value in os.environ.items() if name not in OVERRIDES}
    sys.exit(subprocess.call([sys.executable, *sys.argv], env=clean))

import numpy as np  # noqa: E402
from textbook import plain_reused_run, textbook_step  # noqa: E402

import giantstep as gs  # noqa: E402
from giantstep.gaussian.normals import fill_normals  # noqa: E402
from giantstep.streams import Role, Streams  # noqa: E402
from giantstep.threads import available_threads, one_blas_thread, ordered_map  # noqa: E402
from giantstep.training.direct import run_direct  # noqa: E402
from giantstep.training.experiment import Experiment, chunks  # noqa: E402
from giantstep.training.fresh import BLOCK, CHUNK  # noqa: E402
from giantstep.training.reduced import run_reduced  # noqa: E402

THREADS = available_threads()
STAIR = gs.Target.parse("z1 + z1*z2")


@dataclass(frozen=True)
class Row:
    name: str
    measured: float
    bound: str
    kept: bool
    note: str = ""

    def __str__(self) -> str:
        verdict = "ok" if self.kept else "MISSED"
        return f"{self.name:58s} {self.measured:10.3g}   {self.bound:12s} {verdict:7s} {self.note}"


def at_most(name: str, measured: float, bound: float, note: str = "") -> Row:
    return Row(name, measured, f"<= {bound:g}", measured <= bound, note)


def at_least(name: str, measured: float, bound: float, note: str = "") -> Row:
    return Row(name, measured, f">= {bound:g}", measured >= bound, note)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Best time of each, alternating."""
    times = [[seconds(work) for work in works] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def draw(samples: int, axes: int, fill: Callable[[np.random.Generator, np.ndarray], object]) -> None:
    """Draw samples x axes float32 normals in the engine's chunks on the engine's threads."""

    def chunk(item: tuple[int, int]) -> None:
        generator = Streams().generator(Role.BATCH, 1, item[0])
        block = np.empty((axes, BLOCK), np.float32)
        for _ in chunks(item[1], BLOCK):
            fill(generator, block)

    for _ in ordered_map(chunk, chunks(samples, CHUNK), THREADS):
        pass


def ziggurat(generator: np.random.Generator, block: np.ndarray) -> None:
    generator.standard_normal(dtype=np.float32, out=block)


def one_step(samples: int, dimension: int, width: int, engine=run_reduced, threads: int = THREADS) -> None:
    protocol = gs.Protocol.repeat(1, batch=samples, learning_rate=3.0)
    network = gs.Network(width, "relu", symmetric=False)
    run = Experiment(STAIR, network, protocol, dimension, Streams(), threads)
    with one_blas_thread():
        assert engine(run).status == "completed"


def textbook_seconds(width: int, samples: int = 8192, dimension: int = 4096) -> float:
    """Median of five textbook steps, with BLAS as the user has it."""
    rng = np.random.default_rng(0)
    layer = rng.standard_normal((width, dimension)) / dimension**0.5
    readout = np.ones(width)
    times = [seconds(lambda: textbook_step(rng, layer, readout, samples, 3.0)) for _ in range(5)]
    return sorted(times)[2]


def reduced_rows(full: bool) -> list[Row]:
    samples, width = 4096**2, 8
    axes = width + STAIR.rank
    ours, far, normals, own = best(
        3,
        lambda: one_step(samples, 10**4, width),
        lambda: one_step(samples, 10**6, width),
        lambda: draw(samples, axes, ziggurat),
        lambda: draw(samples, axes, fill_normals),
    )
    per_sample = textbook_seconds(width) / 8192
    reused = gs.Protocol.repeat(6, batch=3 * 10**6, learning_rate=0.6, reuse=True)
    committee = gs.Network(2, "relu", readout=[1.0, -1.0], rows="orthonormal", symmetric=False)
    published = gs.Target.parse("tanh(z1 + z2^3 - 3*z2)")
    run = Experiment(published, committee, reused, 10**6, Streams(), THREADS)

    def engine() -> None:
        with one_blas_thread():
            run_reduced(run)

    kept, plain = best(2, engine, lambda: plain_reused_run(np.random.default_rng(0), 10**6, 3 * 10**6, 6))
    per_sample_note = f"{ours / samples * 1e9:.0f} ns a sample"
    rows = [
        at_most("reduced, n = 4096^2, p = 8: time / NumPy's normals", ours / normals, 1.7, f"{ours:.2f} s"),
        Row("  the same / its own normals, on the same threads", ours / own, "-", True, per_sample_note),
        at_least("  speed-up over the textbook step, d = 4096", per_sample * samples / ours, 600),
        at_most("  d = 10^6 / d = 10^4", far / ours, 1.1),
        at_most("reused, d = 10^6, n = 3 10^6, p = r = 2 / plain step", kept / plain, 1 / 3, f"{kept:.2f} s"),
    ]
    if full:
        ours, normals = best(1, lambda: one_step(10**9, 1000, width), lambda: draw(10**9, axes, ziggurat))
        rows.append(
            at_most(
                "reduced, n = 10^9, d = 1000: time / NumPy's normals", ours / normals, 1.7, f"{ours:.0f} s"
            )
        )
    return rows


def direct_rows() -> list[Row]:
    rows, samples, dimension = [], 65536, 4096
    for width, share in ((2048, 0.7), (1024, 0.6)):
        left = np.ones((width, dimension), np.float32)
        right = np.ones((dimension, 4096), np.float32)
        ours, product = best(
            2,
            lambda width=width: one_step(samples, dimension, width, run_direct),
            lambda left=left, right=right: left @ right,
        )
        peak = 2.0 * width * dimension * 4096 / product
        rate = 4.0 * width * dimension * samples / ours
        faster = textbook_seconds(width) / 8192 * samples / ours
        note = f"{rate / 1e9:.0f} of {peak / 1e9:.0f} GFLOP/s"
        rows.append(at_least(f"direct, width {width}: rate / sgemm", rate / peak, share, note))
        rows.append(at_least("  speed-up over the textbook step", faster, 2.5))
    ours = min(seconds(lambda: one_step(samples, dimension, 8, run_direct)) for _ in range(2))
    faster = textbook_seconds(8) / 8192 * samples / ours
    rows.append(at_least("direct, width 8: speed-up over the textbook step", faster, 2.5))
    return rows


MEMORY = """
import sys; sys.path.insert(0, {here!r})
from ratios import *
{call}
# Not ru_maxrss: a child inherits its parent's peak through exec.
print(int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024)
"""


def peak_mebibytes(call: str) -> float:
    code = MEMORY.format(here=os.path.dirname(os.path.abspath(__file__)), call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


REUSED = """
import giantstep as gs
network = gs.Network(2, "relu", readout=[1.0, -1.0], symmetric=False)
protocol = gs.Protocol.repeat(6, batch="3d", learning_rate=0.6, reuse=True)
gs.simulate(gs.Target.parse("tanh(z1 + z2^3 - 3*z2)"), network, protocol, dimension=10**6)
"""


def memory_rows() -> list[Row]:
    small = peak_mebibytes("one_step(8192, 4096, 512, run_direct)")
    large = peak_mebibytes("one_step(65536, 4096, 512, run_direct)")
    return [
        at_most("memory, reduced, n = 4096^2 (MiB)", peak_mebibytes("one_step(4096**2, 10**6, 8)"), 1024),
        at_most("memory, reused, d = 10^6, n = 3 10^6 (MiB)", peak_mebibytes(REUSED), 1024),
        at_most("memory, direct, n = 65536 / n = 8192", large / small, 1.1, f"{large:.0f} MiB"),
    ]


def analyser_rows() -> list[Row]:
    cases = {
        "degree 6 in 4 variables": ("z1 + z1*z2 + z1*z2*z3 + z1*z2*z3*z4**3 + (z1+z2+z3+z4)**6/50", 1.0),
        "smooth kinks in 3 variables": ("relu(z1+z2) + abs(z1-z2)*z3 + sign(z3)*z1", 5.0),
        "relu committee of 4": ("relu(z1)+relu(z2)+relu(z3)+relu(z4)", 5.0),
        "sign of a product of 3": ("sign(z1*z2*z3)", 5.0),
    }
    rows = []
    for name, (text, bound) in cases.items():
        taken = seconds(lambda text=text: gs.analyze(gs.Target.parse(text)))
        rows.append(at_most(f"analyse {name} (s)", taken, bound))
    return rows


def start_rows() -> list[Row]:
    def child(*words: str) -> float:
        command = [sys.executable, *words]
        return min(seconds(lambda: subprocess.run(command, capture_output=True)) for _ in range(5))

    bare = child("-c", "pass")
    return [
        at_most("import giantstep (s, interpreter taken off)", child("-c", "import giantstep") - bare, 0.5),
        at_most("giantstep --help (s)", child("-m", "giantstep", "--help"), 0.5),
    ]


def kernels() -> str:
    from threadpoolctl import threadpool_info

    return "; ".join(
        f"{library['internal_api']} {library.get('version')} {library.get('architecture')}"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="add the run of 10^9 samples")
    parser.add_argument("--only", choices=["reduced", "direct", "memory", "analyser", "start"])
    options = parser.parse_args()
    print(
        f"giantstep {gs.__version__}, numpy {np.__version__}, {THREADS} threads, BLAS: {kernels()}",
        flush=True,
    )
    groups: dict[str, Callable[[], list[Row]]] = {
        "start": start_rows,
        "reduced": lambda: reduced_rows(options.full),
        "direct": direct_rows,
        "memory": memory_rows,
        "analyser": analyser_rows,
    }
    missed = 0
    for name, group in groups.items():
        if options.only in (None, name):
            for row in group():
                missed += not row.kept
                print(row, flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
