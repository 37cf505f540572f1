"""Moments that every formula of theory note 40 is made of."""

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.polynomial import hermite_e
from scipy import integrate, stats

from giantstep.asymptotics.spectra.activation_moments import hermite_activation
from giantstep.asymptotics.spectra.link_moments import centred_labels, centred_link
from giantstep.asymptotics.spectra.readout_moments import READOUTS, check_network, even_moment
from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Activation, Network
from giantstep.targets import Target


def gaussian(f, *points):
    edges = [-12.0, *points, 12.0]
    pieces = [
        integrate.quad(lambda z: f(z) * stats.norm.pdf(z), a, b, epsabs=1e-13, limit=200)[0]
        for a, b in pairwise(edges)
    ]
    return sum(pieces)


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "tanh(z + 0.6)", "He1+0.5*He2+0.25*He3"])
def test_hermite_coefficients_equal_adaptive_quadrature(name):
    found, f = hermite_activation(name), Activation.named(name)
    for k in range(7):
        he = np.eye(8)[k]
        expected = gaussian(
            lambda z, he=he: float(f.value(np.array([z]))[0]) * hermite_e.hermeval(z, he), 0.0
        )
        assert found.coefficient(k) == pytest.approx(expected / math.factorial(k), abs=1e-11)
    square = gaussian(lambda z: float(f.value(np.array([z]))[0]) ** 2, 0.0)
    slopes = gaussian(lambda z: float(f.derivative(np.array([z]))[0]) ** 2, 0.0)
    assert found.rest == pytest.approx(square - found.mean**2 - found.slope**2, abs=1e-10)
    assert found.slope_rest == pytest.approx(slopes - found.slope**2, abs=1e-10)


def test_vanishing_coefficients_are_exactly_zero():
    assert not hermite_activation("tanh").coefficients[::2].any()
    relu = hermite_activation("relu")
    assert relu.coefficients[3] == 0.0
    assert relu.coefficients[2] == pytest.approx(0.5 / math.sqrt(2 * math.pi), rel=1e-12)
    assert hermite_activation("gelu").coefficients[3] == 0.0


def test_products_of_derivatives_equal_integration_by_parts():
    # E[sigma'' sigma'] = E[(sigma'^2)']/2 = E[z sigma'^2]/2
    for name in ("tanh(z + 0.6)", "gelu", "He1+0.5*He2+0.25*He3"):
        found, f = hermite_activation(name), Activation.named(name)
        expected = gaussian(lambda z, f=f: z * float(f.derivative(np.array([z]))[0]) ** 2) / 2
        assert found.slope_moment(2, 1) == pytest.approx(expected, abs=1e-11)
        assert found.slope_moment(1, 1) == pytest.approx(found.slope_rest + found.slope**2, rel=1e-11)
        assert found.slope_moment(3) == 6 * found.coefficient(3)


def test_moments_of_derivatives_that_are_no_functions_are_refused():
    relu = hermite_activation("relu")
    assert relu.slope_moment(2) == pytest.approx(1 / math.sqrt(2 * math.pi))
    assert relu.slope_moment(1, 3) == pytest.approx(0.5)
    with pytest.raises(CapabilityError, match="kink"):
        relu.slope_moment(2, 1)


def test_labels_are_centred_and_their_noise_is_a_variance():
    link = centred_link(Target.parse("relu(z1)", noise=0.25))
    assert link.mean == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-12)
    assert link.slope == pytest.approx(0.5, rel=1e-12)
    assert link.link_energy == pytest.approx(0.5 - 0.5 / math.pi, rel=1e-12)
    assert link.energy == link.link_energy + 0.25
    assert link.rest == pytest.approx(link.energy - 0.25)
    rule = link.rule()
    assert abs(rule.weights @ link.values(rule.nodes)) < 1e-14


def test_labels_that_are_not_centred_are_refused_and_the_remedy_is_centred():
    for text in ("relu(z1)", "-relu(z1)", "exp(z1)", "z1 + z1**2", "abs(z1) - 1"):
        with pytest.raises(SpecError, match=r"labels of mean .*, expected E y = 0.* Write '") as error:
            centred_labels(Target.parse(text))
        remedy = Target.parse(str(error.value).split("Write '")[1].removesuffix("'."))
        assert abs(centred_labels(remedy).mean) < 1e-14
    assert centred_labels(Target.parse("relu(z1) - 0.3989423")).link_energy > 0  # seven digits will do


@pytest.mark.parametrize(("text", "exponent"), [("z1", 1), ("z1**2", 2), ("He3(z1)", 3), ("cos(1.5*z1)", 2)])
def test_the_information_exponent_is_the_first_coefficient(text, exponent):
    assert centred_link(Target.parse(text)).information_exponent == exponent


def test_links_the_theory_cannot_take_are_refused():
    with pytest.raises(SpecError, match="expected rank 1"):
        centred_link(Target.parse("z1*z2"))
    with pytest.raises(SpecError, match="constant"):
        centred_link(Target.parse("3 + 0*z1"))


@pytest.mark.parametrize("readout", READOUTS)
def test_readout_moments_equal_those_of_drawn_readouts(readout):
    network = Network(10**5, readout=readout, symmetric=False)
    drawn = network.draw_readout(np.random.default_rng(1), 10)
    for k in (1, 2, 3):
        powers = drawn ** (2 * k)
        error = powers.std() / math.sqrt(len(powers)) + 1e-12
        assert abs(powers.mean() - even_moment(readout, k)) < 4 * error


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(readout="gaussian"), "symmetric=True"),
        (dict(readout="gaussian", symmetric=False, bias=1.0), "biases"),
        (dict(readout="constant", symmetric=False), "mean 0"),
        (dict(readout="uniform", symmetric=False, readout_scale="1/sqrt(p)"), "scale 1"),
        (dict(readout=[1.0, 1.0, 2.0, 3.0]), "given as numbers"),
    ],
)
def test_networks_outside_the_theory_are_refused(fields, message):
    with pytest.raises(CapabilityError, match=message):
        check_network(Network(4, **fields))
