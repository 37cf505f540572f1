"""Looking after a results folder: everything broken is named, set aside, computed again; nothing is lost."""

import os
import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.studies.small import contents

from giantstep.errors import CapabilityError, SpecError, StoreError, WriteError
from giantstep.studies import check, collect, export, listing, load, repair, run
from giantstep.studies.index import Index
from giantstep.studies.store import State, Store

ODD = '{"schema": 2, "sound": {"a": [Infinity, 1, 1]}, "diverged": []}'
FIRST = Path(__file__).parents[1] / "data" / "store-1"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(FIRST, tmp_path / "copy"))


@pytest.fixture
def paths(folder):
    return sorted((folder / "points").glob("*.nc"))


def edit(path, key, value):
    with h5py.File(path, "r+") as file:
        file.attrs[key] = value


def test_the_first_store_ever_kept_opens_and_says_what_it_said(folder):
    health = check(folder)
    assert (health.points, health.done, health.findings) == (6, 6, ())
    data = collect(folder)
    np.testing.assert_allclose(data.alignment.values[0, :, 1], [0.3818913044, 0.3355088710], rtol=1e-9)
    assert data.predicted_dimension.values.tolist() == [0, 1]
    np.testing.assert_allclose(
        collect(folder, sweep="learning-curve").test_error, [0.042504, 0.032518], rtol=1e-4
    )
    assert collect(folder, sweep="scan").scanned_batch.values[0, -1] == 400


def test_finished_points_of_the_first_store_are_not_computed_again(folder):
    before = contents(folder)
    outcome = run(load(folder / "study.toml"), folder, workers=1)
    assert (outcome.done, outcome.skipped) == (0, 6)
    assert contents(folder) == before


def break_all(paths):
    """One file broken in each way; returns name -> state."""
    empty, short, flipped, foreign, other = paths[:5]
    empty.write_bytes(b"")
    short.write_bytes(short.read_bytes()[:-1])
    content = bytearray(flipped.read_bytes())
    with h5py.File(flipped) as file:
        name = next(
            key for key in ("overlaps", "test_error", "gradient_overlaps", "learned_subspace") if key in file
        )
        place = file[name].id.get_offset()
    content[place + 3] ^= 4
    flipped.write_bytes(bytes(content))
    foreign.unlink()
    with h5py.File(foreign, "w") as file:
        file["x"] = 1.0
    shutil.copy(paths[5], other)
    states = [State.DAMAGED, State.DAMAGED, State.DAMAGED, State.FOREIGN, State.FOREIGN]
    return dict(zip([path.name for path in paths[:5]], states, strict=True))


def test_broken_files_are_named_set_aside_and_computed_again(folder, paths):
    states = break_all(paths)
    findings = {finding.file.name: finding for finding in check(folder).findings}
    assert {name: finding.state for name, finding in findings.items()} == states
    assert all(finding.point for finding in findings.values())
    reasons = [finding.reason for finding in findings.values()]
    for words in ("it is empty", "changed after writing", "not a file of giantstep", "holds another point"):
        assert sum(words in reason for reason in reasons) == 1
    broken = contents(folder)
    health = repair(folder)
    assert all(finding.moved.read_bytes() == broken[finding.file.name] for finding in health.findings)
    assert (check(folder).done, check(folder).findings) == (1, ())
    outcome = run(load(folder / "study.toml"), folder, workers=1)
    assert (outcome.done, outcome.skipped) == (5, 1)
    assert check(folder).done == 6


def test_a_run_sets_aside_what_is_broken_and_says_so(folder, paths):
    states = break_all(paths)
    events = []
    outcome = run(load(folder / "study.toml"), folder, workers=1, on_event=events.append)
    assert (outcome.done, outcome.skipped, outcome.failures) == (5, 1, ())
    assert len([event for event in events if event.kind == "aside"]) == 5
    assert {path.name.removesuffix(".0") for path in (folder / "quarantine").iterdir()} == set(states)


def test_a_newer_versions_file_is_refused_and_left_alone(folder, paths):
    edit(paths[0], "schema_version", 99)
    before = paths[0].read_bytes()
    assert [finding.state for finding in repair(folder).findings] == ["newer"]
    outcome = run(load(folder / "study.toml"), folder, workers=1)
    assert (outcome.done, outcome.skipped) == (0, 5)
    assert "newer giantstep" in outcome.failures[0][1]
    assert paths[0].read_bytes() == before


def test_a_sealed_file_of_a_newer_version_is_not_done(folder, monkeypatch):
    from giantstep.studies import seal, store

    mine, name = Store(folder), sorted((folder / "points").glob("*.nc"))[0].stem
    with monkeypatch.context() as newer:
        newer.setattr(store, "SCHEMA_VERSION", 2)
        newer.setattr(seal, "_WORD", seal._WORD.replace(b"001", b"002"))
        mine.write(name, "{}", collect(folder), "fingerprint")
        assert mine.is_done(name)
    assert not mine.is_done(name)
    assert Index.open(mine).state(name)[0] is State.NEWER


