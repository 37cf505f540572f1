"""`giantstep store` and `run --dry-run`: what stands in a folder, and what a study would take."""

import shutil
from pathlib import Path

import pytest

FIRST = Path(__file__).parents[1] / "data" / "store-1"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(FIRST, tmp_path / "copy"))


def test_a_sound_folder_is_said_to_be_so(giantstep, folder):
    ran = giantstep("store", "check", str(folder), "--json")
    assert ran.code == 0
    assert ran.document | {"folder": ""} == {
        "folder": "", "points": 6, "done": 6, "failed": 0, "others": 0, "findings": [],
    }  # fmt: skip
    assert giantstep("store", "check", str(folder)).out == "6 of 6 points done and sound.\n"


def test_a_broken_file_is_named_moved_and_listed_as_missing(giantstep, folder):
    path = sorted((folder / "points").glob("*.nc"))[0]
    path.write_bytes(b"")
    checked = giantstep("store", "check", str(folder))
    assert checked.code == 1
    assert checked.out.startswith(f"damaged  scan, replicate 0: {path.name}: cannot be read (it is empty)")
    repaired = giantstep("store", "repair", str(folder), "--json")
    assert repaired.code == 0
    (finding,) = repaired.document["findings"]
    assert finding["state"] == "damaged"
    assert Path(finding["moved"]).read_bytes() == b""
    missing = giantstep("store", "list", str(folder), "--state", "missing", "--json")
    assert [row["hash"] for row in missing.document["points"]] == [path.stem]
    assert "5 done, 1 missing" in giantstep("store", "list", str(folder)).out


def test_tables_are_written_where_asked(giantstep, folder, tmp_path):
    ran = giantstep("store", "export", str(folder), "--to", str(tmp_path / "out.csv"), "--json")
    assert ran.code == 0
    assert all(Path(table["file"]).exists() for table in ran.document["tables"])
    bad = giantstep("store", "export", str(folder), "--to", str(tmp_path / "out.xlsx"))
    assert (bad.code, bad.out) == (2, "")
    assert "expected .csv or .parquet" in bad.err


def test_a_dry_run_lists_settings_with_their_cost_and_what_is_done(giantstep, folder):
    ran = giantstep("run", str(folder / "study.toml"), "--out", str(folder), "--dry-run", "--json")
    assert ran.code == 0
    assert (ran.document["points"], ran.document["done"], ran.document["seconds"]) == (6, 6, 0)
    rows = {row["kind"]: row for row in ran.document["settings"]}
    assert rows["simulation"]["points"] == rows["simulation"]["done"] == 2
    assert rows["simulation"]["labels"] == {"target": "z1"}
    assert all(row["seconds"] > 0 and row["memory"] > 0 for row in rows.values())
    text = giantstep("run", str(folder / "study.toml"), "--out", str(folder / "other"), "--dry-run").out
    assert "simulation: target z1: 2 points, 0 done, under a second" in text


def test_a_folder_without_a_study_and_an_unknown_option_are_one_line(giantstep, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for words in (
        ("store", "check", str(tmp_path)),
        ("store", "list", str(tmp_path), "--stat", "done"),
        ("store", "list", str(loop)),
    ):
        ran = giantstep(*words)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_a_link_that_leads_to_itself_is_no_folder(giantstep, tmp_path):
    file, loop = tmp_path / "study.toml", tmp_path / "loop"
    file.write_text('[[sweep]]\nkind = "certificate"\ntarget = "z1"\n')
    loop.symlink_to(loop)
    ran = giantstep("run", str(file), "--out", str(loop), "--workers", "1")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "cannot be" in ran.err


def test_words_that_would_do_nothing_are_refused(giantstep, folder, tmp_path):
    listed = giantstep("store", "list", str(folder), "--state", "mising")
    assert (listed.code, listed.out) == (2, "")
    assert "did you mean 'missing'?" in listed.err
    study = tmp_path / "study.toml"
    study.write_text('figure = "stairwy"\n[[sweep]]\nkind = "certificate"\ntarget = "z1"\n')
    ran = giantstep("run", str(study), "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'stairway'?" in ran.err
    assert "workers: found 0" in giantstep("run", "stairway", "--workers", "0").err
