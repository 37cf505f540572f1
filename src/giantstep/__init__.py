"""giantstep: what a two-layer network learns in its first few giant gradient steps.

Three nouns - `Target`, `Network`, `Protocol` - and four verbs - `analyze`, `predict`, `simulate`, `compare`;
`measure` brings in weights of your own. Everything loads where it is used, so this import is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Activation": "giantstep.networks",
    "CapabilityError": "giantstep.errors",
    "Certificate": "giantstep.staircase",
    "FeatureExpansion": "giantstep.training.feature_experiment",
    "GiantStepError": "giantstep.errors",
    "Network": "giantstep.networks",
    "Protocol": "giantstep.protocol",
    "Size": "giantstep.sizes",
    "SpecError": "giantstep.errors",
    "Step": "giantstep.protocol",
    "StoreError": "giantstep.errors",
    "Target": "giantstep.targets",
    "analyze": "giantstep.staircase",
    "compare": "giantstep.comparison",
    "measure": "giantstep.training.measurement",
    "measure_outliers": "giantstep.training.outlier_count",
    "simulate": "giantstep.training.simulation",
    "simulate_features": "giantstep.training.feature_spectrum",
    "simulate_outliers": "giantstep.training.outlier_simulation",
}

__all__ = [
    "Activation",
    "CapabilityError",
    "Certificate",
    "FeatureExpansion",
    "GiantStepError",
    "Network",
    "Protocol",
    "Size",
    "SpecError",
    "Step",
    "StoreError",
    "Target",
    "analyze",
    "compare",
    "measure",
    "measure_outliers",
    "predict",
    "simulate",
    "simulate_features",
    "simulate_outliers",
]

if TYPE_CHECKING:
    from giantstep import asymptotics as predict
    from giantstep.comparison import compare
    from giantstep.errors import CapabilityError, GiantStepError, SpecError, StoreError
    from giantstep.networks import Activation, Network
    from giantstep.protocol import Protocol, Step
    from giantstep.sizes import Size
    from giantstep.staircase import Certificate, analyze
    from giantstep.targets import Target
    from giantstep.training.feature_experiment import FeatureExpansion
    from giantstep.training.feature_spectrum import simulate_features
    from giantstep.training.measurement import measure
    from giantstep.training.outlier_count import measure_outliers
    from giantstep.training.outlier_simulation import simulate_outliers
    from giantstep.training.simulation import simulate


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use (PEP 562)."""
    if name == "predict":
        return import_module("giantstep.asymptotics")
    if name not in _HOME:
        raise AttributeError(f"module 'giantstep' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return ["__version__", *__all__]
