"""`simulate`: run the replicates of an experiment and label what came out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.alignment import aligned_fraction
from giantstep.errors import CapabilityError, SpecError, whole_number
from giantstep.labels import directions
from giantstep.networks import Network
from giantstep.networks.order_parameters import OrderParameters
from giantstep.protocol import Protocol, check_nouns
from giantstep.streams import Streams, fingerprint
from giantstep.targets import Target
from giantstep.threads import ChunkMap, check_threads, one_blas_thread, ordered_map
from giantstep.training.choice import check_memory, choose
from giantstep.training.direct import Arrays, run_direct
from giantstep.training.experiment import Experiment, Trajectory, ignore_progress, ignore_step
from giantstep.training.reduced import run_reduced
from giantstep.training.retraining import Retraining, assess

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
MAX_DIMENSION = 10**12
MAX_SEEDS = 10**6


def simulate(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int,
    seeds: int = 1,
    seed: int = 0,
    engine: str = "auto",
    ridge: float | str | Sequence[float] | None = None,
    ridge_batch: str | int | None = None,
    subspaces: Sequence[Any] | None = None,
    threads: int | None = None,
    device: str | None = None,
    on_progress: Callable[[int], None] = ignore_progress,
    on_step: Callable[[int, int, OrderParameters], None] = lambda replicate, step, snapshot: None,
) -> xr.Dataset:
    """Simulate the first giant steps exactly, at any input dimension.

    Parameters
    ----------
    target : Target
        f*(x) = g(W* x) plus label noise.
    network : Network
        The student at initialisation; see theory note 00 for the scales.
    protocol : Protocol
        The steps.
    dimension : int
        d >= rank, up to 10^12.
    seeds : int
        Number of replicates, each with its own random numbers.
    seed : int
        Root seed. Same seed, same bits, whatever the number of threads.
    engine : {"auto", "reduced", "direct"}
        Both are exact in law; ``auto`` takes the cheaper and the Dataset says which and why.
    ridge : None, float, "auto" or sequence of float
        Retrain the readout on fresh samples with this penalty (``"auto"``: generalised cross-validation;
        several: the best of them on that criterion). None keeps the initial readout.
    ridge_batch : int or str
        Samples of that regression, default max(64 width, 4096).
    subspaces : sequence of arrays, shape (dim_t, rank), optional
        Predicted learned subspaces U_0, U_1, ..; adds ``predicted_dimension`` and ``predicted_alignment``.
    threads : int, optional
        Threads that share the chunks of one step; all cores by default.
    device : str, optional
        PyTorch device for the direct engine, such as ``"cuda"``; None is NumPy.
    on_progress : callable
        Called with numbers of samples as they are done.
    on_step : callable
        Called with (replicate, step, snapshot) as soon as a step is taken, and with step 0 at the start.

    Returns
    -------
    xarray.Dataset
        ``overlaps`` M (replicate, step, neuron, direction), ``self_overlaps`` Q (replicate, step, neuron,
        neuron_other), ``alignment`` (replicate, step), ``readout``, ``biases``, ``status``; a replicate
        that diverged has NaN from there on and says so. ``test_error`` with its sampling error and, when the
        readout is retrained, training error, score and the baseline without a step: see
        `giantstep.training.retraining.assess`; all penalties: `giantstep.training.readout_path`.

    Raises
    ------
    SpecError
        For numbers out of range; names the field, what was found and what is allowed.
    CapabilityError
        When the machine lacks the memory, or the device is not there.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target
    >>> data = simulate(Target.parse("z1 + z1*z2"), Network(width=4), Protocol.repeat(2, batch="2d"),
    ...                 dimension=1000, seeds=2)
    >>> dict(data.overlaps.sizes)
    {'replicate': 2, 'step': 3, 'neuron': 4, 'direction': 2}
    """
    import xarray as xr

    check_nouns(target, network, protocol)
    seeds = whole_number("seeds", seeds, 1, MAX_SEEDS)
    runs = [
        simulate_replicate(
            target,
            network,
            protocol,
            dimension=dimension,
            streams=Streams(seed, replicate),
            engine=engine,
            retraining=Retraining.parse(ridge, ridge_batch, dimension=dimension, width=network.width),
            subspaces=subspaces,
            threads=threads,
            device=device,
            on_progress=on_progress,
            on_step=partial(on_step, replicate),
        )
        for replicate in range(seeds)
    ]
    return xr.concat(
        runs, dim="replicate", data_vars="minimal", coords="minimal", compat="override", join="exact"
    )


def simulate_replicate(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int,
    streams: Streams,
    engine: str = "auto",
    retraining: Retraining | None = None,
    subspaces: Sequence[Any] | None = None,
    threads: int | None = None,
    device: str | None = None,
    on_progress: Callable[[int], None] = ignore_progress,
    on_step: Callable[[int, OrderParameters], None] = ignore_step,
    chunk_map: ChunkMap = ordered_map,
) -> xr.Dataset:
    """Simulate one replicate; `simulate` with its random streams given by address, its chunks shared."""
    check_dimension(dimension, target.rank)
    experiment = Experiment(
        target,
        network,
        protocol,
        int(dimension),
        streams,
        check_threads(threads),
        on_progress,
        on_step,
        chunk_map,
    )
    choice = choose(experiment, "direct" if device and engine == "auto" else engine)
    check_memory(choice)
    if device is not None and choice.engine != "direct":
        raise CapabilityError(f"device {device!r}: only the direct engine runs there. Use engine='direct'.")
    with one_blas_thread():
        if choice.engine == "reduced":
            trajectory = run_reduced(experiment)
        else:
            trajectory = run_direct(experiment, Arrays.on(device))
        dataset = _labelled(experiment, trajectory, subspaces)
        for name, value in assess(experiment, trajectory, retraining or Retraining()).items():
            dataset[name] = (("replicate",), np.array([value]))
    dataset.attrs |= {
        "engine": choice.engine,
        "engine_reason": choice.reason,
        "fingerprint": fingerprint(),
        "dimension": int(dimension),
        "batch": json.dumps(experiment.batches),
        "seed": str(streams.seed),
        "schema": SCHEMA,
    }
    return dataset


def check_dimension(dimension: int, rank: int) -> None:
    """Raise `SpecError` unless the dimension is a whole number from the target's rank to 10^12."""
    whole = isinstance(dimension, int | np.integer) and not isinstance(dimension, bool)
    if not whole or not rank <= dimension <= MAX_DIMENSION:
        raise SpecError(
            f"dimension: found {dimension!r}, expected a whole number from {rank} "
            "(the target's rank) to 10^12."
        )


