"""The store: whole files or none, checked to the last bit."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from giantstep.errors import StoreError, WriteError
from giantstep.studies.canonical import spec_hash
from giantstep.studies.netcdf import read_netcdf
from giantstep.studies.store import Store, commit

TASK = '{"kind":"simulation"}'
NAME = spec_hash(TASK)


def dataset():
    return xr.Dataset(
        {
            "overlaps": (("replicate", "neuron"), [[0.5, np.nan]]),
            "status": (("replicate",), np.array(["completed"])),
            "count": (("bare",), np.arange(3)),
        },
        {"replicate": [4], "neuron": [0, 1]},
        {"engine": "reduced"},
    )


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    store.write(NAME, TASK, dataset(), "fingerprint")
    return store


def test_what_is_written_is_read_back(store):
    stored = store.read(NAME)
    assert store.is_done(NAME)
    dims, values = stored.variables["overlaps"]
    assert dims == ("replicate", "neuron")
    np.testing.assert_array_equal(values, [[0.5, np.nan]])
    assert list(stored.variables["status"][1]) == ["completed"]
    assert stored.attributes["spec"] == TASK


def test_files_are_netcdf_that_xarray_opens(store):
    with xr.open_dataset(store.path(NAME), engine="h5netcdf") as opened:
        xr.testing.assert_equal(opened.load(), dataset())


def test_the_same_point_is_the_same_bytes(store):
    first = store.path(NAME).read_bytes()
    store.write(NAME, TASK, dataset(), "fingerprint")
    assert store.path(NAME).read_bytes() == first


def test_a_truncated_file_is_not_done(store):
    content = store.path(NAME).read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        store.path(NAME).write_bytes(content[:size])
        assert not store.is_done(NAME)
        with pytest.raises(StoreError, match="cannot be read"):
            store.read(NAME)


def test_a_file_under_another_points_name_is_not_done(store):
    other = "0" * 64
    store.path(NAME).rename(store.path(other))
    assert not store.is_done(other)
    with pytest.raises(StoreError, match="holds another point"):
        store.read(other)


def test_a_flipped_bit_in_the_data_is_noticed(store):
    content = bytearray(store.path(NAME).read_bytes())
    place = content.find(np.float64(0.5).tobytes())
    content[place] ^= 1
    store.path(NAME).write_bytes(bytes(content))
    with pytest.raises(StoreError, match="changed after writing"):
        store.read(NAME)


def test_an_interrupted_write_leaves_the_old_file_and_no_other(store):
    before = store.path(NAME).read_bytes()

    def fail(path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit(store.path(NAME), fail)
    assert store.path(NAME).read_bytes() == before
    assert [path.name for path in (store.folder / "points").iterdir()] == [f"{NAME}.nc"]


def test_records_are_json_and_a_missing_one_is_empty(store):
    assert store.record(NAME) == {}
    store.note(NAME, {"status": "done"})
    assert json.loads(store.record_path(NAME).read_text()) == {"status": "done"}


ODD = ["[]", "null", "3", "{", '{"status": 3}', '{"status": "failed"}', "[" * 10**5]


@pytest.mark.parametrize("text", ODD)
def test_a_record_in_other_words_counts_as_none(store, text):
    store.record_path(NAME).write_text(text)
    assert store.record(NAME) == {}


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another folder"):
        Store(tmp_path / "file").prepare()


FULL = OSError(errno.ENOSPC, "No space left on device")


def refuse(*args, **kwargs):
    raise FULL


@pytest.mark.parametrize(
    "call", ["pathlib.Path.write_bytes", "os.fsync", "os.replace", "os.open", "builtins.open"]
)
def test_a_full_disk_at_any_call_is_said_in_one_line_and_loses_nothing(store, monkeypatch, call):
    before = store.path(NAME).read_bytes()
    monkeypatch.setattr(call, refuse)
    with pytest.raises(WriteError, match=r"No space left on device.*free some space") as caught:
        store.write(NAME, TASK, dataset(), "another")
    monkeypatch.undo()
    assert "\n" not in str(caught.value)
    # After the rename only the folder's own fsync is left: the new file is there, whole.
    assert call == "os.open" or store.path(NAME).read_bytes() == before
    assert store.read(NAME)
    assert [path.name for path in (store.folder / "points").iterdir()] == [f"{NAME}.nc"]


def test_a_disk_that_takes_half_a_file_keeps_the_old_one(store):
    """The kernel's own limit on file sizes stands for a disk that fills up while it is written to."""
    code = (
        "import resource, sys; from pathlib import Path; from tests.studies.test_store import *; "
        "from giantstep.errors import WriteError; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try: Store(Path(sys.argv[1])).write(NAME, TASK, dataset(), 'another')\n"
        "except WriteError as error: sys.exit(str(error))"
    )
    before = store.path(NAME).read_bytes()
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(store.folder)], capture_output=True, text=True, cwd=root, timeout=600
    )
    assert (done.returncode, "File too large" in done.stderr) == (1, True)
    assert store.path(NAME).read_bytes() == before
    assert [path.name for path in (store.folder / "points").iterdir()] == [f"{NAME}.nc"]


def test_the_table_of_contents_says_what_netcdf_says(store):
    content = store.path(NAME).read_bytes()
    values, attributes = read_netcdf(content)
    stored = store.read(NAME)
    assert stored.attributes == attributes
    assert set(values) == set(stored.variables)
    for name, (_, array) in stored.variables.items():
        assert array.dtype == values[name].dtype
        np.testing.assert_array_equal(array, values[name])


def test_empty_arrays_and_scalars_are_kept(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    data = xr.Dataset(
        {
            "none": (("gap", "neuron"), np.zeros((0, 3))),
            "one": ((), 1.5),
            "word": ((), "text"),
            "yes": ((), True),
        }
    )
    store.write(NAME, TASK, data, "fingerprint")
    found = store.read(NAME).variables
    assert found["none"][1].shape == (0, 3)
    assert (found["one"][1], str(found["word"][1]), bool(found["yes"][1])) == (1.5, "text", True)
