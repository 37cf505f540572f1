"""One BLAS thread, results in order."""

import threading
import time

import pytest
from threadpoolctl import threadpool_info

from giantstep.errors import SpecError
from giantstep.threads import check_threads, one_blas_thread, ordered_map


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_blas_is_held_at_one_thread_and_given_back():
    before = blas_threads()
    with one_blas_thread():
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}, "the inner block must not lift the outer one's limit"
    assert blas_threads() == before


def test_results_come_in_order_whatever_finishes_first():
    def slow_start(item):
        time.sleep(0.02 if item == 0 else 0.0)
        return item

    assert list(ordered_map(slow_start, range(20), threads=4)) == list(range(20))


def test_no_more_than_twice_the_threads_are_in_flight():
    started = []
    results = ordered_map(started.append, range(1000), threads=2)
    next(results)
    time.sleep(0.05)
    assert len(started) <= 6
    results.close()


def test_a_failing_item_stops_the_rest():
    calls = []

    def fail(item):
        calls.append(item)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        list(ordered_map(fail, range(1000), threads=2))
    assert len(calls) < 20


def test_one_thread_runs_in_the_caller():
    threads = list(ordered_map(lambda _: threading.current_thread(), range(2), 1))
    assert threads == [threading.main_thread()] * 2


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, 5000])
def test_threads_are_counted_in_whole_numbers(threads):
    with pytest.raises(SpecError, match="threads: found"):
        check_threads(threads)
