"""A point that leaves the finite numbers is a result; the exit code of its run says so."""

import json

from giantstep.cli import main
from giantstep.studies import load, run

STUDY = """
title = "One rate too many"
[[sweep]]
kind = "simulation"
target = "z1"
network = {width = 2, activation = "relu"}
dimension = 50
protocol = {steps = 4, batch = "2d"}
product.protocol.learning_rate = [1.0, 1e28]
"""


def test_diverged_points_are_kept_counted_and_exit_with_1_again_and_again(tmp_path, capsys):
    file, folder = tmp_path / "study.toml", tmp_path / "out"
    file.write_text(STUDY)
    command = ["run", str(file), "--out", str(folder), "--workers", "1", "--json"]
    for done in (2, 0):
        assert main(command) == 1
        told = capsys.readouterr()
        document = json.loads(told.out)
        assert (document["done"], document["diverged"], document["failures"]) == (done, 1, [])
        assert "1 point diverged" in told.err


def test_a_run_that_stays_finite_counts_none(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(STUDY.replace(", 1e28", ""))
    assert run(load(file), tmp_path / "out", workers=1).diverged == 0


def test_the_count_stands_on_the_files_not_on_records_or_the_index(tmp_path):
    file, folder = tmp_path / "study.toml", tmp_path / "out"
    file.write_text(STUDY)
    study = load(file)
    assert run(study, folder, workers=1).diverged == 1
    # Died between a point and its record; the index of an earlier version; no index at all.
    for record in folder.glob("points/*.run.json"):
        record.unlink()
    (folder / "index.json").write_text('{"schema": 1, "sound": {}}')
    assert (run(study, folder, workers=1).diverged, run(study, folder, workers=1).diverged) == (1, 1)
    (folder / "index.json").unlink()
    assert run(study, folder, workers=1).diverged == 1
