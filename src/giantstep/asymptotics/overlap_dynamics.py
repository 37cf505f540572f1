"""`overlaps`: the order parameters of the first giant steps at d -> infinity, labelled like a simulation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.alignment import aligned_fraction
from giantstep.asymptotics.exact_steps import Known, without_sampling
from giantstep.asymptotics.fresh_batch import fresh_step
from giantstep.asymptotics.kept_batch import kept_steps
from giantstep.asymptotics.schedule import Problem, resolve
from giantstep.asymptotics.start import given_start, starting_point
from giantstep.errors import SpecError, whole_number
from giantstep.labels import directions
from giantstep.networks import Network
from giantstep.networks.order_parameters import OrderParameters
from giantstep.protocol import Protocol, check_nouns
from giantstep.streams import Streams, fingerprint
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread, ordered_map

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
COMPLETED, NONFINITE, IMPRECISE = "completed", "nonfinite", "imprecise"

GROUP = 65536
"""Samples of one independent group: the memory a group needs does not grow with ``samples``."""
FEWEST_GROUPS = 8

IMPRECISION = 0.1
"""A standard error above this fraction of a row's norm makes the status ``imprecise``."""

# Measured at width 200: the products of a sample's errors with its axes and with each other are the cost.
_SECONDS_PER_SAMPLE_AND_PAIR = 6e-10


def default_samples(width: int) -> int:
    """Return the samples that keep a step's cost in bounds: a standard error of 1e-3 at width 8 in a second.

    >>> default_samples(8), default_samples(1000)
    (4194304, 167772)
    """
    return int(min(2**22, max(2**17, 2**22 * (200 / width) ** 2)))


def sampling_seconds(target: Target, network: Network, protocol: Protocol, samples: int) -> float:
    """Return the expected seconds on one thread when every step is sampled.

    >>> round(sampling_seconds(Target.parse("z1"), Network(8), Protocol.repeat(2), 2**22), 2)
    0.68
    """
    work = samples * max(len(protocol.steps), 1) * network.width * (network.width + target.rank + 8)
    return _SECONDS_PER_SAMPLE_AND_PAIR * work


