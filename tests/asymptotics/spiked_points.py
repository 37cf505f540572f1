"""The reference points of theory note 30, as settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from giantstep import Activation, Target
from giantstep.asymptotics.spiked.curve import Curve, Setting, curve

DATA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "spiked_features.json").read_text(encoding="utf-8")
)
POINTS = {point["id"]: point for point in DATA["points"]}


def setting(point: dict[str, Any], **changes: Any) -> Setting:
    """Return the setting of a reference point."""
    return Setting(
        Target.parse(f"{point['link']}(z1)", noise=point.get("noise", 0.0)),
        Activation.named(point["sigma"]),
        point["eta"],
        point["alpha0"],
        point["beta"],
        **changes,
    )


def solved(point: dict[str, Any], **changes: Any) -> Curve:
    """Return a reference point solved."""
    return curve(setting(point, **changes), np.array([point["alpha"]]), np.array([point["lam"]]))


def readings(found: Curve) -> dict[str, float]:
    """Return what was found under the names of the reference file."""
    readout = found.readout
    values = {
        "test": readout.test_error,
        "test_clean": readout.test_error_clean,
        "train": readout.train_error,
        "reg": readout.penalty,
        "m": readout.m,
        "theta": readout.theta,
        "psi": readout.psi,
        "chi": readout.chi,
        "q1": readout.q1,
        "q2": readout.q2,
        "V1": readout.solution.v[:, 0],
        "V2": readout.solution.v[:, 1],
        "V1h": readout.solution.conjugate[:, 0],
        "V2h": readout.solution.conjugate[:, 1],
    }
    step = found.layer.step
    return {name: float(value[0]) for name, value in values.items()} | {
        "r": step.spike_strength,
        "c": step.bulk_scale,
    }


def largest_difference(found: dict[str, float], listed: dict[str, Any]) -> float:
    """Return the largest relative difference over the names both have; absolute where nothing is listed."""
    return max(
        abs(found[name] - value) / (abs(value) or 1.0) for name, value in listed.items() if name in found
    )
