"""Theory against the reduced engine at a hundred thousand dimensions, over what the nouns can say."""

from dataclasses import dataclass

import numpy as np
import pytest

from giantstep.asymptotics import overlaps
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.significance import equivalent_z
from giantstep.targets import Target
from giantstep.training.simulation import simulate

from .listed import rms

DIMENSION = 100_000
EIGHT = (1.0, -0.6, 0.8, 1.3, -1.0, 0.6, -0.8, -1.3)
BIASES = (0.5, -0.5, 0.2, 0.0, 1.0, -1.0, 0.3, -0.2)


@dataclass(frozen=True)
class Case:
    name: str
    target: Target
    network: Network
    protocol: Protocol
    fast: bool = False


def spread(width, activation, **fields):
    """A network whose readout is a fixed arithmetic sequence, no two neurons alike."""
    readout = [round(-1.4 + 2.8 * ((7 * i) % width) / max(width - 1, 1) + 0.05, 3) for i in range(width)]
    return Network(width, activation, readout=readout, symmetric=False, **fields)


def paired(activation, **fields):
    return Network(8, activation, readout=EIGHT, symmetric=True, **fields)


def mixed(*steps):
    """Steps given as (batch, learning rate, fields)."""
    return Protocol(tuple(Step(batch, rate, **fields) for batch, rate, fields in steps))


def repeat(steps, batch, rate, **fields):
    return Protocol.repeat(steps, batch=batch, learning_rate=rate, **fields)


AGAIN, LABELS = {"reuse": True}, {"loss": "correlation"}
STAIR, NOISY = Target.parse("z1 + z1*z2"), Target.parse("z1 + z1*z2", noise=0.3)
CASES = [
    Case(
        "relu p2 fresh T5",
        STAIR,
        Network(2, "relu", readout=(1, -1), symmetric=True),
        repeat(5, "2d", 1.5),
        fast=True,
    ),
    Case(
        "tanh p4 fresh correlation",
        Target.parse("z1 + He2(z1)*z2/2"),
        spread(4, "tanh"),
        repeat(3, "3d", 2.0, loss="correlation"),
    ),
    Case(
        "erf p8 reused T5 correlation",
        Target.parse("He3(z1)/sqrt(6)"),
        paired("erf"),
        repeat(5, "2d", 3.0, reuse=True, loss="correlation"),
        fast=True,
    ),
    Case(
        "gelu p8 reused T4",
        Target.parse("tanh(z1 + z2) + z1*z2/2"),
        paired("gelu"),
        repeat(4, "1.5d", 2.0, reuse=True),
    ),
    Case(
        "relu p8 biases fresh noise decay",
        NOISY,
        spread(8, "relu", bias=BIASES),
        repeat(3, "2d", 2.0, weight_decay=0.1),
    ),
    Case(
        "tanh p8 biases reused noise decay",
        NOISY,
        spread(8, "tanh", bias=BIASES),
        repeat(4, "2d", 2.0, weight_decay=0.1, reuse=True),
        fast=True,
    ),
    Case(
        "relu p8 mixed fresh/reused T5",
        STAIR,
        paired("relu"),
        mixed(("2d", 3.0, {}), ("2d", 3.0, AGAIN), ("3d", 2.0, {}), ("3d", 1.5, AGAIN), ("3d", 1.5, AGAIN)),
        fast=True,
    ),
    Case(
        "erf p8 mixed batches and losses",
        Target.parse("z1 + He3(z2)/2"),
        spread(8, "erf"),
        mixed(("d", 2.0, LABELS), ("2d", 1.0, {}), ("2d", 1.0, AGAIN | LABELS), ("4d", 1.0, {})),
    ),
    Case("relu p32 fresh", Target.parse("z1 + z1*z2 + z1*z2*z3"), spread(32, "relu"), repeat(3, "2d", 4.0)),
    Case("relu p16 reused", STAIR, spread(16, "relu"), repeat(3, "d", 4.0, reuse=True)),
    Case("sin p3 fresh T4", Target.parse("abs(z1) + z2"), spread(3, "sin"), repeat(4, "0.7d", 1.0)),
    Case(
        "softplus p8 reused kinked target",
        Target.parse("relu(z1) - relu(z2)"),
        spread(8, "softplus"),
        repeat(3, "3d", 2.0, reuse=True),
    ),
    Case("tanh p32 reused T2", STAIR, spread(32, "tanh"), repeat(2, "2d", 5.0, reuse=True)),
    Case(
        "relu p8 preprocessed fresh",
        Target.parse("z1 + He2(z2)/sqrt(2)"),
        paired("relu"),
        repeat(3, "2d", 2.0, preprocess=True),
        fast=True,
    ),
    Case(
        "gelu p4 biases preprocessed reused noise",
        Target.parse("z1 + z1*z2", noise=0.2),
        spread(4, "gelu", bias=(0.5, -0.5, 0.2, 0.0)),
        repeat(3, "2d", 2.0, preprocess=True, reuse=True),
    ),
    Case(
        "relu p4 raw, preprocessed, raw on one batch",
        STAIR,
        spread(4, "relu"),
        mixed(
            ("2d", 2.0, {}),
            ("2d", 2.0, {"reuse": True, "preprocess": True}),
            ("2d", 2.0, AGAIN),
            ("2d", 1.0, {"preprocess": True}),
        ),
    ),
]