def overlaps(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int | None = None,
    start: Any = None,
    samples: int | None = None,
    seed: int = 0,
    replicate: int = 0,
    method: str = "auto",
    threads: int | None = None,
) -> xr.Dataset:
    """Predict the overlaps M and Q after every step, exactly in high dimension.

    Fresh batches follow the closed equations of theory note 10, section 3; steps that reuse their batch those
    of section 4, in the form of `giantstep.asymptotics.kept_batch`; mixed protocols need only the Gram matrix
    at each fresh batch. Preprocessing is included: C_1 estimated from n samples is a vector of its own. The
    expectations are means over antithetic samples in independent groups, each carried through all steps, so
    the standard errors hold everything that sampling does.

    Parameters
    ----------
    target, network, protocol
        The objects that `simulate` takes. A batch ``"3d"`` is n / d = 3; of ``"d^2"`` the limit
        n / d -> infinity is taken (noise of order d / n dropped; the attribute ``sample_ratio`` says so).
    dimension : int, optional
        Finite d. A fresh step is then the exact mean given the overlaps before it; reused and preprocessed
        steps stay in the limit at n / d. Needed for a batch given as a plain number.
    start : (M0, Q0), optional
        Overlaps (width, rank) and self-overlaps (width, width) to start from, such as one simulated
        replicate's. Default: M0 = 0 and orthonormal rows, in equal pairs when symmetric.
    samples : int, optional
        Samples of each expectation, by default 2^22, fewer beyond width 200 (`default_samples`). Cost
        O(samples * width * (width + axes)) a step; memory does not grow with them.
    seed, replicate : int
        Random readouts and biases are those of this replicate of `simulate` with this seed.
    method : {"auto", "sampling"}
        ``auto`` takes the first steps without sampling where it can: step 1 in closed form where the
        network's own output plays no part in it, fresh steps of the correlation loss by quadrature (rank <=
        2, width <= 12); their ``*_se`` is how far the quadrature may be off. ``sampling`` samples every step.
    threads : int, optional
        Threads that share the groups; the result does not depend on their number.

    Returns
    -------
    xarray.Dataset
        ``overlaps`` (step, neuron, direction), ``self_overlaps`` (step, neuron, neuron_other), each with
        ``*_se``; ``readout``, ``biases``, ``alignment``, ``linear_*`` for preprocessed steps. Attributes
        ``status`` (completed, imprecise or nonfinite) and ``message`` with the remedy; steps after a
        divergence are NaN. ``theory - simulation`` aligns.

    Raises
    ------
    SpecError
        For numbers out of range, or a size that needs ``dimension``.
    CapabilityError
        For batches of fewer than O(d) samples, or reused steps too wide for memory.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target
    >>> theory = overlaps(Target.parse("z1 + z1*z2"), Network(width=8, readout="constant", symmetric=False),
    ...     Protocol.repeat(1, batch="2d", learning_rate=3.0, loss="correlation"))
    >>> theory.overlaps.sel(step=1, neuron=0).values.round(4).tolist()
    [0.5303, 0.0]
    >>> float(theory.self_overlaps.sel(step=1, neuron=0, neuron_other=0).round(5))
    1.84375
    """
    check_nouns(target, network, protocol)
    streams = Streams(seed, replicate)
    samples = whole_number(
        "samples", default_samples(network.width) if samples is None else samples, 1000, 10**10
    )
    if method not in ("auto", "sampling"):
        raise SpecError(f"method: found {method!r}, expected auto or sampling.")
    problem = resolve(target, network, protocol, dimension, streams)
    limit = start is None
    initial = starting_point(network, target.rank) if limit else given_start(start, network, target.rank)
    with one_blas_thread():
        known = [Known(initial, initial)]
        if method == "auto" and problem.dimension is None:
            known = without_sampling(problem, initial, limit)
        runs = problem.runs[len(known) - 1 :]
        groups = max(FEWEST_GROUPS, -(-samples // GROUP)) if runs else 1
        pairs = -(-samples // (2 * groups))
        work = partial(_trajectory, problem, runs, known[-1].state, seed, pairs)
        paths = list(ordered_map(work, range(groups), check_threads(threads)))
        dataset = _labelled(problem, known, paths)
    ratios = [step.sample_ratio for step in problem.steps]
    dataset.attrs |= {
        "engine": "theory",
        "equations": "theory note 10, sections 3 and 4"
        + ("" if problem.dimension is None else "; fresh steps: exact mean at finite dimension"),
        "sample_ratio": json.dumps(
            [ratio if np.isfinite(ratio) else "infinite: d/n dropped" for ratio in ratios]
        ),
        "steps_without_sampling": len(known) - 1,
        "samples": samples,
        "groups": groups,
        "seed": str(seed),
        "fingerprint": fingerprint(),
        "schema": SCHEMA,
    }
    if problem.dimension is not None:
        dataset.attrs["dimension"] = problem.dimension
    return dataset


def _trajectory(
    problem: Problem, runs: tuple[Any, ...], state: OrderParameters, seed: int, pairs: int, group: int
) -> list[OrderParameters]:
    """Return one group's order parameters after every step, up to the first that is not finite."""
    streams, path = Streams(seed, group), []
    if not state.finite:
        return []
    for run in runs:
        if len(run) == 1 and not run[0].preprocess:
            path.append(fresh_step(problem, run[0], state, streams, pairs))
        else:
            path.extend(kept_steps(problem, run, state, streams, pairs))
        state = path[-1]
        if not state.finite:
            return path[:-1]
    return path


def _labelled(
    problem: Problem, known: Sequence[Known], paths: Sequence[Sequence[OrderParameters]]
) -> xr.Dataset:
    """Return means over groups and their standard errors; NaN from where any group diverged."""
    import xarray as xr

    width, rank = problem.network.width, problem.target.rank
    total = sum(len(run) for run in problem.runs)
    reached = min(len(path) for path in paths) + sum(entry.state.finite for entry in known)
    table: dict[str, tuple[tuple[str, ...], Any]] = {
        "overlaps": (("step", "neuron", "direction"), lambda state: state.overlaps),
        "self_overlaps": (("step", "neuron", "neuron_other"), lambda state: state.self_overlaps),
    }
    if any(step.preprocess for step in problem.steps):
        table |= {
            "linear_constant": (("step",), lambda state: state.linear.constant),
            "linear_energy": (("step",), lambda state: state.linear.energy),
            "linear_overlaps": (("step", "direction"), lambda state: state.linear.teacher),
            "linear_neurons": (("step", "neuron"), lambda state: state.linear.neurons),
        }
    sizes = {"step": total + 1, "neuron": width, "neuron_other": width, "direction": rank}
    variables: dict[str, Any] = {}
    for name, (dims, read) in table.items():
        mean = np.full([sizes[dim] for dim in dims], np.nan)
        error = mean.copy()
        for step in range(reached):
            if step < len(known):
                entry = known[step]
                if not name.startswith("linear"):
                    mean[step], error[step] = (
                        read(entry.state),
                        np.abs(read(entry.state) - read(entry.coarse)),
                    )
                continue
            states = [path[step - len(known)] for path in paths]
            if name.startswith("linear") and states[0].linear is None:
                continue
            values = np.array([read(state) for state in states])
            mean[step], error[step] = values.mean(0), values.std(0, ddof=1) / np.sqrt(len(values))
        variables[name], variables[f"{name}_se"] = (dims, mean), (dims, error)
    neurons = np.arange(width)
    dataset = xr.Dataset(
        variables | {"readout": (("neuron",), problem.readout), "biases": (("neuron",), problem.biases)},
        {
            "step": np.arange(total + 1),
            "neuron": neurons,
            "neuron_other": neurons,
            "direction": directions(rank),
        },
    )
    dataset["alignment"] = aligned_fraction(dataset, [np.eye(rank)] * (total + 1))
    status, message = _verdict(dataset, reached, total)
    # Attributes, so that theory - simulation is a plain difference of Datasets.
    dataset.attrs |= {"status": status, "message": message}
    return dataset


def _verdict(dataset: xr.Dataset, reached: int, total: int) -> tuple[str, str]:
    """Return the status and what to do about it."""
    if reached <= total:
        return NONFINITE, (
            f"step {reached}: the overlaps left the finite numbers; lower the learning rate, raise the "
            f"batch, or use loss='correlation'."
        )
    gram = dataset["self_overlaps"].values
    norms = np.sqrt(np.clip(np.einsum("tii->ti", gram), 0.0, None)).max(1)
    size = np.maximum(norms, 1e-300)
    errors = dataset["overlaps_se"].values.max((1, 2)) / size
    errors = np.maximum(errors, dataset["self_overlaps_se"].values.max((1, 2)) / size**2)
    worst = int(errors.argmax())
    if errors[worst] > IMPRECISION:
        return IMPRECISE, (
            f"step {worst}: the standard error is {errors[worst]:.0%} of the largest row norm; raise "
            f"samples, or lower the learning rate if the weights blow up."
        )
    return COMPLETED, ""
