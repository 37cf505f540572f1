"""`simulate`: what it returns, what it refuses."""

import numpy as np
import pytest

import giantstep as gs
from giantstep.errors import CapabilityError, SpecError
from giantstep.training.choice import MEMORY_BUDGET, choose
from giantstep.training.experiment import Experiment

STAIR = gs.Target.parse("z1 + z1*z2")
TWO = gs.Protocol.repeat(2, batch="2d", learning_rate=3.0)


def simulate(target=STAIR, network=None, protocol=TWO, **fields):
    return gs.simulate(target, network or gs.Network(4), protocol, **{"dimension": 500} | fields)


def test_results_are_labelled():
    data = simulate(seeds=3)
    assert data.overlaps.dims == ("replicate", "step", "neuron", "direction")
    assert data.self_overlaps.dims == ("replicate", "step", "neuron", "neuron_other")
    assert list(data.direction.values) == ["z1", "z2"]
    assert list(data.status.values) == ["completed"] * 3
    assert data.attrs["engine"] == "reduced"
    assert "does not depend on d" in data.attrs["engine_reason"]


def test_a_unit_start_has_unit_rows_and_the_symmetric_one_pairs():
    start = simulate(seeds=2).isel(step=0)
    gram = start.self_overlaps.values
    np.testing.assert_allclose(np.einsum("rii->ri", gram), 1.0, atol=1e-12)
    np.testing.assert_allclose(gram[:, 0, 2], 1.0, atol=1e-12)
    assert np.array_equal(start.readout[:, :2], -start.readout[:, 2:])


def test_alignment_is_the_energy_fraction_in_the_teacher_space():
    data = simulate(seeds=2)
    energy = np.einsum("rtii->rt", data.self_overlaps.values)
    expected = (data.overlaps.values**2).sum((-1, -2)) / energy
    np.testing.assert_allclose(data.alignment, expected, rtol=1e-12)


def test_predicted_subspaces_come_in_as_data():
    chain = [np.zeros((0, 2)), np.array([[1.0, 0.0]])]
    data = simulate(subspaces=chain)
    assert data.predicted_dimension.values.tolist() == [0, 1, 1]
    energy = np.einsum("rtii->rt", data.self_overlaps.values)
    first = (data.overlaps.values[..., 0] ** 2).sum(-1) / energy
    np.testing.assert_allclose(data.predicted_alignment[:, 1:], first[:, 1:], rtol=1e-12)
    assert data.predicted_alignment.values[0, 0] == 0.0


def test_alignment_after_preprocessing_does_not_count_the_linear_part():
    data = simulate(protocol=gs.Protocol.repeat(1, batch="4d", learning_rate=3.0, preprocess=True), seeds=4)
    last = data.isel(step=1)
    # C_1 is e1 up to noise: what is left of the teacher space in its complement is z2, at noise level.
    assert (last.linear_overlaps.sel(direction="z1") > 0.9).all()
    assert (last.alignment < 0.05).all()


@pytest.mark.parametrize("engine", ["reduced", "direct"])
@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("rate", [1e18, 1e30, 1e100, 1e200])
def test_a_diverging_run_comes_back_with_a_status_and_a_remedy(engine, reuse, rate):
    protocol = gs.Protocol.repeat(8, batch="2d", learning_rate=rate, reuse=reuse)
    data = simulate(protocol=protocol, engine=engine, seeds=2)
    assert list(data.status.values) == ["nonfinite"] * 2
    assert "lower the learning rate" in str(data.message.values[0])
    finite = np.isfinite(data.overlaps.values).all((0, 2, 3))
    assert finite[0]
    assert not finite[-1]


def test_a_billion_dimensions_are_simulated():
    data = simulate(dimension=10**9, protocol=gs.Protocol.repeat(2, batch=2000, learning_rate=1.0))
    assert np.isfinite(data.self_overlaps).all()


def test_no_steps_give_the_initialisation():
    assert simulate(protocol=gs.Protocol(())).sizes["step"] == 1


def test_auto_chooses_by_cost_and_says_why():
    def choice(network, protocol, dimension):
        return choose(Experiment(STAIR, network, protocol, dimension))

    assert choice(gs.Network(8), TWO, 18).engine == "reduced"
    wide = choice(gs.Network(8), TWO, 17)
    assert (wide.engine, wide.reason) == ("direct", "18 axes would exceed the 17 dimensions")
    reused = gs.Protocol.repeat(3, batch="2d", reuse=True)
    assert choice(gs.Network(8), reused, 34).engine == "reduced"
    assert choice(gs.Network(8), reused, 33).engine == "direct"
    large = choice(gs.Network(8), gs.Protocol.repeat(4, batch="d^2", reuse=True), 10**5)
    assert large.engine == "direct"
    assert "GiB" in large.reason
    assert MEMORY_BUDGET == 8 * 2**30


def test_the_cost_of_the_reduced_engine_does_not_depend_on_the_dimension():
    protocol = gs.Protocol.repeat(2, batch=10**6)
    costs = {choose(Experiment(STAIR, gs.Network(8), protocol, d)).cost for d in (10**4, 10**6, 10**9)}
    assert len(costs) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(dimension=1), "dimension: found 1, expected a whole number from 2"),
        (dict(dimension=10**13), "dimension: found 10000000000000"),
        (dict(dimension=1.5), "dimension: found 1.5"),
        (dict(seeds=0), "seeds: found 0"),
        (dict(seed=-1), "seed: found -1"),
        (dict(engine="fast"), "engine: found 'fast', expected auto, reduced, direct"),
        (dict(threads=0), "threads: found 0"),
        (dict(protocol=gs.Protocol.repeat(1, batch="d^9")), "batch: found 'd\\^9'"),
        (
            dict(
                protocol=gs.Protocol.repeat(
                    1, learning_rate="d^12*d^12*d^12*d^12*d^12*d^12*d^12*d^12*d^12*d^12"
                )
            ),
            "too large",
        ),
    ],
)
def test_what_cannot_be_simulated_is_named(fields, message):
    fields = {"dimension": 10**4 if "protocol" in fields else 500} | fields
    with pytest.raises(SpecError, match=message):
        simulate(**fields)


def test_more_memory_than_there_is_is_refused_before_it_is_taken():
    protocol = gs.Protocol.repeat(2, batch=10**12, reuse=True)
    with pytest.raises(CapabilityError, match=r"needs about .* GiB, this machine has"):
        simulate(protocol=protocol, engine="reduced")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: gs.simulate("z1", gs.Network(4), TWO, dimension=50), "target"),
        (lambda: gs.simulate(STAIR, "relu", TWO, dimension=50), "network"),
        (lambda: gs.simulate(STAIR, gs.Network(4), list(TWO.steps), dimension=50), "protocol"),
        (lambda: gs.simulate(STAIR, gs.Network(4), None, dimension=50), "protocol"),
        (lambda: gs.analyze("z1"), "target"),
        (lambda: gs.analyze(STAIR, TWO), "network"),
    ],
)
def test_what_is_no_noun_is_refused_by_name(call, name):
    with pytest.raises(SpecError, match=f"^{name}: found"):
        call()


def test_whole_numbers_may_come_from_numpy():
    protocol = gs.Protocol.repeat(np.int64(2), batch="2d")
    assert simulate(protocol=protocol, dimension=np.int64(50), seeds=np.int64(2)).sizes["replicate"] == 2