def _labelled(experiment: Experiment, trajectory: Trajectory, subspaces: Sequence[Any] | None) -> xr.Dataset:
    """Return one replicate's Dataset; steps after a divergence are NaN."""
    import xarray as xr

    steps, width, rank = len(experiment.protocol.steps), experiment.network.width, experiment.target.rank
    overlaps = np.full((1, steps + 1, width, rank), np.nan)
    gram = np.full((1, steps + 1, width, width), np.nan)
    for number, snapshot in enumerate(trajectory.snapshots):
        overlaps[0, number], gram[0, number] = snapshot.overlaps, snapshot.self_overlaps
    variables: dict[str, Any] = {
        "overlaps": (("replicate", "step", "neuron", "direction"), overlaps),
        "self_overlaps": (("replicate", "step", "neuron", "neuron_other"), gram),
        "readout": (("replicate", "neuron"), trajectory.readout[None]),
        "biases": (("replicate", "neuron"), trajectory.biases[None]),
        "status": (("replicate",), np.array([trajectory.status])),
        "message": (("replicate",), np.array([trajectory.message])),
    }
    if any(rule.preprocess for rule in experiment.protocol.steps):
        variables |= _linear_part(trajectory, steps, width, rank)
    neurons = np.arange(width)
    coordinates = {
        "replicate": [experiment.streams.replicate],
        "step": np.arange(steps + 1),
        "neuron": neurons,
        "neuron_other": neurons,
        "direction": directions(rank),
    }
    dataset = xr.Dataset(variables, coordinates)
    dataset["alignment"] = aligned_fraction(dataset, [np.eye(rank)] * (steps + 1))
    if subspaces is not None:
        chain = [np.reshape(np.asarray(basis, float), (-1, rank)) for basis in subspaces]
        chain = (chain + [chain[-1]] * (steps + 1))[: steps + 1]
        dataset["predicted_alignment"] = aligned_fraction(dataset, chain)
        dataset["predicted_dimension"] = (("step",), np.array([len(basis) for basis in chain]))
    return dataset


def _linear_part(trajectory: Trajectory, steps: int, width: int, rank: int) -> dict[str, Any]:
    """Return C_0 and C_1 of preprocessing, labelled; NaN at steps without it."""
    constant, energy = np.full((1, steps + 1), np.nan), np.full((1, steps + 1), np.nan)
    teacher = np.full((1, steps + 1, rank), np.nan)
    neurons = np.full((1, steps + 1, width), np.nan)
    for number, snapshot in enumerate(trajectory.snapshots):
        if snapshot.linear is not None:
            constant[0, number], energy[0, number] = snapshot.linear.constant, snapshot.linear.energy
            teacher[0, number], neurons[0, number] = snapshot.linear.teacher, snapshot.linear.neurons
    return {
        "linear_constant": (("replicate", "step"), constant),
        "linear_energy": (("replicate", "step"), energy),
        "linear_overlaps": (("replicate", "step", "direction"), teacher),
        "linear_neurons": (("replicate", "step", "neuron"), neurons),
    }
