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


@pytest.mark.parametrize("law", WRONG)
def test_a_broken_law_is_named(law):
    with pytest.raises(ConformanceError) as raised, np.errstate(invalid="ignore"):
        check_target(Target.from_callable(WRONG[law], 1, name="wrong"))
    assert law in {broken.name for broken in raised.value.report.broken}


def test_what_is_no_target_is_named():
    with pytest.raises(SpecError, match="target: found 'z1', expected a Target"):
        check_target("z1")
