"""Running: the same bytes on any number of workers, nothing recomputed, nothing lost."""

import json

import numpy as np
import pytest
from tests.studies.small import TEXT, contents

from giantstep.errors import SpecError, StoreError
from giantstep.studies import Study, collect, estimate, run, runner, verdicts
from giantstep.studies.store import Store

STUDY = Study.parse(TEXT)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    outcome = run(STUDY, folder, workers=1)
    assert (outcome.done, outcome.skipped, outcome.failures, outcome.interrupted) == (12, 0, (), False)
    return folder


def test_files_are_byte_identical_on_one_worker_and_on_two(finished, tmp_path):
    outcome = run(STUDY, tmp_path / "two", workers=2)
    assert outcome.done == 12
    assert contents(tmp_path / "two") == contents(finished)


def test_finished_points_are_skipped_and_damaged_ones_computed_again(finished, tmp_path):
    folder = tmp_path / "copy"
    run(STUDY, folder, workers=1)
    again = run(STUDY, folder, workers=1)
    assert (again.done, again.skipped) == (0, 12)
    paths = sorted((folder / "points").glob("*.nc"))
    paths[0].write_bytes(paths[0].read_bytes()[:100])
    paths[1].unlink()
    (folder / "points" / f".{paths[2].name}.1.abc.tmp").write_bytes(b"left over")
    again = run(STUDY, folder, workers=1)
    assert (again.done, again.skipped) == (2, 10)
    assert contents(folder) == contents(finished)


def test_every_point_has_a_record_beside_it(finished):
    for point in STUDY.points:
        record = Store(finished).record(point.hash)
        assert record["status"] == "done"
        assert record["packages"]["numpy"] == np.__version__
        assert record["blas"]
        assert record["wall_seconds"] > 0


def test_another_studys_folder_is_refused_unless_resumed(finished, tmp_path):
    folder = tmp_path / "claimed"
    run(STUDY, folder, workers=1)
    larger = Study.parse(TEXT.replace("zip.seeds = [3, 2]", "zip.seeds = [3, 3]"))
    with pytest.raises(StoreError, match="another study"):
        run(larger, folder, workers=1)
    outcome = run(larger, folder, workers=1, resume=True)
    assert (outcome.done, outcome.skipped) == (2, 12)


def test_a_point_that_fails_is_a_row_with_its_reason(monkeypatch, tmp_path):
    from giantstep.studies import tasks

    original = tasks.compute

    def failing(task):
        if '"replicate":1' in task:
            raise MemoryError("not enough\nmemory")
        return original(task)

    monkeypatch.setattr(tasks, "compute", failing)
    events = []
    outcome = run(STUDY, tmp_path, workers=1, on_event=events.append)
    assert outcome.done == 8
    assert {reason for _, reason in outcome.failures} == {"not enough memory"}
    assert [event.kind for event in events].count("failed") == 4
    data = collect(tmp_path)
    assert data.status.sel(target="z1", dimension=100).values.tolist() == ["completed", "failed", "completed"]
    assert data.message.sel(target="z1", dimension=100, replicate=1).item() == "not enough memory"
    monkeypatch.undo()
    assert run(STUDY, tmp_path, workers=1).done == 4
    assert (collect(tmp_path).status == "failed").sum() == 0


def test_an_interrupt_ends_the_run_and_keeps_what_is_done(monkeypatch, tmp_path):
    done = []

    def interrupted(task, folder):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(task)
        return perform(task, folder)

    perform = runner.perform
    monkeypatch.setattr(runner, "perform", interrupted)
    events = []
    outcome = run(STUDY, tmp_path, workers=1, on_event=events.append)
    assert outcome.interrupted
    assert outcome.done == 5
    assert "interrupted" in [event.kind for event in events]
    monkeypatch.undo()
    assert run(STUDY, tmp_path, workers=1).skipped == 5


def test_estimates_count_what_is_left(finished):
    whole, left = estimate(STUDY, workers=2), estimate(STUDY, finished, workers=2)
    assert (whole.points, whole.done, left.done) == (12, 0, 12)
    assert whole.seconds > 0
    assert left.seconds == 0


def test_workers_out_of_range_are_refused(tmp_path):
    with pytest.raises(SpecError, match="workers: found 0"):
        run(STUDY, tmp_path, workers=0)


def test_results_are_collected_under_their_names(finished):
    data = collect(finished)
    assert dict(data.overlaps.sizes) == {
        "target": 2, "dimension": 2, "replicate": 3, "step": 3, "neuron": 4, "direction": 2,
    }  # fmt: skip
    assert data.status.sel(target="stair2", dimension=1000).values.tolist() == ["completed"] * 2 + ["missing"]
    assert data.overlaps.sel(target="z1", direction="z2").isnull().all()
    assert data.predicted_dimension.sel(target="stair2").values.tolist() == [0, 1, 2]
    # Theory does not depend on the dimension here, and has no such axis.
    assert "dimension" not in data.learned_subspace.dims
    assert data.samples.sel(target="z1").values.tolist() == [200, 2000]
    step = data.sel(target="z1", dimension=1000, replicate=0)
    assert step.predicted_alignment.values[1:] == pytest.approx(step.alignment.values[1:])
    assert step.predicted_alignment.values[0] == 0


def test_collected_replicates_are_what_simulate_gives(finished):
    import giantstep as gs

    direct = gs.simulate(
        gs.Target.from_catalog("stair2"),
        gs.Network(4, readout="gaussian"),
        gs.Protocol.repeat(2, batch="2d", learning_rate=3),
        dimension=1000,
        seeds=2,
    )
    stored = collect(finished).overlaps.sel(target="stair2", dimension=1000).isel(replicate=slice(0, 2))
    np.testing.assert_array_equal(stored.values, direct.overlaps.values)


def test_a_missing_folder_and_an_unknown_sweep_are_errors(finished, tmp_path):
    with pytest.raises(StoreError, match="is not a results folder"):
        collect(tmp_path)
    with pytest.raises(SpecError, match="sweep: found 'other', expected simulation"):
        collect(finished, sweep="other")


def test_an_empty_folder_of_a_study_collects_as_missing(tmp_path):
    (tmp_path / "study.toml").write_text(TEXT)
    data = collect(tmp_path)
    assert (data.status == "missing").all()
    assert verdicts(tmp_path)["counts"] == {"not resolved": 2}


def test_verdicts_are_tables_in_json(finished):
    table = verdicts(finished)
    assert json.loads((finished / "verdicts.json").read_text()) == table
    rows = {row["labels"]["target"]: row for row in table["rows"]}
    assert [step["predicted"] for step in rows["stair2"]["steps"]] == ["0", "z1", "z1, z2"]
    assert rows["stair2"]["dimension"] == 1000
    assert rows["z1"]["steps"][1]["alignment"] > 0.05
    assert rows["z1"]["steps"][1]["alignment_se"] > 0
    assert rows["stair2"]["expression"] == "z1 + z1*z2"
