"""Exit codes, streams, interrupts and imports of the process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_closed_is_no_bug(monkeypatch, stream):
    monkeypatch.setattr(sys, stream, None)
    code = main(["analyze", "z1", "--json"])
    getattr(sys, stream).close()
    assert code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
@pytest.mark.parametrize("json", [["--json"], []])
def test_output_that_nobody_can_take_is_one_line_and_code_1(monkeypatch, capsys, json):
    with open("/dev/full", "w", encoding="utf-8") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        assert main(["analyze", "z1", *json]) == 1
    assert capsys.readouterr().err == (
        "giantstep: error: the output cannot be written (No space left on device). "
        "Results in folders are kept.\n"
    )


def test_messages_that_nobody_can_take_end_nothing(monkeypatch):
    from giantstep.cli.console import tell

    with open("/dev/full", "w", encoding="utf-8") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", full)
        tell("one")
        assert main(["analyze", "quux"]) == 2
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


def test_sigterm_after_the_last_point_exits_130_too(giantstep, monkeypatch, tmp_path):
    def ended(*args, **kwargs):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("giantstep.studies.verdicts", ended)
    before = signal.getsignal(signal.SIGTERM)
    file = tmp_path / "study.toml"
    file.write_text('[[sweep]]\nkind = "certificate"\ntarget = "z1"\n')
    ran = giantstep("run", str(file), "--out", str(tmp_path / "out"), "--workers", "1")
    assert (ran.code, ran.out, ran.err) == (130, "", "giantstep: interrupted\n")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_folders_may_have_any_name(giantstep, tmp_path):
    file = tmp_path / os.fsdecode(b"no \xff text, \xc3\xa9 and\nlines.toml")
    file.write_text('[[sweep]]\nkind = "certificate"\nproduct.target = ["z1", "z1*z2"]\n')
    folder = file.with_suffix("")
    for words in (["--workers", "1"], ["--dry-run"], ["--json", "--workers", "1"]):
        ran = giantstep("run", str(file), "--out", str(folder), *words)
        assert (ran.code, "bug" in ran.err) == (0, False)
    assert ran.document["skipped"] == 2
    for words in (["list"], ["check"], ["check", "--json"]):
        assert giantstep("store", words[0], str(folder), *words[1:]).code == 0
    assert giantstep("show", str(folder)).code == 0
    assert giantstep("report", str(folder), "-o", str(folder / "page.html")).code == 0
    assert giantstep("store", "export", str(folder), "--to", str(folder / "table.csv")).code == 0


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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    assert "analyze" in done.stdout


def test_importing_the_package_loads_nothing_heavy():
    heavy = "{'scipy', 'xarray', 'altair', 'pandas', 'h5py'}"
    code = f"import sys, giantstep; sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=600).returncode == 0


@pytest.fixture
def heard():
    """Let children hear Ctrl-C, which the background of a script ignores and they would inherit."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("heard")
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
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "giantstep: interrupted\n")
