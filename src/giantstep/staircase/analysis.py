"""`analyze`: what a two-layer network can learn of a target in its first giant steps, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from giantstep.errors import SpecError
from giantstep.networks import Network
from giantstep.protocol import Protocol, check_nouns
from giantstep.sizes import Size
from giantstep.staircase.certificate import (
    DECIDED,
    UNDECIDED,
    Certificate,
    DirectionLeap,
    LearnedStep,
)
from giantstep.staircase.chain import Growth, Mode, follow
from giantstep.staircase.effective import effective_subspace
from giantstep.staircase.exponents import Exponents, fresh_exponents, generative_exponents
from giantstep.staircase.problem import Problem
from giantstep.staircase.reasons import growth_reasons, samples_text, vector_text
from giantstep.staircase.subspaces import Subspace, complement_rows
from giantstep.staircase.visibility import Sight
from giantstep.targets import Target
from giantstep.threads import one_blas_thread


def analyze(
    target: Target,
    network: Network | None = None,
    protocol: Protocol | None = None,
    *,
    dimension: int | None = None,
) -> Certificate:
    """Return which directions of a target are learnt at each giant step, with reasons.

    Parameters
    ----------
    target : Target
    network : Network, optional
        Its activation and biases decide what is visible; by default a generic activation sees everything.
    protocol : Protocol, optional
        Batch exponents, fresh or reused, preprocessed or not, step by step; its last step repeats until the
        chain stops. By default fresh batches of order d.
    dimension : int, optional
        Input dimension, needed where a batch is a plain number: its exponent is log n / log d.

    Returns
    -------
    Certificate
        ``status`` is "undecided" where the numbers do not decide, and ``messages`` say what.

    Raises
    ------
    SpecError
        When a batch's power of d cannot be read, or an argument is not what it should be.

    References
    ----------
    theory note 10, section 2; arXiv:2305.18270, 2402.03220, 2403.05529.

    Examples
    --------
    >>> answer = analyze(Target.parse("z1 + z1*z2"))
    >>> answer.leap, [step.dimension for step in answer.steps]
    (1, [1, 2])
    >>> answer.steps[1].reasons[0]
    'step 2: block (z1; z2), order 1+1, strength 1 unlocks (0, 1)'
    >>> analyze(Target.parse("z1 + z1*z2"), Network(width=2, activation="tanh")).fully_learned
    False
    """
    check_nouns(target, network, protocol, optional=True)
    modes = _modes(protocol, dimension, network)
    # Bits must not depend on the number of BLAS threads, and small products are faster without them.
    with one_blas_thread():
        return _analysed(target, network, modes)


def _analysed(target: Target, network: Network | None, modes: list[Mode]) -> Certificate:
    problem = Problem(target, Sight.of(network))
    whole, doubts = effective_subspace(problem)
    doubts += (problem.beyond_floats,) if problem.beyond_floats else ()
    messages = [f"undecided - {doubt}" for doubt in doubts]
    growths = follow(problem, whole, modes)
    steps, chain_doubts = _steps(problem, growths, modes)
    messages += [f"undecided - {doubt}" for doubt in chain_doubts]
    fresh = fresh_exponents(problem, whole)
    # Label transforms are what any algorithm may use: their exponents belong to the target, not the network.
    bare = problem if problem.sight.sees_all else replace(problem, sight=Sight.generic())
    plain = fresh if problem.sight.sees_all else fresh_exponents(bare, whole)
    generative = generative_exponents(bare, whole, plain.leap)
    for name, found in (("leap", fresh), ("generative leap", generative)):
        messages += [f"undecided - {name}: {doubt}" for doubt in found.doubts]
    status = UNDECIDED if messages else DECIDED
    messages += _remarks(problem, whole, modes, fresh, network)
    messages += _too_few_neurons(network, growths)
    last = steps[-1].subspace if steps else np.zeros((0, target.rank))
    total = _total(steps)
    return Certificate(
        target=str(target),
        rank=target.rank,
        effective_rank=whole.dimension,
        information_exponent=fresh.exponent,
        leap=fresh.leap,
        generative_exponent=generative.exponent,
        generative_leap=generative.leap,
        batch_exponent=modes[0].batch_exponent,
        reuse=any(mode.reuse for mode in modes),
        preprocess=any(mode.preprocess for mode in modes),
        steps=tuple(steps),
        learned_dimension=len(last),
        fully_learned=len(last) == whole.dimension,
        status=status,
        activation=problem.sight.name,
        bias=bool(network is not None and network.biased),
        per_direction_leap=_direction_leaps(fresh, whole),
        exponents_of_target={"information_exponent": plain.exponent, "leap": plain.leap},
        samples=total,
        messages=tuple(dict.fromkeys(messages)),
    )


def _modes(protocol: Protocol | None, dimension: int | None, network: Network | None) -> list[Mode]:
    if protocol is None or not protocol.steps:
        return [Mode()]
    return [
        Mode(_exponent(step.batch, dimension, network), step.reuse, step.preprocess)
        for step in protocol.steps
    ]


def _exponent(batch: Size, dimension: int | None, network: Network | None) -> float:
    """Return the power of d that a batch stands for."""
    if batch.exponent is not None:
        return batch.exponent
    if dimension is None or (batch.p_power and network is None):
        needed = "the dimension and the network" if batch.p_power else "the dimension"
        raise SpecError(
            f"batch: found {batch}, which does not say its power of d. "
            f"Write it as '3d' or 'd^2', or give {needed}."
        )
    if isinstance(dimension, bool) or not isinstance(dimension, int | np.integer) or dimension < 2:
        raise SpecError(f"dimension: found {dimension!r}, expected a whole number >= 2.")
    return batch.power_of_d(dimension=int(dimension), width=1 if network is None else network.width)


def _steps(problem: Problem, growths: list[Growth], modes: list[Mode]) -> tuple[list[LearnedStep], list[str]]:
    known = Subspace.zero(problem.rank, exact=problem.exact)
    found: list[LearnedStep] = []
    doubts: list[str] = []
    moved = 0
    for number, growth in enumerate(growths, start=1):
        mode = modes[min(number, len(modes)) - 1]
        doubts += [f"step {number}: {doubt}" for doubt in growth.doubts]
        reasons = growth_reasons(number, growth, known, problem.sight.name, problem.sight.words())
        rows = growth.subspace.rows
        found.append(
            LearnedStep(
                number, rows, reasons, samples_text(mode, number), mode.reuse and number > 1, mode.preprocess
            )
        )
        if growth.subspace.dimension > known.dimension:
            moved = number
        known = growth.subspace
    # A reused chain shows its first step even when that learns nothing: it is the visit that fills the
    # memory.
    if any(mode.reuse for mode in modes):
        moved = max(moved, 1)
    return found[:moved], list(dict.fromkeys(doubts))


def _direction_leaps(fresh: Exponents, whole: Subspace) -> tuple[DirectionLeap, ...]:
    found: list[DirectionLeap] = []
    known = np.zeros((0, whole.rank))
    for order, subspace in fresh.filtration:
        found.append(DirectionLeap(order, _new_rows(subspace.rows, known)))
        known = subspace.rows
    if len(known) < whole.dimension:
        found.append(DirectionLeap(None, _new_rows(whole.rows, known)))
    return tuple(found)


def _new_rows(rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Orthonormal rows of the part of a span that is orthogonal to what is known."""
    if not len(known):
        return rows
    free = complement_rows(known, rows.shape[1])
    _, sizes, turned = np.linalg.svd(rows @ free.T, full_matrices=False)
    return turned[sizes > 0.5] @ free


