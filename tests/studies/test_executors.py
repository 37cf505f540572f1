"""Any executor gives the same bits; workers may die, and clusters may lose them."""

import multiprocessing
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.studies import deadly
from tests.studies.small import TEXT, contents

from giantstep.cli import main
from giantstep.errors import CapabilityError, SpecError
from giantstep.studies import Study, executors, listing, run, runner

STUDY = Study.parse(TEXT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    run(STUDY, folder, workers=1)
    return contents(folder)


@pytest.mark.parametrize("workers", [2, 4])
def test_threads_give_the_same_bits(whole, tmp_path, workers):
    with ThreadPoolExecutor(workers) as executor:
        outcome = run(STUDY, tmp_path, executor=executor, workers=workers)
        assert (outcome.done, outcome.failures) == (12, ())
        assert contents(tmp_path) == whole
        # The executor is the caller's, and still works.
        assert executor.submit(int).result() == 0


@pytest.mark.slow
def test_four_processes_give_the_same_bits(whole, tmp_path):
    assert run(STUDY, tmp_path, workers=4).done == 12
    assert contents(tmp_path) == whole


def test_a_dask_client_or_cluster_gives_the_same_bits(whole, tmp_path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        for name, crew in (("client", client), ("cluster", cluster)):
            outcome = run(STUDY, tmp_path / name, executor=crew)
            assert (outcome.done, outcome.failures) == (12, ())
            assert contents(tmp_path / name) == whole
        assert client.submit(int, "3").result() == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_worker_killed_under_a_dask_cluster_loses_nothing(whole, tmp_path):
    from distributed import LocalCluster

    killed = []

    def kill(event):
        if event.kind == "done" and not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        outcome = run(STUDY, tmp_path, scheduler=cluster.scheduler_address, on_event=kill)
    assert killed
    assert (outcome.done, outcome.failures) == (12, ())
    assert contents(tmp_path) == whole


def test_a_worker_that_is_being_born_does_not_hear_the_signals_of_its_group():
    others = set(multiprocessing.active_children())
    with executors.processes(1).open() as pool:
        future = pool.submit(os.getpid)
        (child,) = set(multiprocessing.active_children()) - others
        os.kill(child.pid, signal.SIGINT)
        os.kill(child.pid, signal.SIGTERM)
        assert future.result() == child.pid
        # Nor later.
        os.kill(child.pid, signal.SIGTERM)
        assert pool.submit(os.getpid).result() == child.pid
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


def test_a_point_that_kills_its_worker_is_a_row_and_the_others_are_computed(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "perform", deadly.perform_or_die)
    outcome = run(STUDY, tmp_path, workers=2)
    ((point, reason),) = outcome.failures
    assert point.title == "simulation, target z1, dimension 100, replicate 1"
    assert "a worker process died" in reason
    assert outcome.done == 11
    assert [row["message"] for row in listing(tmp_path) if row["state"] == "failed"] == [reason]
    assert contents(tmp_path).items() < whole.items()


def test_a_full_disk_ends_the_run_with_one_line_and_code_1(tmp_path, monkeypatch, capsys):
    file = tmp_path / "small.toml"
    file.write_text(TEXT)
    monkeypatch.setattr(runner, "perform", deadly.perform_on_a_full_disk)
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("No space left on device") == said.err.count("\n") == 1


def test_a_spent_budget_stops_in_order_and_the_next_run_goes_on(whole, tmp_path):
    short = Study.parse("budget.seconds = 1e-9\n" + TEXT)
    outcome = run(short, tmp_path, workers=1)
    assert (outcome.done, "the budget" in outcome.stopped) == (0, True)
    # Another budget asks for the same points: it is the same study.
    assert run(STUDY, tmp_path, workers=1).done == 12
    assert contents(tmp_path) == whole


def test_points_beyond_the_memory_budget_are_rows(tmp_path):
    study = Study.parse('budget.memory = "200 MiB"\n' + TEXT)
    outcome = run(study, tmp_path, workers=1)
    assert {point.kind for point, _ in outcome.failures} == {"certificate"}
    assert all("more than the budget of 200 MiB" in reason for _, reason in outcome.failures)
    assert outcome.done == 10
    # The folder says so too, until another run has room.
    failed = [row for row in listing(tmp_path) if row["state"] == "failed"]
    assert [row["message"] for row in failed] == [reason for _, reason in outcome.failures]
    assert run(STUDY, tmp_path, workers=1).done == 2
    assert {row["state"] for row in listing(tmp_path)} == {"done"}


@pytest.mark.parametrize("memory", ['"2 gigs"', '"-1 GB"', "0", '""'])
def test_budgets_that_are_no_size_are_named(memory):
    with pytest.raises(SpecError, match=r"budget.memory: found .*expected a size such as"):
        Study.parse(f"budget.memory = {memory}\n" + TEXT)


def test_crews_that_cannot_be_are_named(tmp_path):
    with pytest.raises(SpecError, match=r"study: found 'stairway', expected a Study; read one with"):
        run("stairway", tmp_path)
    with pytest.raises(SpecError, match="found a dict, expected a concurrent"):
        run(STUDY, tmp_path, executor={})
    with pytest.raises(SpecError, match="give one of them"):
        run(STUDY, tmp_path, executor={}, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(CapabilityError, match=r"scheduler '127.0.0.1': does not answer"):
        run(STUDY, tmp_path, scheduler="127.0.0.1")


def test_another_program_at_the_address_is_said_and_not_waited_for(monkeypatch):
    monkeypatch.setattr(executors, "_ANSWER_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CapabilityError, match="does not answer"):
            executors.crew(None, address, None)


@pytest.mark.parametrize("address", ["", "nonsense", "foo://x:1"])
def test_what_is_no_address_is_refused_at_once_and_leaves_nothing_behind(address):
    with pytest.raises(CapabilityError, match="does not answer"):
        executors.crew(None, address, None)
