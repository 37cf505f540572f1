"""From words to the problems of theory note 50, S6 and S7: Hermite components and moment problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giantstep.cli.options import number, numbers, read_target, whole
from giantstep.errors import SpecError, nearest

if TYPE_CHECKING:
    from giantstep.networks.hermite_components import HermiteComponents
    from giantstep.targets.moment_problems import MomentProblem


def check_unused(why: str, **given: bool) -> None:
    """Raise `SpecError` for the first option that is given and would be ignored.

    >>> check_unused("with --data, whose rows say it all", widths=False, rows=True)
    Traceback (most recent call last):
    giantstep.errors.SpecError: rows: found with --data, whose rows say it all.
    """
    for name, is_given in given.items():
        if is_given:
            raise SpecError(f"{name}: found {why}.")


def check_simulated(simulate: str | None, **given: bool) -> None:
    """Raise `SpecError` for the first option that is given, yet means nothing without --simulate.

    >>> check_simulated(None, method=False, step=True)
    Traceback (most recent call last):
    giantstep.errors.SpecError: step: found without --simulate, which it needs. Add --simulate 4.
    """
    if simulate is None:
        check_unused("without --simulate, which it needs. Add --simulate 4", **given)


def read_components(
    target: str | None,
    activation: str | None,
    orthonormal_target: str | None,
    orthonormal_activation: str | None,
    degree: str,
    noise: str | None,
) -> HermiteComponents:
    """Return the components of the two nouns, or those of the two lists.

    Raises
    ------
    SpecError
        For neither, both, or half of each.
    """
    from giantstep.networks.hermite_components import HermiteComponents

    lists = (orthonormal_activation, orthonormal_target)
    if any(item is not None for item in lists):
        if target is not None or activation is not None or None in lists:
            raise SpecError(
                "time-scales: found a mixture of nouns and coefficients, expected --orthonormal-target with "
                "--orthonormal-activation, or a TARGET with --activation."
            )
        return HermiteComponents(
            tuple(numbers(str(orthonormal_activation), "orthonormal_activation")),
            tuple(numbers(str(orthonormal_target), "orthonormal_target")),
            0.0 if noise is None else number(noise, "noise"),
        )
    if target is None:
        raise SpecError(
            "time-scales: found no target, expected a TARGET such as 'z1 + He2(z1)' with --activation, or "
            "--orthonormal-target with --orthonormal-activation."
        )
    return HermiteComponents.of(
        read_target(target, noise), activation or "relu", degree=whole(degree, "degree")
    )


def read_problem(
    name: str,
    *,
    correlation: str,
    confounding: str | None,
    discount: str | None,
    noise: str,
    orthonormal_pull: str | None,
    orthonormal_solution: str | None,
) -> MomentProblem:
    """Return the problem that the options spell.

    Raises
    ------
    SpecError
        For an unknown name, or options of the other problem.
    """
    from giantstep.targets.moment_problems import InstrumentalVariable, PolicyEvaluation
    from giantstep.targets.moment_solutions import Displaced, HermiteSeries, Solution

    names = ("instrumental-variable", "policy-evaluation")
    if name not in names:
        raise SpecError(f"problem: found {name!r}, expected {' or '.join(names)}{nearest(name, names)}.")
    if orthonormal_pull is not None and orthonormal_solution is not None:
        raise SpecError("solution: found --orthonormal-pull and --orthonormal-solution, expected one.")
    solution: Solution = Displaced()
    if orthonormal_pull is not None:
        solution = Displaced(tuple(numbers(orthonormal_pull, "orthonormal_pull")))
    elif orthonormal_solution is not None:
        solution = HermiteSeries(tuple(numbers(orthonormal_solution, "orthonormal_solution")))
    common = {"correlation": number(correlation, "correlation"), "noise": number(noise, "noise")}
    if name == names[0]:
        if discount is not None:
            raise SpecError("discount: found it with instrumental-variable; it belongs to policy-evaluation.")
        kap = "0.6" if confounding is None else confounding
        return InstrumentalVariable(solution, confounding=number(kap, "confounding"), **common)
    if confounding is not None:
        raise SpecError("confounding: found it with policy-evaluation; it belongs to instrumental-variable.")
    gamma = "0.9" if discount is None else discount
    return PolicyEvaluation(solution, discount=number(gamma, "discount"), **common)
