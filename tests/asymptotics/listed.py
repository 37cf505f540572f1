"""The listed cases of theory note 10, section 8, as the objects of the package."""

import json
from pathlib import Path

import numpy as np

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target

CASES = json.loads((Path(__file__).parents[1] / "data" / "overlap_dynamics.json").read_text())["cases"]
KINDS = {"M": "overlaps", "Q": "self_overlaps"}


def name(case):
    return f"{case['target']}-{case['activation']}-{case['mode']}"


def nouns(case):
    """(target, network, protocol) of a case."""
    network = Network(case["p"], case["activation"], readout=case["a"], symmetric=case["symmetric_init"])
    protocol = Protocol.repeat(
        len(case["steps"]),
        batch=f"{case['alpha']}d",
        learning_rate=case["eta"],
        reuse=case["mode"] == "reuse",
        loss=case["loss"],
    )
    return Target.parse(case["target"]), network, protocol


def listed(case, key):
    """One listed quantity at every step."""
    return np.array([step[key] for step in case["steps"]])


def rms(z):
    return float(np.sqrt(np.mean(np.square(z))))


def start(data, replicate):
    """(M0, Q0) of one simulated replicate."""
    return data.overlaps.values[replicate, 0], data.self_overlaps.values[replicate, 0]
