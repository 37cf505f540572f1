"""Kind ``deep-covariance``: how far the linearised covariance of one erf layer is from the exact one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from giantstep.gaussian.kernels import erf_kernel
from giantstep.networks.deep import DeepNetwork
from giantstep.studies.kinds.kind import Draws, Kind, Spec, read_streams
from giantstep.studies.words import PointWords, Spell, given, naming
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr


class DeepCovarianceWords(PointWords):
    """One layer of as many neurons as inputs; its exact covariance is the arcsine kernel."""

    kind: Literal["deep-covariance"]
    dimension: int
    rows: str = "iid"
    seeds: int = Field(default=1, ge=1, le=10**6)


def spec(words: DeepCovarianceWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    with naming(spell("dimension")):
        DeepNetwork((words.dimension,), "erf", words.rows)  # type: ignore[arg-type]
    return given(words)


def compute(spec: Spec) -> xr.Dataset:
    """Return Frobenius errors with one variance a layer and one a row, and the exact norm."""
    import xarray as xr

    from giantstep.asymptotics.deep_features.covariance import linear_layers

    size = int(spec["dimension"])
    network = DeepNetwork((size,), "erf", spec.get("rows", "iid"))  # type: ignore[arg-type]
    weights = network.draw(size, read_streams(spec))
    gram = weights.layers[0] @ weights.layers[0].T
    norms = np.diag(gram)
    exact = erf_kernel(norms[:, None], norms[None, :], gram)
    errors = {
        name: float(np.linalg.norm(linear_layers(weights, per_row=per_row)[-1].covariance - exact))
        for name, per_row in (("layer_error", False), ("row_error", True))
    }
    found = errors | {"norm": float(np.linalg.norm(exact))}
    return xr.Dataset({name: ((), value) for name, value in found.items()}).assign_attrs(engine="theory")


def cost(spec: Spec) -> Cost:
    """Return what one replicate expects."""
    size = int(spec["dimension"])
    return Cost(0.02 + 2e-9 * size**3, 2.0**27 + 80.0 * size**2)


KIND = Kind(words=DeepCovarianceWords, spec=spec, compute=compute, cost=cost, draws=Draws.REPLICATES)
