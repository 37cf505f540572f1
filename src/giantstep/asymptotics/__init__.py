"""Verb `predict`: what the first giant steps do, exactly in high dimension."""

from giantstep.asymptotics.overlap_dynamics import overlaps

__all__ = ["overlaps"]
