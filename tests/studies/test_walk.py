"""The walk: analyse, simulate, compare, as one line."""

import giantstep as gs
from giantstep.studies import builtin, load
from giantstep.studies.walk import walk


def test_the_walk_of_a_staircase_agrees_with_theory():
    found = walk(
        gs.Target.parse("z1 + z1*z2"),
        gs.Network(width=8),
        gs.Protocol.repeat(3, batch="3d", learning_rate=3.0),
        dimension=[1000, 10000, 100000],
        seeds=6,
    )
    assert [len(rows) for rows in found.certificate.subspaces] == [0, 1, 2]
    assert found.data.predicted_dimension.values.tolist() == [0, 1, 2, 2]
    assert found.comparison.verdict == "agrees"


def test_one_dimension_keeps_simulates_own_dataset():
    found = walk(gs.Target.parse("z1"), gs.Network(2), gs.Protocol.repeat(1), dimension=100, seeds=2)
    assert "dimension" not in found.data.dims
    assert found.comparison.verdict == "not resolved"


def test_a_batch_in_plain_numbers_is_read_to_the_nearest_half_power():
    target = gs.Target.parse("z1*z2")
    for samples, exponent in ((4096, 1.0), (4000**2 - 1, 2.0), (50, 0.5)):
        protocol = gs.Protocol.repeat(1, batch=samples)
        assert gs.analyze(target, None, protocol, dimension=4000).batch_exponent == exponent
    wide = gs.Protocol.repeat(1, batch="4p")
    assert gs.analyze(target, gs.Network(1000), wide, dimension=4000).batch_exponent == 1.0


def test_built_in_studies_load_with_a_title_and_a_variant():
    assert builtin()["stairway"].startswith("The stairway")
    study, full = load("stairway"), load("stairway", variant="full")
    assert study.figure == "stairway"
    assert len(full.points) > len(study.points)
