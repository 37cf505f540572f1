"""S8 again: two-step pretraining and downstream heads, with our own seeds."""

from __future__ import annotations

import math

import numpy as np

from giantstep.streams import Streams
from giantstep.studies.multi_task_walk import multi_task_walk
from giantstep.targets.tasks import Tasks
from giantstep.training.multi_task.pretraining import Pretraining

from . import allowed, points, statistical

WIDTH = 300
MODES = {
    "multi T=200": Tasks(3, 200),
    "multi unbalanced": Tasks(3, 200, balanced=False),
    "unbalanced+centred labels": Tasks(3, 200, False, True),
    "multi T=20": Tasks(3, 20),
    "single T=1": Tasks(3, 1),
}


def pretrained(point, tasks, setting, tests, seeds, seed=0):
    """One entry: our alignment against the listed one and the law of each seed's tasks; its conditioning."""
    scores = multi_task_walk(tasks, [setting], seeds=seeds, seed=seed).scores.isel(samples=0)
    note = f"conditioning {float(scores.conditioning):.3f} (law {float(scores.conditioning_law):.3f}"
    if point["params"].get("sv_ratio") is not None:
        note += f", listed {point['params']['sv_ratio']:.3f}"
        if "sv_se" in point["params"]:
            error = math.hypot(float(scores.conditioning_se), point["params"]["sv_se"])
            z = (float(scores.conditioning) - point["params"]["sv_ratio"]) / error
            assert abs(z) < allowed(tests, seeds)
            note += f", z {z:.1f}"
    mean, error = float(scores.alignment), float(scores.alignment_se)
    return statistical(
        point, mean, error, tests=tests, seeds=seeds, note=f"{note})", own=float(scores.alignment_z)
    )


def alignments():
    listed = points("S8.align")
    for point in listed:
        params = point["params"]
        tasks = MODES.get(params["mode"], Tasks(params["r"], 300))
        setting = Pretraining(params["d"], WIDTH, params["n_pre"], params["n_pre"])
        yield pretrained(point, tasks, setting, len(listed), 6)


def numbers_of_tasks():
    listed = points("S8.tasks")
    for point in listed:
        tasks = Tasks(3, point["params"]["T"])
        kernel = tasks.draw(Streams(5, 0)).kernel
        off = kernel[~np.eye(8, dtype=bool)]
        assert abs(off.mean() - point["params"]["K_off"]) < 1e-12
        assert abs(off.std() / point["params"]["K_sd"] - 1) < 0.35
        yield pretrained(point, tasks, Pretraining(200, WIDTH, 8000, 8000), len(listed), 6, seed=5)


def fresh():
    listed = points("S8.fresh")
    for point in listed:
        params = point["params"]
        setting = Pretraining(params["d"], WIDTH, params["n1"], params["n2"], fresh=True)
        yield pretrained(point, Tasks(params["r"], params["T"]), setting, len(listed), 5)


def downstream():
    listed = points("S8.downstream")
    for dimension in sorted({point["params"]["d"] for point in listed}):
        for kappa in (40, 160):
            mine = [
                point
                for point in points("S8.downstream", d=dimension)
                if (point["params"]["method"] == "multi160") == (kappa == 160)
            ]
            if not mine:
                continue
            samples = sorted({point["params"]["n"] for point in mine})
            setting = Pretraining(dimension, WIDTH, kappa * dimension, kappa * dimension)
            scores = multi_task_walk(Tasks(3, 200), [setting], seeds=6, downstream=samples).scores
            for point in mine:
                kind = point["params"]["method"].removesuffix("160")
                at = scores.sel(representation=kind, downstream_samples=point["params"]["n"])
                mean, error = float(at.accuracy), float(at.accuracy_se)
                yield statistical(point, mean, error, tests=len(listed), seeds=6)
