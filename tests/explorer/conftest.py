"""One explorer for all tests of a session."""

from collections.abc import Iterator

import pytest

from giantstep.explorer.workers import Pool

from .site import Site, running


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running(Pool(size=1, queue=2, budget=3600.0, warm=())) as found:
        yield found
