"""The links of theory note 40, section 0, in the expression language; all are centred."""

from __future__ import annotations

import re

import giantstep as gs

O3 = "3*(tanh(3*z1) - 1.262164309058163*tanh(z1))"
"""Bounded, of information exponent 3: E[t tanh 3t] / E[t tanh t] makes cs1 vanish."""

LINKS = {
    "tanh": "tanh(z1)",
    "relu": "relu(z1) - 1/sqrt(2*pi)",
    "h2": "He2(z1)/sqrt(2)",
    "h3": "He3(z1)/sqrt(6)",
    "h2+h3": "He2(z1)/2 + He3(z1)/sqrt(12)",
    "h1+h3": "z1/sqrt(2) + He3(z1)/sqrt(12)",
    "ie3b": O3,
    "ie2mix": f"{O3} + cos(1.5*z1) - exp(-1.125)",
    "ie2even": "1.5*cos(1.5*z1) - 1.5*exp(-1.125)",
    "h3clip": "1.2*(min(max(He3(z1)/sqrt(6), -3), 3) + 0.19675072728551224*tanh(z1))",
}

ENERGIES = {
    "tanh": 0.3943,
    "relu": 0.3408,
    "ie3b": 0.4515,
    "ie2mix": 0.8517,
    "ie2even": 0.9003,
    "h3clip": 0.6804,
}
"""E s^2 as the note lists it."""


def target(name: str, sig: float = 0.0) -> gs.Target:
    """Return a link of the note as a target; ``sig`` is a standard deviation there."""
    return gs.Target.parse(LINKS[name], noise=sig * sig)


def activation(words: str) -> str:
    """Return the house's name of an activation listed as ``He[0.0, 1.0, 0.2, 0.1]``."""
    numbers = [float(x) for x in re.findall(r"[-\d.]+", words[2:])]
    return "+".join(f"{c!r}*He{k}" for k, c in enumerate(numbers) if c)
