"""Jobs: a few at once, none for ever, and an end to those that nobody waits for."""

import json
import os
import signal
import time
from contextlib import contextmanager
from itertools import count

import pytest

from giantstep.explorer.panels import PANELS, warm
from giantstep.explorer.worker import Cancelled
from giantstep.explorer.workers import Pool

from .site import running

# Estimated at most of what the explorer allows: it will be stopped long before it ends.
LONG = {"target": "z1 + z1*z2", "dimension": 10**6, "width": 8, "steps": 3, "seeds": 20}
SHORT = {"target": "z1"}


@pytest.fixture(scope="module")
def narrow():
    """A server with one worker and no queue, which would rather wait an hour than stop a question."""
    with running(Pool(size=1, queue=0, budget=3600.0, warm=())) as found:
        yield found


def _until(true, seconds=300.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


@contextmanager
def _long(site):
    """The lines of an answer that takes long; leaving hangs up."""
    with site.client.stream(
        "POST", f"{site.base}/ask/steps", content=json.dumps(LONG), headers=site.headers()
    ) as answer:
        yield answer.iter_lines()


def _pids(site):
    return {worker.process.pid for worker in list(site.pool.all)}


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_takes_too_long_is_stopped_and_the_next_question_is_answered(narrow, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(narrow.pool, "budget", 0.5)
        assert "took longer than the 0.5 s" in narrow.error("steps", LONG)
    assert narrow.ask("target", SHORT)[-1]["event"] == "exports"


def test_hanging_up_ends_the_work(narrow):
    with _long(narrow) as lines:
        assert json.loads(next(lines))["event"] == "exports"
        assert narrow.pool.asking == 1
    # The worker noticed, or was ended and replaced; either way it is free long before the budget is over.
    assert _until(lambda: narrow.pool.asking == 0)
    assert _until(lambda: narrow.pool.idle.qsize() == 1)
    assert narrow.ask("target", SHORT)[-1]["event"] == "exports"


def test_a_worker_that_does_not_listen_is_ended_for_real(narrow):
    narrow.ask("target", SHORT)
    (before,) = _pids(narrow)
    worker = next(iter(narrow.pool.all))
    with _long(narrow) as lines:
        next(lines)
        # Deaf and dumb, like a computation that never looks up.
        os.kill(before, signal.SIGSTOP)
    assert _until(lambda: _pids(narrow) and before not in _pids(narrow))
    assert worker.process.returncode is not None
    assert not _alive(before)
    assert narrow.ask("target", SHORT)[-1]["event"] == "exports"


def test_a_worker_that_dies_is_replaced_and_the_page_is_told(narrow):
    narrow.ask("target", SHORT)
    (before,) = _pids(narrow)
    with _long(narrow) as lines:
        next(lines)
        os.kill(before, signal.SIGKILL)
        events = [json.loads(line) for line in lines]
    assert "ended early" in events[-2]["message"]
    assert narrow.ask("target", SHORT)[-1]["event"] == "exports"


def test_too_many_questions_at_once_are_refused(narrow):
    with _long(narrow) as lines:
        next(lines)
        refused = narrow.post("target", SHORT)
        assert refused.status_code == 503
        assert refused.json()["error"].startswith("busy: ")
    assert _until(lambda: narrow.pool.asking == 0)


def test_events_arrive_one_by_one_not_at_the_end(narrow):
    with _long(narrow) as lines:
        kinds = (json.loads(line) for line in lines)
        assert next(one for one in kinds if one["event"] == "neurons" and one["step"] == 1)["replicate"] == 0
        # The first step is here while the worker is still at it.
        assert narrow.pool.asking == 1


def test_the_second_worker_comes_with_the_second_question_and_none_outlives_its_server():
    with running(Pool(size=2, warm=())) as site:
        with _long(site) as lines:
            next(lines)
            assert site.ask("target", SHORT)[-1]["event"] == "exports"
            assert _until(lambda: len(site.pool.all) == 2)
        pids = _pids(site)
    assert len(pids) == 2
    assert not [pid for pid in pids if _alive(pid)]


@pytest.mark.parametrize("panel", PANELS)
def test_a_warm_up_looks_up_often_and_stops_when_somebody_asks(panel):
    looks = count()
    warm(panel, lambda: next(looks))
    total = next(looks)
    assert total > 8

    def ask_at_the_last():
        if next(looks) == 2 * total:
            raise Cancelled

    with pytest.raises(Cancelled):
        warm(panel, ask_at_the_last)
