"""One giant step and a regression on its features, as a value: what `simulate_features` simulates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from giantstep.errors import SpecError, whole_number
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step, check_nouns
from giantstep.sizes import Size
from giantstep.targets import Target
from giantstep.training.choice import Cost
from giantstep.training.simulation import check_dimension

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, slots=True)
class FeatureExpansion:
    """What theory says of the features: F0 + c_1 eta L_1 a^T + c_2 eta^2 L_2 (a o a)^T, handed on as numbers.

    Attributes
    ----------
    feature_mean, label_mean : float
        E sigma and E y, which are taken off.
    slope, bend : float
        c_1 and c_2.
    row_variance : float
        V: L_2 = c_1^2 kappa^2 + V.
    """

    feature_mean: float
    label_mean: float
    slope: float
    bend: float
    row_variance: float

    @classmethod
    def of(cls, theory: xr.Dataset) -> FeatureExpansion:
        """Return the numbers of a prediction of `giantstep.predict.spikes` with the variance term.

        Raises
        ------
        SpecError
            For another Dataset, or the leading form, which has no V.
        """
        if theory.attrs.get("form") != "full" or "row_variance" not in theory:
            raise SpecError("expansion: found another Dataset, expected predict.spikes(..., form='full').")
        said = theory.attrs
        variance = float(np.ravel(theory["row_variance"].values)[0])
        return cls(said["feature_mean"], said["label_mean"], said["slope"], said["bend"], variance)


@dataclass(frozen=True, slots=True)
class FeatureExperiment:
    """One step on labels alone, and ridge regression of fresh labels on the features it makes.

    Attributes
    ----------
    target, network, expansion, dimension, samples, first_batch, learning_rate, ridge, intercept, test_samples
        As for `giantstep.simulate_features`.

    Raises
    ------
    SpecError
        For numbers out of range.
    """

    target: Target
    network: Network
    expansion: FeatureExpansion
    dimension: int
    samples: int
    first_batch: int
    learning_rate: float
    ridge: float
    intercept: bool = False
    test_samples: int | None = None

    def __post_init__(self) -> None:
        check_nouns(self.target, self.network, None, optional=True)
        check_dimension(self.dimension, self.target.rank)
        for name in ("samples", "first_batch", "test_samples"):
            if name != "test_samples" or self.test_samples is not None:
                whole_number(name, getattr(self, name), 1, 10**12)
        for name in ("learning_rate", "ridge"):
            value = getattr(self, name)
            real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            if not real or not 0 < value < math.inf:
                raise SpecError(f"{name}: found {value!r}, expected a finite number > 0.")
        if not isinstance(self.expansion, FeatureExpansion):
            raise SpecError(
                f"expansion: found {type(self.expansion).__name__}, expected a FeatureExpansion, such as "
                "FeatureExpansion.of(predict.spikes(...))."
            )

    @property
    def protocol(self) -> Protocol:
        """The one step."""
        return Protocol(
            (Step(Size.parse(self.first_batch), Size.parse(self.learning_rate), loss="correlation"),)
        )

    @property
    def centred(self) -> Target:
        """The target, its mean taken off."""
        mean = self.expansion.label_mean
        return self.target.minus(mean) if mean else self.target

    @property
    def tested(self) -> int:
        """Fresh samples of the test error."""
        return self.test_samples or max(2 * self.samples, 4096)

    @property
    def lam(self) -> float:
        """The note's penalty, of features without the factor 1/sqrt p, per sample."""
        return self.ridge * self.network.width / self.samples

    @property
    def cost(self) -> Cost:
        """What one replicate will take: fields of two layers, Gram matrices, regressions, spectra."""
        width, fresh = self.network.width, self.samples + self.tested
        products = 2.5e-11 * width * self.dimension * (2 * self.first_batch + 2 * fresh)
        grams = 3e-11 * fresh * width**2
        draws = 4e-9 * self.dimension * (2 * self.first_batch + fresh)
        seconds = products + grams + draws + 5e-10 * width**3 + 2e-8 * fresh * width
        return Cost(seconds, 8.0 * (16 * width**2 + 4 * width * self.dimension) + 2.0**28)
