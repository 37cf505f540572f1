"""Same seed, same bits, whatever the number of threads."""

import numpy as np
import pytest

from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.targets import Target
from giantstep.training.experiment import Experiment
from giantstep.training.fresh import THREADED_WIDTH
from giantstep.training.simulation import simulate

TARGET = Target.parse("z1 + z1*z2", noise=0.1)
PROTOCOLS = {
    "fresh": Protocol.repeat(2, batch=150_000, learning_rate=3.0),
    "preprocessed": Protocol.repeat(1, batch=150_000, learning_rate=3.0, preprocess=True),
    "reused": Protocol.repeat(3, batch=150_000, learning_rate=3.0, reuse=True, preprocess=True),
    "mixed": Protocol((Step(70_000, 3.0), Step(70_000, 3.0, reuse=True), Step(90_000, 1.0))),
}


def run(protocol, threads, engine="reduced", dimension=10**6, seed=4, width=4):
    network = Network(width, "tanh", bias=0.1)
    return simulate(
        TARGET, network, protocol, dimension=dimension, engine=engine, seed=seed, seeds=1, threads=threads
    )


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_reduced_engine_gives_the_same_bits_on_1_2_and_4_threads(name):
    # Wide enough for the threads to be used: a narrow network's step runs on one.
    one = run(PROTOCOLS[name], 1, width=THREADED_WIDTH)
    for threads in (2, 4):
        assert one.identical(run(PROTOCOLS[name], threads, width=THREADED_WIDTH))


def test_threads_are_used_where_they_are_worth_it():
    def threads(width):
        run = Experiment(TARGET, Network(width), PROTOCOLS["fresh"], 1000, threads=4)
        return run.chunk_threads(THREADED_WIDTH)

    assert threads(THREADED_WIDTH) == 4
    assert threads(THREADED_WIDTH - 2) == 1


def test_the_direct_engine_gives_the_same_bits_on_1_2_and_4_threads():
    protocol = Protocol((Step(40_000, 3.0, preprocess=True), Step(40_000, 3.0, reuse=True)))
    one = run(protocol, 1, "direct", 300)
    for threads in (2, 4):
        assert one.identical(run(protocol, threads, "direct", 300))


def test_another_seed_gives_other_bits():
    protocol = PROTOCOLS["fresh"]
    assert not np.array_equal(run(protocol, 2).overlaps, run(protocol, 2, seed=5).overlaps)


def test_replicates_do_not_depend_on_how_many_are_run():
    network, protocol = Network(4), Protocol.repeat(2, batch="2d")
    three = simulate(TARGET, network, protocol, dimension=1000, seeds=3)
    one = simulate(TARGET, network, protocol, dimension=1000, seeds=1)
    assert np.array_equal(three.overlaps.sel(replicate=0), one.overlaps.sel(replicate=0))