def z_scores(case, seeds, samples):
    """{variable: (z of every entry, largest difference of means)}, the theory's own error included."""
    theory = overlaps(case.target, case.network, case.protocol, samples=samples)
    data = simulate(case.target, case.network, case.protocol, dimension=DIMENSION, seeds=seeds, seed=3)
    found = {}
    for name in ("overlaps", "self_overlaps", "linear_overlaps", "linear_neurons", "linear_energy"):
        if name not in data:
            continue
        values = data[name].values[:, 1:]
        spread = values.std(0, ddof=1) / seeds**0.5
        ours, error = theory[name].values[1:], theory[f"{name}_se"].values[1:]
        assert np.array_equal(np.isfinite(values[0]), np.isfinite(ours))
        # The theory's error is known from many groups, the simulation's from few seeds.
        free = np.isfinite(ours) & (spread > 1e-9)
        difference = (values.mean(0) - ours)[free]
        found[name] = (
            equivalent_z(difference / np.hypot(spread, error)[free], np.full(difference.shape, seeds - 1)),
            float(np.abs(difference).max()),
        )
    return found


@pytest.mark.parametrize("case", [case for case in CASES if case.fast], ids=lambda case: case.name)
def test_a_sample_of_the_table_agrees(case):
    for z, _ in z_scores(case, seeds=4, samples=2**19).values():
        assert rms(z) < 2.0


@pytest.mark.slow
def test_the_whole_table_agrees():
    everything = []
    print(f"\n{'rms z (largest difference) at d = 1e5, 12 seeds':45s}{'M':>16s}{'Q':>16s}{'C_1':>16s}")
    for case in CASES:
        scores = z_scores(case, seeds=12, samples=2**22)
        linear = [score for name, score in scores.items() if name.startswith("linear")]
        columns = [scores["overlaps"], scores["self_overlaps"]]
        if linear:
            columns.append((np.concatenate([z for z, _ in linear]), max(bias for _, bias in linear)))
        print(f"{case.name:45s}" + "".join(f"{rms(z):7.2f} ({bias:.4f})" for z, bias in columns))
        assert rms(scores["overlaps"][0]) < 2.0
        assert rms(scores["self_overlaps"][0]) < 2.0
        everything += [z for z, _ in scores.values()]
    total = rms(np.concatenate(everything))
    print(f"all: rms z {total:.2f} over {sum(map(len, everything))} entries")
    assert total < 1.5
