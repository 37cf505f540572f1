"""Answers are subspaces: turning, permuting or flipping a target turns, permutes or flips the answer."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from giantstep.protocol import Protocol
from giantstep.staircase import analyze
from giantstep.targets import Target

CATALOG = [
    entry
    for entry in json.loads((Path(__file__).parents[1] / "data" / "catalog.json").read_text())
    if entry["r"] > 1
]
BY_NAME = {entry["name"]: entry for entry in CATALOG}
FRESH = Protocol.repeat(2, batch="d")
MODES = {
    "fresh": FRESH,
    "fresh d^2": Protocol.repeat(2, batch="d^2"),
    "preprocessed d^2": Protocol.repeat(2, batch="d^2", preprocess=True),
    "reused": Protocol.repeat(2, batch="d", reuse=True),
}


def turned(text, rotation):
    """The expression of g(rotation z): every z_i becomes the i-th row."""

    def row(match):
        return "(" + "+".join(f"({x})*z{j + 1}" for j, x in enumerate(rotation[int(match[1]) - 1])) + ")"

    return re.sub(r"z(\d)", row, text)


def check(entry, rotation, written, mode):
    rank = entry["r"]
    plain = analyze(Target.parse(entry["expr"], rank=rank), None, MODES[mode])
    moved = analyze(Target.parse(turned(entry["expr"], written), rank=rank), None, MODES[mode])
    assert moved.status == "decided", moved.messages
    for name in ("information_exponent", "leap", "generative_exponent", "generative_leap", "effective_rank"):
        assert getattr(moved, name) == getattr(plain, name)
    assert len(moved.steps) == len(plain.steps)
    for one, other in zip(plain.subspaces, moved.subspaces, strict=True):
        # g(R z) depends on R^T u where g depends on u.
        expected = rotation.T @ one.T @ one @ rotation
        np.testing.assert_allclose(other.T @ other, expected, atol=1e-8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry["name"])
def test_an_arbitrary_rotation_turns_the_answer(entry, mode):
    rank = entry["r"]
    rotation = np.linalg.qr(np.random.default_rng(rank).standard_normal((rank, rank)))[0]
    check(entry, rotation, [[repr(float(x)) for x in row] for row in rotation], mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry["name"])
def test_a_rational_rotation_turns_the_answer(entry, mode):
    rank = entry["r"]
    rotation = np.eye(rank)
    rotation[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    written = [[str(float(x)) for x in row] for row in rotation]
    written[0][:2], written[1][:2] = ["3/5", "-4/5"], ["4/5", "3/5"]
    check(entry, rotation, written, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry["name"])
def test_a_signed_permutation_permutes_the_answer(entry, mode):
    rank = entry["r"]
    rotation = np.roll(np.eye(rank), 1, axis=0) * np.where(np.arange(rank) % 2, 1.0, -1.0)
    check(entry, rotation, [[str(int(x)) for x in row] for row in rotation], mode)
