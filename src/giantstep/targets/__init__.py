"""Targets: what the network is asked to learn, as data.

>>> from giantstep.targets import Target
>>> Target.parse("z1 + z1*z2")([1.0, 2.0]).item()
3.0
"""

from giantstep.targets import catalog
from giantstep.targets.callable_link import CallableLink
from giantstep.targets.expression import Expression
from giantstep.targets.kinks import Kinks
from giantstep.targets.polynomial import Polynomial
from giantstep.targets.target import Target

__all__ = ["CallableLink", "Expression", "Kinks", "Polynomial", "Target", "catalog"]
