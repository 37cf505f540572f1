"""The plug-in on real rows: scikit-learn's digits, predicted and measured."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from giantstep import CapabilityError
from giantstep.significance import rms
from giantstep.studies.deep_walk import data_walk
from giantstep.studies.digits import digits_rows

SAMPLES = [40, 80, 120, 250, 500, 900]


@pytest.mark.parametrize("ridge", [0.01, 1.0, 10.0])
def test_the_learning_curve_of_digits_is_predicted(ridge):
    walked = data_walk(*digits_rows(), samples=SAMPLES, ridge=ridge, seeds=30)
    z = walked.scores.test_error_z.values
    assert rms(z.tolist()) < 2
    # What is off is small too: shuffles of the same rows make standard errors small.
    np.testing.assert_allclose(walked.scores.test_error, walked.theory.test_error, rtol=0.05)
    assert "Take at least 6400 rows" in walked.theory.attrs["warnings"]


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(CapabilityError, match=r"Install giantstep\[docs\]"):
        digits_rows()