def _remarks(
    problem: Problem, whole: Subspace, modes: list[Mode], fresh: Exponents, network: Network | None
) -> list[str]:
    remarks = []
    if whole.dimension == 0:
        remarks.append("the target is constant: there is nothing to learn")
    if not problem.exact:
        remarks.append(f"tensors by {problem.how}; symmetries are checked to 1e-11 of the target's size")
    name = problem.sight.name
    for item in _direction_leaps(fresh, whole):
        if item.leap is None and name is not None:
            lost = ", ".join(vector_text(row) for row in item.directions)
            remarks.append(
                f"{name} never learns {lost} from fresh batches of any size: it sees orders "
                f"{problem.sight.words()} only; random biases would help"
                + ("" if not (network and network.biased) else " no further")
            )
    if len({mode.reuse for mode in modes[1:]} | {mode.batch_exponent for mode in modes}) > 2 or (
        any(mode.reuse for mode in modes[1:]) and not all(mode.reuse for mode in modes[1:])
    ):
        remarks.append("heuristic: mixed fresh and reused steps follow each step's own rule")
    if any(mode.reuse and mode.highest_order > 1 for mode in modes):
        remarks.append("heuristic: a reused batch of more than order d is not covered by theory")
    if any(mode.reuse and mode.preprocess for mode in modes):
        remarks.append("heuristic: preprocessing of a reused batch is not covered by theory")
    return remarks


def _too_few_neurons(network: Network | None, growths: list[Growth]) -> list[str]:
    """Order-1 directions of one step are responses of neurons: no more than (readout, bias) pairs differ."""
    if network is None:
        return []
    drawn = isinstance(network.bias, float) and network.bias != 0.0
    if drawn or network.readout in ("gaussian", "uniform"):
        kinds = network.width
    else:
        readout = {"rademacher": (1.0, -1.0), "constant": (1.0,)}.get(str(network.readout), network.readout)
        biases = network.bias if isinstance(network.bias, tuple) else (0.0,)
        if isinstance(network.readout, tuple) and isinstance(network.bias, tuple):
            kinds = len(set(zip(network.readout, network.bias, strict=True)))
        else:
            kinds = min(network.width, len(set(readout)) * len(set(biases)))
    remarks = []
    for number, growth in enumerate(growths, start=1):
        added = sum(len(unlock.directions) for unlock in growth.unlocks if unlock.block.outside == 1)
        if added > kinds:
            remarks.append(
                f"step {number} opens {added} directions of order 1, but this network's neurons differ in "
                f"only {kinds} ways (readout, bias): use continuous readouts or biases to learn all at once"
            )
    return remarks


def _total(steps: list[LearnedStep]) -> str:
    fresh = [step for step in steps if not step.reuse]
    if not steps:
        return "0"
    powers = {step.samples for step in fresh}
    if len(powers) == 1:
        power = powers.pop()
        return power if len(fresh) == 1 else f"{len(fresh)} x {power}"
    return " + ".join(step.samples for step in fresh)
