"""check_store accepts the store and notices each way to be wrong."""

import json
from dataclasses import dataclass

import pytest

from giantstep.errors import SpecError, StoreError
from giantstep.studies.store import Store
from giantstep.testing import ConformanceError, check_store


def test_a_store_in_the_place_of_what_makes_one_is_named(tmp_path):
    with pytest.raises(SpecError, match="expected what makes a store of a new empty folder"):
        check_store(Store(tmp_path))


def test_the_store_conforms():
    assert not check_store(Store).broken


@dataclass(frozen=True, slots=True)
class Trusting(Store):
    """Done means that the file is there."""

    def is_done(self, name):
        return self.path(name).exists()


@dataclass(frozen=True, slots=True)
class Littering(Store):
    """Leaves its temporary file."""

    def write(self, name, task, dataset, fingerprint):
        Store.write(self, name, task, dataset, fingerprint)
        self.path(name).with_suffix(".tmp").write_text("")


@dataclass(frozen=True, slots=True)
class Overwriting(Store):
    """Removes the old file before it knows that the new one can be written."""

    def write(self, name, task, dataset, fingerprint):
        self.path(name).unlink(missing_ok=True)
        Store.write(self, name, task, dataset, fingerprint)


@dataclass(frozen=True, slots=True)
class Appending(Store):
    """Keeps every note."""

    def note(self, name, record):
        with self.record_path(name).open("a") as file:
            file.write(json.dumps(record))


@dataclass(frozen=True, slots=True)
class Silent(Store):
    """Takes a missing point for an empty one."""

    def read(self, name):
        try:
            return Store.read(self, name)
        except StoreError:
            return None


@pytest.mark.parametrize(
    ("store", "law"),
    [
        (Trusting, "a truncated file is not done, and reading it says so"),
        (Trusting, "another point's file under a point's name is not done"),
        (Littering, "a write leaves no other file behind"),
        (Overwriting, "a write that fails leaves what was there"),
        (Appending, "records come back, and a damaged one counts as none"),
        (Silent, "nothing is done in an empty store"),
    ],
)
def test_a_broken_law_is_named(store, law):
    with pytest.raises(ConformanceError) as raised:
        check_store(store)
    assert law in {broken.name for broken in raised.value.report.broken}
