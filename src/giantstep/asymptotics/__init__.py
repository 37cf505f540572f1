"""Verb `predict`: what the first giant steps do, exactly in high dimension.

>>> from giantstep import Network, Protocol, Target
>>> from giantstep import asymptotics as predict
>>> theory = predict.overlaps(Target.parse("z1"), Network(width=2), Protocol.repeat(1, batch="2d"))
>>> theory.overlaps.dims
('step', 'neuron', 'direction')
>>> float(predict.bounds(Target.parse("z1*z2")).kernel_bound)
1.0
"""

from giantstep.asymptotics.deep_features.curve import deep_curve, ridge_curve
from giantstep.asymptotics.deep_features.ridge_theory import RidgeTheory
from giantstep.asymptotics.feature_spikes import spikes
from giantstep.asymptotics.learning_times import learning_times
from giantstep.asymptotics.lower_bounds import bounds
from giantstep.asymptotics.minimax_flow import descent_ascent
from giantstep.asymptotics.multi_task.alignment_curve import task_alignment
from giantstep.asymptotics.outlier_phases import outlier_phases
from giantstep.asymptotics.overlap_dynamics import overlaps
from giantstep.asymptotics.spiked_baselines import best_features, linear_ridge
from giantstep.asymptotics.spiked_features import features
from giantstep.asymptotics.spiked_groups import grouped_features
from giantstep.asymptotics.weight_outliers import outliers

__all__ = [
    "RidgeTheory",
    "best_features",
    "bounds",
    "deep_curve",
    "descent_ascent",
    "features",
    "grouped_features",
    "learning_times",
    "linear_ridge",
    "outlier_phases",
    "outliers",
    "overlaps",
    "ridge_curve",
    "spikes",
    "task_alignment",
]
