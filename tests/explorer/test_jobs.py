"""Jobs: a few at once, none for ever, and an end to those that nobody waits for."""

import json
import os
import signal
import time

import pytest

from giantstep.explorer.workers import Pool

from .site import running

# Estimated at most of what the explorer allows: it will be stopped long before it ends.
LONG = {"target": "z1 + z1*z2", "dimension": 10**6, "width": 8, "steps": 3, "seeds": 20}
SHORT = {"target": "z1"}


@pytest.fixture(scope="module")
def narrow():
    """A server with one worker, no queue and little patience."""
    with running(Pool(size=1, queue=0, budget=3.0, warm=["target", "steps"])) as found:
        yield found


@pytest.fixture(scope="module")
def patient():
    """A server with one worker that would rather wait an hour than stop a question."""
    with running(Pool(size=1, queue=0, budget=3600.0, warm=["target", "steps"])) as found:
        yield found


def _until(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def _pids(site):
    return {worker.process.pid for worker in list(site.pool.all)}


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_takes_too_long_is_stopped_and_the_next_question_is_answered(narrow):
    narrow.ask("target", SHORT)
    assert "took longer than the 3 s" in narrow.error("steps", LONG)
    assert narrow.ask("target", SHORT)[-1]["event"] == "exports"


def test_hanging_up_ends_the_work(patient):
    with patient.client.stream(
        "POST", f"{patient.base}/ask/steps", content=json.dumps(LONG), headers=patient.headers()
    ) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines))["event"] == "exports"
        assert patient.pool.asking == 1
    # The worker noticed, or was ended and replaced; either way it is free long before the budget is over.
    assert _until(lambda: patient.pool.asking == 0)
    assert _until(lambda: patient.pool.idle.qsize() == 1)
    assert patient.ask("target", SHORT)[-1]["event"] == "exports"


def test_a_worker_that_does_not_listen_is_ended_for_real(narrow):
    narrow.ask("target", SHORT)
    (before,) = _pids(narrow)
    worker = next(iter(narrow.pool.all))
    with narrow.client.stream(
        "POST", f"{narrow.base}/ask/steps", content=json.dumps(LONG), headers=narrow.headers()
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        # Deaf and dumb, like a computation that never looks up.
        os.kill(before, signal.SIGSTOP)
        events = [json.loads(line) for line in lines]
    assert "took longer than the 3 s" in events[-2]["message"]
    assert _until(lambda: _pids(narrow) and before not in _pids(narrow))
    assert worker.process.returncode is not None
    assert not _alive(before)
    assert narrow.ask("target", SHORT)[-1]["event"] == "exports"


def test_a_worker_that_dies_is_replaced_and_the_page_is_told(narrow):
    narrow.ask("target", SHORT)
    (before,) = _pids(narrow)
    with narrow.client.stream(
        "POST", f"{narrow.base}/ask/steps", content=json.dumps(LONG), headers=narrow.headers()
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        os.kill(before, signal.SIGKILL)
        events = [json.loads(line) for line in lines]
    assert "ended early" in events[-2]["message"]
    assert narrow.ask("target", SHORT)[-1]["event"] == "exports"


def test_too_many_questions_at_once_are_refused(narrow):
    narrow.ask("target", SHORT)
    with narrow.client.stream(
        "POST", f"{narrow.base}/ask/steps", content=json.dumps(LONG), headers=narrow.headers()
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        refused = narrow.post("target", SHORT)
        assert refused.status_code == 503
        assert refused.json()["error"].startswith("busy: ")
    assert _until(lambda: narrow.pool.asking == 0)


def test_events_arrive_one_by_one_not_at_the_end(patient):
    patient.ask("target", SHORT)
    question = LONG | {"seeds": 1, "dimension": 10**5}
    with patient.client.stream(
        "POST", f"{patient.base}/ask/steps", content=json.dumps(question), headers=patient.headers()
    ) as answer:
        kinds = []
        for line in answer.iter_lines():
            kinds.append(json.loads(line)["event"])
            if kinds[-1] == "neurons":
                # The first step is here while the worker is still at it.
                assert patient.pool.asking == 1
        assert kinds[-1] == "end"


def test_no_worker_outlives_its_server():
    pool = Pool(size=2, warm=())
    with running(pool) as site:
        site.ask("target", SHORT)
        pids = _pids(site)
        assert len(pids) == 2
    assert not [pid for pid in pids if _alive(pid)]
