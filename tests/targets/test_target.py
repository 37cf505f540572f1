"""The target as a value."""

import numpy as np
import pytest

from giantstep.errors import CapabilityError, SpecError
from giantstep.targets import Expression, Target


def test_a_target_from_text_has_its_rank_noise_and_name():
    target = Target.parse("z1*z3", noise=0.5, name="pair")
    assert (target.rank, target.noise, target.name, str(target)) == (3, 0.5, "pair", "z1*z3")
    assert Target.parse("z1", rank=4).rank == 4


def test_a_spec_gives_the_same_target_back():
    target = Target.parse("z1 + 0.25*He3(z2)", noise=0.1, rank=3)
    spec = target.spec()
    assert Target.parse(spec["expression"], rank=spec["rank"], noise=spec["noise"]) == target


def test_targets_are_values():
    assert Target.parse("z1+z2") == Target.parse("z1 + z2")
    assert len({Target.parse("z1"), Target.parse("z1"), Target.parse("z1", noise=1)}) == 2
    assert Target.parse("z1") != Target.parse("z1", noise=1)


def test_a_target_evaluates_without_noise_on_views_in_either_precision():
    target = Target.parse("z1 + z1*z2", noise=3.0)
    inputs = np.random.default_rng(1).standard_normal((5, 7)).astype(np.float32)
    z = inputs[:2].T
    assert not z.flags.c_contiguous
    value = target(z)
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, inputs[0] + inputs[0] * inputs[1])


@pytest.mark.parametrize("noise", [-1, -1e-9, float("nan"), float("inf"), "1", None, True, [0.1, 0.2]])
def test_noise_is_a_variance(noise):
    with pytest.raises(SpecError, match=r"noise: found .*expected a variance"):
        Target.parse("z1", noise=noise)


def test_a_numpy_noise_becomes_a_plain_float():
    assert type(Target.parse("z1", noise=np.float32(0.5)).noise) is float
    assert type(Target.parse("z1", noise=np.int64(1)).spec()["noise"]) is float


def test_the_rank_of_a_target_is_that_of_its_link():
    with pytest.raises(SpecError, match="rank: found 3, expected 2"):
        Target(Expression.parse("z1*z2"), 3)
    with pytest.raises(SpecError, match="link is str, expected an Expression"):
        Target("z1", 1)


def test_a_callable_target_simulates_but_has_no_spec():
    target = Target.from_callable(lambda z: np.cos(z[..., 0]), 2, noise=0.1, name="wave")
    assert (target.rank, str(target)) == (2, "wave")
    assert target.link.black_box
    np.testing.assert_allclose(target(np.zeros((3, 2))), np.ones(3))
    with pytest.raises(CapabilityError, match=r"'wave' is a Python function.*write it as an expression"):
        target.spec()
