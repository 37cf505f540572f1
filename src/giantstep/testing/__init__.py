"""Conformance kit: prove that a target, activation, engine or store of your own keeps the laws.

>>> from giantstep import Target
>>> from giantstep.testing import check_target
>>> print(check_target(Target.parse("z1 + z1*z2")))
target z1 + z1*z2: 8 laws hold
"""

from giantstep.testing.activations import check_activation
from giantstep.testing.engines import check_engine
from giantstep.testing.report import ConformanceError, Law, Report
from giantstep.testing.stores import check_store
from giantstep.testing.targets import check_target

__all__ = [
    "ConformanceError",
    "Law",
    "Report",
    "check_activation",
    "check_engine",
    "check_store",
    "check_target",
]
