"""Sudden death at any moment: nothing finished is lost, nothing half-written counts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def trial(folder, *words):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.studies.rounds", str(folder), *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=3000,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_sample_of_sudden_deaths_changes_no_bit(tmp_path):
    found = trial(tmp_path, "sample")
    assert (found["kills"]["killed"] > 2, found["kills"]["different"]) == (True, 0)
    assert (found["before_rename"]["left"], found["before_rename"]["different"]) == (3, 0)
    assert (found["two_at_once"]["codes"], found["two_at_once"]["different"]) == (0, 0)
    orderly = {"code": 130, "halves": 0, "still": True, "sound": True}
    assert found["signals"]["interrupt"] == orderly
    assert found["signals"]["twice"]["code"] == 130


@pytest.mark.slow
def test_two_hundred_kills_at_random_times_change_no_bit(tmp_path):
    found = trial(tmp_path, "kills", "200")
    assert found["killed"] > 150
    assert found["different"] == 0
    # The deaths came early and late; how late the last ones come depends on how fast a child starts.
    assert min(found["found"]) == 0
    assert max(found["found"]) > 5
    assert len(set(found["found"])) > 6


@pytest.mark.slow
def test_death_before_every_single_rename_changes_no_bit(tmp_path):
    # study.toml, then nine points with a record each; the index is committed only where it changed.
    assert trial(tmp_path, "before_rename", "18") == {"rounds": 18, "different": 0, "left": 18}


@pytest.mark.slow
def test_signals_end_runs_with_workers_in_order_and_orphans_end(tmp_path):
    found = trial(tmp_path, "signals", "2")
    orderly = {"code": 130, "halves": 0, "still": True, "sound": True}
    assert found["interrupt"] == found["term"] == orderly
    assert found["twice with workers"]["code"] == 130
    assert all(one["still"] and one["sound"] for one in found.values())
    assert found["killed"]["code"] == -9
