"""Which engine runs an experiment, why, and what it will cost."""

from __future__ import annotations

from dataclasses import dataclass

from giantstep.errors import CapabilityError, SpecError, nearest
from giantstep.training.experiment import Experiment
from giantstep.training.fresh import CHUNK

ENGINES = ("auto", "reduced", "direct")

MEMORY_BUDGET = 8 * 2**30
"""Bytes the reduced engine may keep of a reused batch before auto turns to the direct one; a constant, so
that the choice does not depend on the machine."""

# Seconds on one thread of the machine the marks were measured on; good to a factor of two elsewhere.
_NORMAL, _ENTRY, _FLOP, _SAMPLE = 3.0e-9, 3.0e-9, 8.0e-12, 5.0e-9


@dataclass(frozen=True, slots=True)
class Cost:
    """What one replicate is expected to cost: seconds on one thread, bytes at its peak."""

    seconds: float
    memory: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine that will run, the reason in words, and its expected cost."""

    engine: str
    reason: str
    cost: Cost


def runs_of_batches(experiment: Experiment) -> list[tuple[int, int]]:
    """Return (samples, uses) of each batch that is drawn, in order."""
    runs: list[tuple[int, int]] = []
    for rule, samples in zip(experiment.protocol.steps, experiment.batches, strict=True):
        if rule.reuse:
            runs[-1] = (samples, runs[-1][1] + 1)
        else:
            runs.append((samples, 1))
    return runs


def choose(experiment: Experiment, engine: str = "auto") -> Choice:
    """Return the engine for an experiment.

    ``auto`` is reduced where it is cheaper and fits: rank + 2 width <= dimension with fresh batches,
    rank + width (uses + 1) <= dimension and the kept batch within `MEMORY_BUDGET` with reused ones. Both
    engines have the same law at every dimension, so the choice is one of cost only.

    Raises
    ------
    SpecError
        For an unknown engine.
    """
    if engine not in ENGINES:
        raise SpecError(f"engine: found {engine!r}, expected {', '.join(ENGINES)}{nearest(engine, ENGINES)}.")
    if engine != "auto":
        return Choice(engine, "asked for", cost(experiment, engine))
    rank, width, dimension = experiment.target.rank, experiment.network.width, experiment.dimension
    reduced, direct = cost(experiment, "reduced"), cost(experiment, "direct")
    most = max((uses for _, uses in runs_of_batches(experiment)), default=1)
    axes = rank + 2 * width if most == 1 else rank + width * (most + 1)
    if axes > dimension:
        return Choice("direct", f"{axes} axes would exceed the {dimension} dimensions", direct)
    if reduced.memory > MEMORY_BUDGET and reduced.memory > direct.memory:
        kept = reduced.memory / 2**30
        return Choice("direct", f"keeping the reused batch would take {kept:.1f} GiB", direct)
    return Choice("reduced", f"its cost does not depend on d: {axes} axes instead of {dimension}", reduced)


def cost(experiment: Experiment, engine: str) -> Cost:
    """Return what one replicate is expected to cost with an engine, up to a factor of about two."""
    rank, width, dimension = experiment.target.rank, experiment.network.width, experiment.dimension
    seconds, memory = 0.0, 2.0 * 8 * width * min(dimension, rank + 2 * width) + 2.0**26
    for samples, uses in runs_of_batches(experiment):
        if engine == "direct":
            entry = _NORMAL + 4 * width * _FLOP
            seconds += samples * uses * (dimension * entry + width * _ENTRY + _SAMPLE)
            memory = max(memory, 40.0 * 2**23 + 40.0 * width * dimension)
        elif uses == 1:
            axes = rank + width
            seconds += samples * (axes * _NORMAL + width * _ENTRY + 8 * axes * width * _FLOP + _SAMPLE)
            memory = max(memory, 4.0 * CHUNK * (axes + 4 * width))
        else:
            rows = rank + width * (2 * uses + 1)
            seconds += samples * uses * (2 * width * _NORMAL + rows * width * _FLOP * 20 + rows * 2e-9)
            memory = max(memory, 4.0 * samples * rows)
    return Cost(seconds, memory)


def check_memory(choice: Choice) -> None:
    """Raise where the machine does not have the memory that the engine will need.

    Raises
    ------
    CapabilityError
        With what is needed, what there is, and what to change.
    """
    import os

    try:
        present = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return
    if choice.cost.memory > present:
        raise CapabilityError(
            f"engine {choice.engine!r}: needs about {choice.cost.memory / 2**30:.1f} GiB, this machine has "
            f"{present / 2**30:.1f} GiB. Lower the batch, the width or the number of reused steps."
        )
