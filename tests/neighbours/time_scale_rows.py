"""S6 again: the reduced flow from the listed starts, finite networks from our own."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from giantstep.asymptotics import learning_times
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.studies.time_scales_walk import time_scales_walk

from . import Row, deterministic, near, points

REFERENCE = HermiteComponents((0.5, 0.8, 0.5, 0.4), (0.5, 1.0, 0.8, 0.6))
QUICK = (1e-2, 1e-4, 1e-6)
ALL = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-14, 1e-16, 1e-18)
FITTED = ALL[-5:]


def readouts(count):
    """a(0) of the seeds of the note: its own generator."""
    return np.array([np.random.default_rng(seed).standard_normal(64) for seed in range(count)])


@lru_cache(maxsize=4)
def flows(ratios, seeds=3):
    found = learning_times(REFERENCE, time_scale_ratio=ratios, start=ParticleStart(readout=readouts(seeds)))
    assert set(found.status.values.ravel()) == {"completed"}
    return found


def place_of(eps, ratios):
    """Where a listed ratio is among ours, None where it is not."""
    place = int(np.argmin(np.abs(np.log(np.array(ratios) / eps))))
    return place if abs(np.log(ratios[place] / eps)) < 1e-6 else None


def times(ratios=ALL, limit=3e-3):
    for point in points("S6.times"):
        place = place_of(point["params"]["eps"], ratios)
        if place is not None:
            yield deterministic(point, float(flows(ratios).mean_time[place, point["params"]["k"]]), limit)


def slopes():
    """Fitted over the five smallest ratios as listed, with the local slope over the last two decades."""
    found = flows(ALL)
    for point in points("S6.slopes"):
        k = point["params"]["k"]
        learned, local = found.mean_time.values[-5:, k].copy(), float(found.local_slope[-1, k])
        if "log (t_1" in point["quantity"]:
            learned /= np.log(1 / np.array(FITTED))
            local = float(found.local_slope_without_log[-1])
        assert abs(local - point["theory"]) < 5e-3
        fitted = float(np.polyfit(np.log(FITTED), np.log(learned), 1)[0])
        yield near(point, fitted, 1e-3, note=f"local {local:.4f}, theory {point['theory']:.4g}")


def plateaus():
    for point in points("S6.plateaus"):
        after = float(flows(ALL).risk_after[-1, :, point["params"]["k"]].mean())
        yield near(point, after, 3e-3 * point["sim"], note=f"theory {point['theory']:.4g}")


def phase(k):
    """Time over its closed form: exact at small ratios, so it must come nearer to 1 as they fall."""
    listed = sorted(points(f"S6.phase{k}"), key=lambda point: -point["params"]["eps"])
    found = flows(tuple(point["params"]["eps"] for point in listed), 4)
    ratios = (found.learning_time / found.predicted_time).mean("replicate").values[:, k]
    assert abs(ratios[-1] - 1) < 1e-2 * abs(ratios[0] - 1)
    for place, point in enumerate(listed):
        yield near(point, float(ratios[place]), 1e-4)


def finite():
    for point in points("S6.finite"):
        given = point["params"]
        seeds = 1 if point["se"] is None else 4
        start = ParticleStart(width=given["m"], seeds=seeds, dimension=given["d"], seed=7)
        yield _size(point, start)


def sgd():
    (point,) = points("S6.sgd")
    given = point["params"]
    start = ParticleStart(width=given["m"], seeds=3, dimension=given["d"])
    yield _size(point, start, method="sgd", step=given["delta"], batch=given["batch"])


def _size(point, start, **words):
    """Kind bound: a size, not a prediction; within a half of the listed one."""
    found = time_scales_walk(
        REFERENCE, time_scale_ratio=[point["params"]["eps"]], start=start, until=1.5, **words
    ).deviation.values.ravel()
    error = float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else np.nan
    return Row(point, float(found.mean()), error, float(found.mean()) / point["sim"] - 1, 0.5)
