"""Verb `analyze`: exponents, learnt subspaces, symmetry, the certificate.

>>> from giantstep.staircase import analyze
>>> from giantstep.targets import Target
>>> analyze(Target.parse("z1*z2")).information_exponent
2
"""

from giantstep.staircase.analysis import analyze
from giantstep.staircase.certificate import Certificate, DirectionLeap, LearnedStep

__all__ = ["Certificate", "DirectionLeap", "LearnedStep", "analyze"]
