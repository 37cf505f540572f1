"""One explorer and one browser; every test begins with a page just opened and ends without a complaint."""

from collections.abc import Iterator

import pytest

from giantstep.explorer.workers import Pool

from ..site import Site, running
from .reader import Reader, chromium


@pytest.fixture(scope="session")
def served() -> Iterator[Site]:
    with running(Pool(budget=3600.0)) as found:
        yield found


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    started = chromium(tmp_path_factory.mktemp("chromium"))
    yield started
    started.quit()


@pytest.fixture
def reader(served, driver) -> Iterator[Reader]:
    found = Reader(driver, served.access.url, served.base)
    driver.get("about:blank")
    found.problems()
    found.requests()
    yield found
    assert found.problems() == []
    outside = [one["url"] for one in found.requests() if not one["url"].startswith(served.base)]
    assert outside == []
