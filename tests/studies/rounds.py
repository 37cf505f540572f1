"""Rounds of sudden death, each in a forked child of a process that has everything loaded.

    python -m tests.studies.rounds FOLDER TRIAL [ROUNDS]

Prints one JSON document. Not a test itself: a process of its own may fork without pytest's threads.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from tests.studies.small import contents

from giantstep.cli import main
from giantstep.studies import Study, check, collect, run

STUDY = """
[[sweep]]
kind = "simulation"
theory = "certificate"
target = "z1"
network = {width = 4}
protocol = {steps = 2, batch = "2d", learning_rate = 3}
product.dimension = [100, 200]
seeds = 4
"""
LONG = STUDY.replace("[100, 200]", "[100000, 200000]").replace("seeds = 4", "seeds = 40")
"""Points of a third of a second."""


def forked(work: Callable[[], Any]) -> int:
    """Run work in a child and return its process id; the child's exit code is what work returns, or 0."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os._exit(work() or 0)
        os._exit(99)
    return child


def ended(child: int) -> int:
    """Return a child's exit code, minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def compute(folder: Path, workers: int = 1, text: str = STUDY) -> int:
    outcome = run(Study.parse(text), folder, workers=workers)
    return int(bool(outcome.failures))


def wait_for_points(folder: Path, count: int) -> None:
    limit = time.monotonic() + 600
    while len(list(folder.glob("points/*.nc"))) < count and time.monotonic() < limit:
        time.sleep(0.01)


def kills(folder: Path, rounds: int) -> dict[str, Any]:
    """Kill -9 at random times, then resume; compare with a run that nobody disturbed.

    A time is a number of points that are written and a little more, whatever else the machine does.
    """
    compute(folder / "whole")
    whole, chance = contents(folder / "whole"), random.Random(0)
    began = time.perf_counter()
    compute(folder / "again")
    length = (time.perf_counter() - began) / len(whole)
    different = killed = halves = 0
    found = []
    for number in range(rounds):
        place = folder / str(number)
        child = forked(lambda place=place: compute(place))
        wait_for_points(place, chance.randrange(len(whole)))
        time.sleep(chance.uniform(0, 1.2 * length))
        os.kill(child, signal.SIGKILL)
        killed += ended(child) == -signal.SIGKILL
        before = contents(place)
        found.append(len(before))
        different += any(whole[name] != content for name, content in before.items())
        halves += len(list(place.glob("points/.*.tmp")))
        compute(place)
        different += contents(place) != whole
        different += any(finding.state != "stray" for finding in check(place).findings)
    return {"rounds": rounds, "killed": killed, "different": different, "halves": halves, "found": found}


def before_rename(folder: Path, rounds: int) -> dict[str, Any]:
    """Die between write and rename of every file in turn."""
    compute(folder / "whole")
    whole = contents(folder / "whole")
    replace, different, left = os.replace, 0, 0
    for number in range(rounds):
        place, calls = folder / str(number), iter(range(10**6))

        def die(source: Any, goal: Any, number: int = number, calls: Any = calls) -> None:
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            replace(source, goal)

        def work(place: Path = place, die: Any = die) -> int:
            os.replace = die
            return compute(place)

        assert ended(forked(work)) == -signal.SIGKILL
        left += len(list(place.glob(".*.tmp"))) + len(list(place.glob("points/.*.tmp")))
        compute(place)
        different += contents(place) != whole
    return {"rounds": rounds, "different": different, "left": left}


def two_at_once(folder: Path, rounds: int) -> dict[str, Any]:
    """Two processes work on one folder at once."""
    compute(folder / "whole")
    different = codes = 0
    for number in range(rounds):
        place = folder / str(number)
        children = [forked(lambda place=place: compute(place)) for _ in range(2)]
        codes += sum(abs(ended(child)) for child in children)
        different += contents(place) != contents(folder / "whole")
        different += int((collect(place).status != "completed").sum())
    return {"rounds": rounds, "different": different, "codes": codes}


def signals(folder: Path, rounds: int) -> dict[str, Any]:
    """One signal ends a run in order with code 130, two at once; orphaned workers end by themselves.

    One round stays in one process; two rounds try worker processes too.
    """
    file = folder / "long.toml"
    file.write_text(LONG)
    answer: dict[str, Any] = {}
    plans = {
        "interrupt": ([signal.SIGINT], "1"),
        "twice": ([signal.SIGTERM, signal.SIGINT], "1"),
        "term": ([signal.SIGTERM], "2"),
        "twice with workers": ([signal.SIGINT, signal.SIGINT], "2"),
        "killed": ([signal.SIGKILL], "2"),
    }
    for name in list(plans)[: 2 if rounds == 1 else None]:
        sent, workers = plans[name]
        place = folder / name
        words = ["run", str(file), "--out", str(place), "--workers", workers, "--yes"]
        child = forked(lambda words=words: main(words))
        wait_for_points(place, 3)
        helpers = psutil.Process(child).children(recursive=True)
        for number in sent:
            os.kill(child, number)
            time.sleep(0.05)
        code = ended(child)
        _, alive = psutil.wait_procs(helpers, timeout=600)
        answer[name] = {
            "code": code,
            "halves": len(list(place.glob("points/.*.tmp"))),
            "still": not alive,
            "sound": check(place).done == len(contents(place)) < 81,
        }
    return answer


def sample(folder: Path, rounds: int) -> dict[str, Any]:
    """A little of each."""
    amounts = {kills: 5, before_rename: 3, two_at_once: 1, signals: 1}
    found = {}
    for trial, amount in amounts.items():
        (folder / trial.__name__).mkdir()
        found[trial.__name__] = trial(folder / trial.__name__, amount)
    return found


if __name__ == "__main__":
    trials = {trial.__name__: trial for trial in (kills, before_rename, two_at_once, signals, sample)}
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    found = trials[sys.argv[2]](place, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    print(json.dumps(found))
