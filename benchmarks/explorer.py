"""How long the explorer takes to answer, on the side of the server: each panel asked over HTTP, medians.

Run on an idle machine:  python benchmarks/explorer.py
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

import httpx
import uvicorn

from giantstep.explorer.access import Access
from giantstep.explorer.app import application
from giantstep.explorer.assets import choices, page
from giantstep.explorer.serving import configuration, open_socket
from giantstep.explorer.workers import Pool

REPEATS = 5
RUN = {"target": "stair3", "dimension": 10**6, "width": 8, "batch": "3d", "steps": 3, "seeds": 1}


def main() -> int:
    """Print a table of marks."""
    bound = open_socket("127.0.0.1", 0)
    access = Access(port=bound.getsockname()[1])
    server = uvicorn.Server(configuration(application(access, Pool())))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    base = f"http://127.0.0.1:{access.port}"
    headers = {"origin": base, "content-type": "application/json", "x-giantstep-token": access.token}
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}; medians in seconds")
    try:
        with httpx.Client(timeout=120, trust_env=False, headers=headers) as client:
            vega = client.get(f"{base}/vega.js").content
            _warm(client, base)
            _marks(client, base)
            print(f"{'start to the first certificate drawn':50s} {_first_answer():7.3f}")
            files = sum(len(asset.compressed) for asset in [*page().values(), choices()])
            print(f"first view: {(files + len(gzip.compress(vega, 9))) / 1e6:.2f} MB compressed, mark 2 MB")
    finally:
        server.should_exit = True
        thread.join()
        bound.close()
    return 0


def _marks(client: httpx.Client, base: str) -> None:
    curve = [{"target": "sin(z1)", "learning_rate_ratio": 1.0 + 0.2 * k} for k in range(REPEATS)]
    rows = [("isotropic learning curve", curve, "curve", _nth("figure", 1), 0.15)]
    rows.append(("structured learning curve", curve, "curve", _nth("figure", 2), 2.0))
    certificates = [
        {"target": name, "activation": "relu"} for name in ("stair2", "stair3", "He3", "h1h2h4_pair")
    ]
    rows.append(
        ("certificate of a polynomial target, both modes", certificates, "target", _nth("figure", 1), 0.3)
    )
    runs = [RUN | {"seed": seed} for seed in range(3)]
    rows.append(("d = 10^6, p = 8: first step shown", runs, "steps", _nth("neurons", 2), 3.0))
    rows.append(("d = 10^6, p = 8: three steps", runs, "steps", _nth("neurons", 4), 3.0))
    points = [{"target": "tanh(z1)", "second_exponent": 0.1 + 0.05 * k} for k in range(REPEATS)]
    rows.append(("phase map and predicted outliers", points, "spectra", _nth("spectrum", 1), None))
    rows.append(("spectrum of a run, width 600", points, "spectra", _nth("spectrum", 2), None))
    for name, questions, panel, reached, mark in rows:
        times = [_time(client, base, panel, question, reached) for question in questions]
        said = f"mark {mark:g}" if mark else ""
        print(f"{name:50s} {statistics.median(times):7.3f}   worst {max(times):7.3f}   {said}")


def _nth(kind: str, number: int) -> Any:
    """Return a function that is true at the n-th event of a kind."""
    return lambda kinds: kinds.count(kind) == number


def _time(client: httpx.Client, base: str, panel: str, question: dict[str, Any], reached: Any) -> float:
    started, kinds = time.perf_counter(), list[str]()
    found = None
    with client.stream("POST", f"{base}/ask/{panel}", content=json.dumps(question)) as answer:
        # Read to the end, so that the worker is free for the next one.
        for line in answer.iter_lines():
            event = json.loads(line)
            kinds.append(event["event"])
            if kinds[-1] == "error":
                raise RuntimeError(event["message"])
            if found is None and reached(kinds):
                found = time.perf_counter() - started
    if found is None:
        raise RuntimeError(f"{panel}: the event never came")
    return found


def _first_answer() -> float:
    """Return the seconds from the command to the first figure, asked as soon as the address is printed."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "giantstep", "explore", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        base, _, token = process.stdout.readline().strip().partition("/?token=")
        headers = {"origin": base, "content-type": "application/json", "x-giantstep-token": token}
        with httpx.Client(timeout=120, trust_env=False, headers=headers) as client:
            before = time.perf_counter() - started
            found = before + _time(client, base, "target", {"target": "stair3"}, _nth("figure", 1))
        process.send_signal(signal.SIGINT)
    return found


def _warm(client: httpx.Client, base: str) -> None:
    """Ask every panel until both workers have answered it."""
    for panel, question in (
        ("target", {"target": "z1"}),
        ("curve", {"target": "z1"}),
        ("spectra", {"target": "z1"}),
    ):
        for _ in range(4):
            _time(client, base, panel, question, lambda kinds: kinds[-1] == "end")
    for seed in range(4):
        _time(
            client,
            base,
            "steps",
            {"target": "z1", "dimension": 100, "seed": seed},
            lambda kinds: kinds[-1] == "end",
        )


if __name__ == "__main__":
    sys.exit(main())
