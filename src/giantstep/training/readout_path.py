"""The readout regression along all its penalties, from the overlaps in a Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.networks import Network
from giantstep.networks.order_parameters import LinearPart, OrderParameters
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread
from giantstep.training.experiment import Experiment
from giantstep.training.generalisation import population_errors
from giantstep.training.local_fields import LocalFields
from giantstep.training.retraining import Retraining, fit_readout

if TYPE_CHECKING:
    import xarray as xr

_VARIABLES = (
    "training_error",
    "gcv",
    "degrees_of_freedom",
    "test_error",
    "test_error_se",
    "test_error_clean",
)


def readout_path(
    data: xr.Dataset,
    target: Target,
    network: Network,
    *,
    ridge: float | str | Sequence[float] = "auto",
    ridge_batch: str | int | None = None,
    step: int | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    """Return training error, cross-validation score and test error at every penalty.

    Only the overlaps are needed, so this works on what `simulate` gave and on what `measure` made of your own
    weights; on the former it repeats the very samples of `simulate`'s own readout stage.

    Parameters
    ----------
    data : xarray.Dataset
        ``overlaps`` and ``self_overlaps`` with dims (replicate, step, ..), and attribute ``dimension``.
    target, network : Target, Network
        As they were given to `simulate`; of the network the activation and whether it has biases matter.
    ridge, ridge_batch
        As in `simulate`; ``"auto"`` is the whole grid of cross-validation.
    step : int, optional
        Gradient steps taken; the last by default, 0 for random features.
    threads : int, optional
        Threads that share the samples.

    Returns
    -------
    xarray.Dataset
        ``training_error``, ``gcv``, ``degrees_of_freedom``, ``test_error``, ``test_error_se`` and
        ``test_error_clean``, dims (replicate, ridge); NaN for a replicate that had diverged.

    Raises
    ------
    SpecError
        For a step that is not there, a width or rank that does not fit, and for bad penalties.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target, simulate
    >>> target, network = Target.parse("z1"), Network(4, "tanh")
    >>> data = simulate(target, network, Protocol.repeat(1, batch="2d"), dimension=100)
    >>> path = readout_path(data, target, network, ridge=[0.01, 1.0, 100.0])
    >>> dict(path.test_error.sizes), bool((path.training_error.diff("ridge") > 0).all())
    ({'replicate': 1, 'ridge': 3}, True)
    """
    import xarray as xr

    chosen = _at_step(data, step)
    _check_fit(chosen, target, network)
    dimension = int(data.attrs["dimension"])
    retraining = Retraining.parse(ridge, ridge_batch, dimension=dimension, width=network.width)
    if retraining.ridge is None:
        raise SpecError("ridge: found None, expected 'auto' or penalties > 0.")
    penalties = retraining.penalties(dimension=dimension, width=network.width)
    values = {name: np.full((chosen.sizes["replicate"], len(penalties)), np.nan) for name in _VARIABLES}
    methods = []
    with one_blas_thread():
        for row, replicate in enumerate(chosen["replicate"].values):
            streams = Streams(int(data.attrs.get("seed", 0)), int(replicate))
            experiment = Experiment(target, network, Protocol(()), dimension, streams, check_threads(threads))
            fields = _fields(chosen.isel(replicate=row), network)
            fits = fit_readout(experiment, fields, retraining) if fields is not None else None
            methods.append("")
            if fields is None or fits is None:
                continue
            errors = population_errors(experiment, fields, fits.readouts)
            methods[-1] = errors.method
            values["training_error"][row], values["gcv"][row] = fits.training_errors, fits.scores
            values["degrees_of_freedom"][row] = fits.degrees_of_freedom
            values["test_error"][row] = errors.clean + target.noise
            values["test_error_se"][row] = errors.standard_errors
            values["test_error_clean"][row] = errors.clean
    path = xr.Dataset(
        {name: (("replicate", "ridge"), array) for name, array in values.items()},
        {"replicate": chosen["replicate"].values, "ridge": penalties, "step": int(chosen["step"])},
        {"dimension": dimension},
    )
    path["test_error_method"] = (("replicate",), np.array(methods))
    return path


def _at_step(data: xr.Dataset, step: int | None) -> xr.Dataset:
    """Return the Dataset of one step, the last by default."""
    missing = {"replicate", "step", "neuron", "direction"} ^ set(getattr(data.get("overlaps"), "dims", ()))
    if missing or "self_overlaps" not in data or "dimension" not in data.attrs:
        raise SpecError(
            "data: found a Dataset without overlaps and self_overlaps of (replicate, step, ..) and the "
            "attribute dimension, expected what simulate or measure returns. Select one dimension first."
        )
    steps = [int(value) for value in data["step"].values]
    if step is not None and step not in steps:
        raise SpecError(f"step: found {step!r}, expected one of {steps[0]} to {steps[-1]}.")
    return data.isel(step=-1 if step is None else steps.index(step))


def _check_fit(chosen: xr.Dataset, target: Target, network: Network) -> None:
    found = (chosen.sizes["neuron"], chosen.sizes["direction"])
    if found != (network.width, target.rank):
        raise SpecError(
            f"data: found {found[0]} neurons and {found[1]} directions, expected the network's width "
            f"{network.width} and the target's rank {target.rank}."
        )


def _fields(one: xr.Dataset, network: Network) -> LocalFields | None:
    """Return the law of the local fields of one replicate, or None where it diverged."""

    def values(name: str) -> Any:
        return np.asarray(one[name].values, dtype=np.float64)

    linear = None
    if "linear_energy" in one and np.isfinite(values("linear_energy")):
        linear = LinearPart(
            float(values("linear_constant")),
            values("linear_overlaps"),
            values("linear_neurons"),
            float(values("linear_energy")),
        )
    explicit = np.array(network.bias) if isinstance(network.bias, tuple) else np.zeros(network.width)
    biases = values("biases") if "biases" in one else explicit
    snapshot = OrderParameters(values("overlaps"), values("self_overlaps"), linear)
    return LocalFields.of(snapshot, biases, int(one["step"]))
