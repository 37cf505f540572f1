"""Kinds of points: one file each, and their one register.

>>> KINDS["simulation"].has_replicates
True
"""

from giantstep.studies.kinds import (
    certificate,
    deep_covariance,
    deep_features,
    feature_spikes,
    learning_curve,
    minimax,
    multi_task,
    overlaps,
    scan,
    simulation,
    time_scales,
    trained_features,
    weight_outliers,
)
from giantstep.studies.kinds.kind import Draws, Fact, Kind

REGISTER = (
    simulation.KIND,
    scan.KIND,
    certificate.KIND,
    overlaps.KIND,
    learning_curve.KIND,
    feature_spikes.KIND,
    weight_outliers.KIND,
    time_scales.KIND,
    minimax.KIND,
    deep_features.KIND,
    trained_features.KIND,
    multi_task.KIND,
    deep_covariance.KIND,
)

KINDS = {kind.name: kind for kind in REGISTER}
"""Name -> kind."""

__all__ = ["KINDS", "Draws", "Fact", "Kind"]
