"""One point shared by several workers: the bits of one worker, whatever is lost on the way."""

import json
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor

import pytest

from giantstep.errors import WriteError
from giantstep.studies import Study, run, runner, splitting
from giantstep.studies.splitting import Stopped, perform_piece, perform_shared
from giantstep.studies.tasks import perform

HEAD = """
[[sweep]]
kind = "simulation"
target = {expression = "z1 + z1*z2", noise = 0.1}
network = {width = 4, bias = 0.5}
"""
STUDIES = {
    "reduced": "engine = 'reduced'\ndimension = 1000\n"
    "protocol = {steps = 2, batch = 600000, learning_rate = 3}",
    "preprocessed": "engine = 'reduced'\ndimension = 1000\n"
    "protocol = {steps = 1, batch = 400000, learning_rate = 3, preprocess = true}",
    "direct": "engine = 'direct'\ndimension = 300\nprotocol = {steps = 2, batch = 60000, learning_rate = 3}",
    "direct, preprocessed": "engine = 'direct'\ndimension = 300\n"
    "protocol = {steps = 1, batch = 60000, learning_rate = 3, preprocess = true}",
    "diverging": "engine = 'reduced'\ndimension = 1000\n"
    "protocol = {steps = 3, batch = 100000, learning_rate = 1e30}",
    "mixed": "engine = 'reduced'\ndimension = 1000\nprotocol = [{batch = 200000, learning_rate = 1}, "
    "{batch = 3000, learning_rate = 1}, {batch = 3000, learning_rate = 1, reuse = true}, "
    "{batch = 200000, learning_rate = 1}]",
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(splitting, "PIECE_SECONDS", 1e-9)


def task_of(name):
    (point,) = Study.parse(HEAD + STUDIES[name]).points
    return point


def content(folder, point):
    return (folder / "points" / f"{point.hash}.nc").read_bytes()


@pytest.mark.parametrize("name", STUDIES)
def test_a_shared_point_has_the_bits_of_one_worker(name, tmp_path):
    point = task_of(name)
    for place in ("one", "shared"):
        (tmp_path / place / "points").mkdir(parents=True)
    perform(point.task, str(tmp_path / "one"))
    with ThreadPoolExecutor(3) as pool:
        perform_shared(point.task, str(tmp_path / "shared"), pool, 3)
    assert content(tmp_path / "shared", point) == content(tmp_path / "one", point)
    assert not (tmp_path / "shared" / "parts").exists()


class Stopping(ThreadPoolExecutor):
    """Takes so many tasks, then has a trouble."""

    left, trouble = 5, BrokenExecutor("gone")

    def submit(self, *words):
        self.left -= 1
        if self.left < 0:
            future = super().submit(int)
            future.result()
            future._exception = self.trouble
            return future
        return super().submit(*words)


@pytest.mark.parametrize("trouble", [BrokenExecutor("gone"), WriteError("full")])
def test_pieces_outlive_their_workers(tmp_path, trouble):
    point = task_of("reduced")
    for place in ("one", "shared"):
        (tmp_path / place / "points").mkdir(parents=True)
    perform(point.task, str(tmp_path / "one"))
    shared = str(tmp_path / "shared")
    with Stopping(2) as pool:
        pool.trouble = trouble
        with pytest.raises(type(trouble)):
            perform_shared(point.task, shared, pool, 2)
    # No row: it was not the point's fault.
    assert not list((tmp_path / "shared" / "points").iterdir())
    with ThreadPoolExecutor(2) as pool, pytest.raises(Stopped):
        perform_shared(point.task, shared, pool, 2, lambda: True)
    parts = tmp_path / "shared" / "parts" / point.hash
    chunks = int(splitting._load(parts / "sum-0")[0][0])
    assert 0 < chunks < 600000 / 32768
    with ThreadPoolExecutor(2) as pool:
        perform_shared(point.task, shared, pool, 2)
    assert content(tmp_path / "shared", point) == content(tmp_path / "one", point)


def test_a_piece_is_a_pure_task_that_returns_a_hash(tmp_path):
    point = task_of("reduced")
    piece = json.dumps({"point": point.task, "sum": 0, "first": 1, "last": 3})
    name = perform_piece(piece, str(tmp_path))
    path = tmp_path / "parts" / point.hash / name
    before = path.read_bytes()
    assert perform_piece(piece, str(tmp_path)) == name
    path.unlink()
    perform_piece(piece, str(tmp_path))
    assert path.read_bytes() == before


LONGEST = (
    HEAD
    + """
engine = "reduced"
protocol = {steps = 1, learning_rate = 3}
zip.seeds = [1, 2]
zip.dimension = [1000, 1001]
zip.protocol.batch = [1500000, 1000]
"""
)


@pytest.fixture
def shared(monkeypatch):
    """Tasks that a run shared by chunks."""
    tasks = []
    monkeypatch.setattr(runner, "SPLIT_SECONDS", 0.01)
    monkeypatch.setattr(
        runner, "perform_shared", lambda task, *words: tasks.append(task) or perform_shared(task, *words)
    )
    return tasks


def test_a_run_shares_the_point_that_would_keep_one_worker_busy_longest(tmp_path, shared):
    study = Study.parse(LONGEST)
    with ThreadPoolExecutor(2) as pool:
        assert run(study, tmp_path / "shared", executor=pool, workers=2).done == 3
    assert len(shared) == 1
    run(study, tmp_path / "one", workers=1)
    for point in study.points:
        assert content(tmp_path / "shared", point) == content(tmp_path / "one", point)


def test_a_dask_scheduler_shares_chunks_too(tmp_path, shared):
    from distributed import LocalCluster

    study = Study.parse(LONGEST)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        outcome = run(study, tmp_path / "shared", scheduler=cluster.scheduler_address)
    assert (outcome.done, outcome.failures, len(shared)) == (3, (), 1)
    run(study, tmp_path / "one", workers=1)
    for point in study.points:
        assert content(tmp_path / "shared", point) == content(tmp_path / "one", point)


def test_a_broken_sum_is_computed_anew(tmp_path):
    point = task_of("reduced")
    for place in ("one", "shared"):
        (tmp_path / place / "points").mkdir(parents=True)
    perform(point.task, str(tmp_path / "one"))
    parts = tmp_path / "shared" / "parts" / point.hash
    parts.mkdir(parents=True)
    (parts / "sum-0").write_bytes(b"PK no zip")
    with ThreadPoolExecutor(2) as pool:
        perform_shared(point.task, str(tmp_path / "shared"), pool, 2)
    assert content(tmp_path / "shared", point) == content(tmp_path / "one", point)
