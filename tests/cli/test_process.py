"""Exit codes, streams, interrupts and imports of the process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from giantstep.cli import main

from .runs import subprocess_run


def test_debug_shows_where(capsys):
    from giantstep.errors import SpecError

    with pytest.raises(SpecError):
        main(["analyze", "quux", "--debug"])


def test_an_interrupt_exits_130_without_a_traceback(giantstep, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("giantstep.staircase.analyze", interrupt)
    ran = giantstep("analyze", "z1")
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.count("\n") == 1


def test_a_bug_is_one_line_too(giantstep, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("giantstep.staircase.analyze", broken)
    ran = giantstep("analyze", "z1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1


def test_the_process_exits_with_the_code_and_keeps_streams_apart():
    good, bad = subprocess_run("analyze", "stair2", "--json"), subprocess_run("analyze", "quux")
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["leap"] == 1
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from giantstep.cli import main; main(['--help']); "
        "heavy = {'numpy', 'scipy', 'xarray', 'altair', 'pandas', 'h5py', 'vl_convert'} & set(sys.modules); "
        "sys.exit(len(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "analyze" in done.stdout


def test_importing_the_package_loads_nothing_heavy():
    heavy = "{'scipy', 'xarray', 'altair', 'pandas', 'h5py'}"
    code = f"import sys, giantstep; sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_an_interrupted_process_exits_130_with_one_line():
    words = [
        sys.executable,
        "-m",
        "giantstep",
        "simulate",
        "z1",
        "--dimension",
        "1e6",
        "--seeds",
        "400",
        "--yes",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # The estimate is printed just before the first sample is drawn.
        assert process.stderr.readline().startswith("simulate: about")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "giantstep: interrupted\n")
