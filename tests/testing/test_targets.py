"""check_target accepts what is right and notices each way to be wrong."""

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.targets import Target, catalog
from giantstep.testing import ConformanceError, check_target


@pytest.mark.parametrize("name", catalog.names())
def test_every_target_of_the_catalog_conforms(name):
    assert not check_target(Target.from_catalog(name)).broken


def stateful():
    calls = []

    def function(z):
        calls.append(1)
        return z[..., 0] + 1e-3 * len(calls)

    return function


WRONG = {
    "the same points give the same bits": stateful(),
    "a point's value does not depend on its neighbours": lambda z: z[..., 0] - np.mean(z[..., 0]),
    "the second moment of the labels is finite and positive": lambda z: 0.0 * z[..., 0],
    "values are finite at Gaussian points": lambda z: np.sqrt(np.where(z[..., 0] > 0, z[..., 0], np.nan)),
    "a row of points gives a value a point": lambda z: z[..., :1],
}


@pytest.mark.parametrize("growth", [0.3, 1.0])
def test_a_second_moment_that_no_sample_shows_to_be_infinite_is_noticed(growth):
    with pytest.raises(ConformanceError, match="too fast a growth for Gaussian inputs"):
        check_target(Target.from_callable(lambda z: np.exp(growth * z[..., 0] ** 2), 2, name="wild"))


def test_what_grows_fast_enough_for_gaussian_inputs_is_no_complaint():
    for slow in (
        lambda z: np.exp(z[..., 0]),
        lambda z: z[..., 0] ** 8 + z[..., 1],
        lambda z: np.sign(z[..., 1]),
    ):
        assert not check_target(Target.from_callable(slow, 2, name="tame")).broken


def test_a_complaint_that_repeats_is_said_once():
    with pytest.raises(ConformanceError) as raised:
        check_target(Target.from_callable(lambda z: z[..., 2], 1, name="far"))
    assert str(raised.value).count("index 2 is out of bounds") == 1
    assert str(raised.value).count(": the same") == 6


@pytest.mark.parametrize("law", WRONG)
def test_a_broken_law_is_named(law):
    with pytest.raises(ConformanceError) as raised, np.errstate(invalid="ignore"):
        check_target(Target.from_callable(WRONG[law], 1, name="wrong"))
    assert law in {broken.name for broken in raised.value.report.broken}


def test_what_is_no_target_is_named():
    with pytest.raises(SpecError, match="target: found 'z1', expected a Target"):
        check_target("z1")
