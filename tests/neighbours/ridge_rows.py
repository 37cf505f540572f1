"""S5 again: ridge on deep and on trained features, with our own seeds."""

from __future__ import annotations

import math

import numpy as np

from giantstep import Network, Protocol, Target
from giantstep.asymptotics.deep_features.covariance import linear_layers
from giantstep.asymptotics.deep_features.cross_covariance import cross_covariance
from giantstep.asymptotics.deep_features.ridge_theory import house_ridge
from giantstep.networks.deep import DeepNetwork, DeepWeights
from giantstep.networks.deep_problem import DeepProblem
from giantstep.streams import Streams
from giantstep.studies.deep_walk import deep_walk
from giantstep.studies.trained_walk import TrainedSetting, trained_walk, whole_samples

from ..asymptotics.test_deep_covariance import PLAIN_ERF, correlated_errors, frobenius_errors
from ..asymptotics.test_ridge_theory import power_law_theory
from . import Row, allowed, exact, points, statistical

SAMPLES = 200_000
"""Inputs of each half of a split-sample Monte Carlo."""
KNOWN = 1000
"""Seeds that stand for an error not estimated from few of them."""
UNLISTED = 0.03
"""Spread between networks assumed of listed entries of two networks without a standard error."""


def mean_and_error(values):
    return float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))


def ridge():
    theory, _ = power_law_theory()
    for point in points("S5.ridge"):
        n, lam = point["params"]["n"], point["params"]["lam"]
        yield exact(point, float(theory.at(n, house_ridge(lam, n, 400), 0.01).test_error))


def curves(group):
    seeds, listed = 4, points(group)
    for layers, rows, lam in sorted(
        {tuple(p["params"][k] for k in ("layers", "kind", "lam")) for p in listed}
    ):
        mine = points(group, layers=layers, kind=rows, lam=lam)
        size = mine[0]["params"]["p"]
        learner, teacher = (DeepNetwork((size,) * depth, "tanh", rows) for depth in (layers, 1))
        samples = whole_samples(sorted(point["params"]["n_over_p"] for point in mine), size)
        problem = DeepProblem(learner, teacher, size, 0.05)
        scores = deep_walk(problem, samples=samples, penalty=lam, seeds=seeds).scores
        for point in mine:
            at = scores.sel(samples=round(point["params"]["n_over_p"] * size))
            yield statistical(
                point, float(at.test_error), float(at.test_error_se), tests=len(listed), seeds=seeds,
                own=float(at.test_error_z),
            )  # fmt: skip


def covariances():
    """One layer against the exact kernel; deeper ones by halves of a Monte Carlo, three networks each."""
    listed = points("S5.cov")
    for point in listed:
        layers, size = point["params"]["layers"], point["params"]["d"]
        seeds = 6 if layers == 1 else 3
        if layers == 1:
            errors = [frobenius_errors("iid", size, seed)[0] for seed in range(seeds)]
        else:
            errors = [split_errors(layers, size, seed) for seed in range(seeds)]
        scalar, per_row = np.array(errors).T
        mean, error = mean_and_error(scalar)
        if point["se"] is None:
            # Their two networks and our three, of one spread.
            spread = max(float(scalar.std(ddof=1)), UNLISTED)
            error, seeds = spread * math.sqrt(1 / 3 + 1 / 2), KNOWN
        assert per_row.mean() < 0.5 * mean
        note = f"row by row {per_row.mean():.3g} (listed {point['params']['per_row_variant']:.3g})"
        yield statistical(point, mean, error, tests=len(listed), seeds=seeds, note=note)


def split_errors(layers, size, seed):
    weights = DeepNetwork((size,) * layers, PLAIN_ERF).draw(size, Streams(seed))
    linear = [linear_layers(weights, per_row=per_row)[-1].covariance for per_row in (False, True)]
    grams = halves([seed, size, layers], lambda x: (weights.features(x),) * 2, size, size)
    return [split_norm(grams, one) for one in linear]


def halves(address, features, rows, dimension):
    """Two independent estimates of E[phi psi^T], features giving (phi, psi) of inputs."""
    found = []
    for half in range(2):
        rng, product = np.random.default_rng([*address, half]), np.zeros((rows, rows))
        for _ in range(SAMPLES // 10_000):
            left, right = features(rng.standard_normal((dimension, 10_000)))
            product += left @ right.T
        found.append(product / SAMPLES)
    return found


def split_norm(estimates, theory):
    """|E - theory|: <A - theory, B - theory> over independent A, B has no Monte Carlo bias."""
    product = float(np.sum((estimates[0] - theory) * (estimates[1] - theory)))
    return math.sqrt(max(product, 0.0))


def cross():
    """The listed networks are two, whose own standard error says little: they get the spread of ours."""
    listed = points("S5.cross")
    for point in listed:
        size = point["params"]["d"]
        if point["params"]["check"] == "shared_layer":
            errors = [shared_errors(size, seed) for seed in range(2)]
            mean = float(np.mean(errors))
            yield statistical(point, mean, UNLISTED, tests=len(listed), seeds=KNOWN, note="two networks each")
            continue
        seeds = 24 if size < 1000 else 12
        errors = np.array([correlated_errors(size, point["params"]["q"], seed)[:2] for seed in range(seeds)])
        (mean, error), without = mean_and_error(errors[:, 0]), errors[:, 1].mean()
        z = (mean - point["sim"]) / (error * math.sqrt(1 + seeds / 2))
        note = f"without kx {without:.3g} (listed {point['params']['fro_err_without_kx']:.3g})"
        yield Row(point, mean, error, z, allowed(len(listed), seeds), note)


def shared_errors(size, seed):
    """A learner of two layers, whose target is its first one."""
    weights = DeepNetwork((size, size), "tanh").draw(size, Streams(seed))
    first = DeepWeights(weights.activation, weights.layers[:1])
    layers = linear_layers(weights, per_row=False)
    phi = cross_covariance(layers, layers[:1], (weights.activation,) * 2, paired=1, per_row=False)
    estimates = halves([seed], lambda x: (weights.features(x), first.features(x)), size, size)
    return split_norm(estimates, phi)


def trained():
    seeds, size, listed = 6, 400, points("S5.trained")
    start = {"readout": "gaussian", "readout_scale": "1/sqrt(p)", "symmetric": False, "rows": "gaussian"}
    network, target = Network(size, "tanh", **start), Target.parse("tanh(2*z1)", noise=0.05)
    for eta in sorted({point["params"]["eta"] for point in listed}):
        mine = points("S5.trained", eta=eta)
        step = Protocol.repeat(1, batch="2d", learning_rate=f"{eta}*sqrt(p)") if eta else Protocol(())
        samples = whole_samples(sorted(point["params"]["n_over_p"] for point in mine), size)
        data = trained_walk(TrainedSetting(target, network, step, size, samples, 0.1), seeds=seeds)
        for point in mine:
            at = data.sel(samples=round(point["params"]["n_over_p"] * size))
            mean, error = mean_and_error(at.test_error.values)
            note = f"plug-in z {float(at.z_plug_in):.1f}, linearised z {float(at.z_linearised):.1f}, spike "
            note += f"{float(data.spike.mean()):.3g} ({point['params']['spike']:.3g})"
            yield statistical(point, mean, error, tests=len(listed), seeds=seeds, note=note)
