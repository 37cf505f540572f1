"""Where an expression or its derivative jumps: hyperplanes, for quadrature to split at."""

from __future__ import annotations

from dataclasses import dataclass

from giantstep.targets.tree import Call, Node, walk


@dataclass(frozen=True, slots=True)
class Kinks:
    """Hyperplanes ``normal . z = offset``; outside them the function is smooth when `complete` is true."""

    hyperplanes: tuple[tuple[tuple[float, ...], float], ...]
    complete: bool


def find_kinks(node: Node, rank: int) -> Kinks:
    """Return the kinks of a tree (first version: none found)."""
    kinked = {"relu", "abs", "sign", "min", "max", "sqrt"}
    return Kinks((), complete=not any(isinstance(n, Call) and n.name in kinked for n in walk(node)))
