"""Where functions are rough: the planes by name, and honesty where there are none."""

import numpy as np
import pytest

from giantstep.targets.expression import Expression

S = 2**-0.5


def kinks(text):
    found = Expression.parse(text).kinks()
    planes = [(*[round(x, 6) for x in normal], round(offset, 6)) for normal, offset in found.hyperplanes]
    return planes, found.complete


ROOT3, HALF = round(3**0.5, 6), round(S, 6)


@pytest.mark.parametrize(
    ("text", "planes"),
    [
        ("z1 + tanh(z2)**3", []),
        ("relu(z1)", [(1, 0)]),
        ("relu(z1 - 1) + abs(2*z1 + 1)", [(1, -0.5), (1, 1)]),
        ("sign(z1*z2)", [(1, 0, 0), (0, 1, 0)]),
        ("sign(-3*z1/(1 + z2**2))", [(1, 0, 0)]),
        ("sign(z1**2*z2)", [(0, 1, 0)]),
        ("abs(z1)*relu(z1)", [(1, 0)]),
        ("max(z1, z2)", [(HALF, -HALF, 0)]),
        ("min(z1, 1, -1)", [(1, -1), (1, 1)]),
        ("sign(He3(z1))", [(1, -ROOT3), (1, 0), (1, ROOT3)]),
        ("abs((z1 + z2)**2 - 1)", [(HALF, HALF, -HALF), (HALF, HALF, HALF)]),
        ("abs(z1**2 - z2**2)", [(HALF, HALF, 0), (HALF, -HALF, 0)]),
        ("sign(z1**3 - z1*z2**2)", [(1, 0, 0), (HALF, HALF, 0), (HALF, -HALF, 0)]),
        ("relu(z1*z2 - z1 - z2 + 1)", [(1, 0, 1), (0, 1, 1)]),
        ("abs(z1**2 + z2**2 + 0.1)", []),
        ("abs(z1**2 - 2*z1 + 2)", []),
        ("abs(z1**2 - 2*z1 + 1)", []),
        ("sqrt(1 + z1**2)", []),
        ("sqrt((z1 - 1)**2)", [(1, 1)]),
        ("sqrt(z1**2 + z2**2)", [(1, 0, 0)]),
        ("sqrt(abs(z1)*relu(z2))", [(1, 0, 0), (0, 1, 0)]),
        ("abs(abs(z1) - 1)", [(1, -1), (1, 0), (1, 1)]),
        ("relu(1 - relu(z1))", [(1, 0), (1, 1)]),
        ("sign(tanh(z1 - z2))", [(HALF, -HALF, 0)]),
        ("sign(exp(z1)*z2)", [(0, 1, 0)]),
        ("sign(2**0.5*z1 - z2)", [(round((2 / 3) ** 0.5, 6), -round((1 / 3) ** 0.5, 6), 0)]),
        ("sign((z1 - 1)**3*(z1 + 2)**2)", [(1, 1)]),
        ("tanh(relu(sin(z2*abs(z1))**2))", [(1, 0, 0)]),
        ("relu(1)*z1 + abs(-2)*z2", []),
    ],
)
def test_kinks_are_the_planes_where_arguments_vanish(text, planes):
    assert kinks(text) == (planes, True)


@pytest.mark.parametrize(
    "text",
    [
        "abs(z1**2 + z2**2 - 1)",
        "relu(tanh(z1) - 0.5)",
        "sign(sin(z1))",
        "sign(z1**3 + z2)",
        "max(z1, z2**2)",
        "max(tanh(z1), z2)",
        "sign(z1*z2*z3 - 1)",
    ],
)
def test_curved_or_unknown_kinks_are_said_to_be_incomplete(text):
    assert not kinks(text)[1]


def test_normals_have_length_one_and_live_in_the_whole_rank():
    found = Expression.parse("max(z1, 3*z2 - 1)", rank=4).kinks()
    ((normal, offset),) = found.hyperplanes
    assert len(normal) == 4
    assert np.linalg.norm(normal) == pytest.approx(1.0)
    assert all(type(x) is float for x in (*normal, offset))
    on_plane = np.array([2.0, 1.0, 0.0, 0.0])
    assert np.dot(normal, on_plane) == pytest.approx(offset)


def test_kinks_are_a_value_that_can_be_compared():
    assert Expression.parse("relu(z1)").kinks() == Expression.parse("abs(z1)").kinks()