def test_left_over_and_stray_files_are_named_and_only_old_leftovers_moved(folder):
    points = folder / "points"
    for name in (".a.nc.12.ab.tmp", ".b.nc.12.ab.tmp", "notes.txt"):
        (points / name).write_text("x")
    old = time.time() - 7200
    os.utime(points / ".a.nc.12.ab.tmp", (old, old))
    moved = [finding.file.name for finding in repair(folder).findings if finding.moved]
    assert moved == [".a.nc.12.ab.tmp"]
    # A clock that was set back makes files of the future.
    os.utime(points / ".b.nc.12.ab.tmp", (old + 14400 + 60,) * 2)
    assert [finding.file.name for finding in repair(folder).findings if finding.moved] == [".b.nc.12.ab.tmp"]
    (points / ".b.nc.12.ab.tmp").write_text("x")
    assert sorted(finding.file.name for finding in check(folder).findings) == [".b.nc.12.ab.tmp", "notes.txt"]


def test_a_bit_flipped_anywhere_is_noticed(folder):
    run(load(FIRST / "study.toml"), folder / "fresh", workers=1)
    mine = Store(folder / "fresh")
    name = sorted((folder / "fresh" / "points").glob("*.nc"))[1].stem
    content = mine.path(name).read_bytes()
    generator = np.random.default_rng(0)
    for place in generator.choice(len(content), 1000, replace=False):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(generator.integers(8))
        mine.path(name).write_bytes(bytes(flipped))
        assert not mine.is_done(name)
        with pytest.raises(StoreError, match=r"changed after writing|cannot be read"):
            mine.read(name)


def test_the_index_is_a_cache(folder, paths, monkeypatch):
    assert Index.open(Store(folder)).left([path.stem for path in paths]) == {}
    monkeypatch.setattr(Store, "read", None)
    assert Index.open(Store(folder)).left([path.stem for path in paths]) == {}
    monkeypatch.undo()
    for text in (
        "",
        "{}",
        '{"schema": 9, "sound": {}}',
        '{"schema": 2, "sound": {"a": 3}}',
        ODD,
        "[" * 10**5,
    ):
        (folder / "index.json").write_text(text)
        assert Index.open(Store(folder)).left([path.stem for path in paths]) == {}
    paths[0].write_bytes(b"")
    assert list(Index.open(Store(folder)).left([path.stem for path in paths])) == [paths[0].stem]


def test_points_are_listed_with_their_state(folder, paths):
    paths[0].unlink()
    Store(folder).note(paths[0].stem, {"status": "failed", "message": "too hot"})
    paths[1].unlink()
    Store(folder).record_path(paths[1].stem).unlink()
    paths[2].write_bytes(b"")
    rows = {row["hash"]: row for row in listing(folder)}
    assert len(rows) == 6
    assert rows[paths[0].stem]["state"] == "failed"
    assert rows[paths[0].stem]["message"] == "too hot"
    assert rows[paths[1].stem]["state"] == "missing"
    assert rows[paths[2].stem]["state"] == "damaged"
    assert rows[paths[3].stem]["state"] == "done"


def test_tables_join_on_their_dimensions_and_hold_every_number(folder, tmp_path):
    import pandas as pd

    data = collect(folder)
    for suffix in ("csv", "parquet"):
        written = export(data, tmp_path / f"out.{suffix}")
        by_dims = {table.dimensions: table for table in written}
        table = by_dims["target", "replicate", "step", "neuron", "direction"]
        frame = pd.read_csv(table.file) if suffix == "csv" else pd.read_parquet(table.file)
        assert len(frame) == table.rows == 8
        np.testing.assert_array_equal(frame["overlaps"], data.overlaps.values.ravel())
        assert set(frame["target"]) == {"z1"}


def test_export_says_what_it_cannot(folder, tmp_path, monkeypatch):
    data = collect(folder)
    with pytest.raises(SpecError, match=r"expected .csv or .parquet"):
        export(data, tmp_path / "x.xlsx")
    monkeypatch.setattr("giantstep.studies.exporting.find_spec", lambda name: None)
    with pytest.raises(CapabilityError, match=r"giantstep\[export\]"):
        export(data, tmp_path / "x.parquet")
    with pytest.raises(WriteError, match="cannot be written"):
        export(data, tmp_path / "nowhere" / "x.csv")


def test_a_link_to_nowhere_counts_as_missing_and_is_computed_again(folder, paths):
    paths[0].unlink()
    paths[0].symlink_to(folder / "nowhere")
    assert [row["state"] for row in listing(folder)].count("missing") == 1
    assert run(load(folder / "study.toml"), folder, workers=1).done == 1
    assert check(folder).done == 6


def test_a_folder_in_the_place_of_a_point_is_named_without_its_path_and_set_aside(folder, paths):
    paths[0].unlink()
    paths[0].mkdir()
    (finding,) = check(folder).findings
    assert f"{paths[0].name}: cannot be read (Is a directory); run the study again" in finding.reason
    assert run(load(folder / "study.toml"), folder, workers=1).done == 1
    assert (folder / "quarantine" / f"{paths[0].name}.0").is_dir()


def test_a_study_file_that_cannot_be_read_is_named(folder):
    study, path = load(folder / "study.toml"), folder / "study.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match=r"study.toml: cannot be read \(is not UTF-8 text\)"):
        check(folder)
    with pytest.raises(StoreError, match="holds the results of another study"):
        run(study, folder, workers=1)
    path.write_text("[tool]")
    with pytest.raises(StoreError, match=r"study.toml: is no study of this giantstep \(tool: unknown key"):
        check(folder)
    path.unlink()
    path.mkdir()
    for ask in (lambda: check(folder), lambda: run(study, folder, workers=1)):
        with pytest.raises(StoreError, match=r"study.toml: cannot be read \(Is a directory\)"):
            ask()
