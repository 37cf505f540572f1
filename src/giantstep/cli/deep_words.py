"""From words to what `predict deep-features` predicts: layers, a drawn problem, a layer to be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.cli.options import number, read_target, whole
from giantstep.errors import SpecError

if TYPE_CHECKING:
    from giantstep.networks import Activation
    from giantstep.networks.deep_problem import DeepProblem
    from giantstep.studies.trained_walk import TrainedSetting


def read_widths(text: str, name: str) -> tuple[int, ...]:
    """Return the whole numbers of a comma list.

    >>> read_widths("400, 1e3", "widths")
    (400, 1000)
    """
    return tuple(whole(part.strip(), name) for part in text.split(","))


def read_sizes(text: str, dimension: int, width: int) -> list[int]:
    """Return numbers of samples, in increasing order.

    >>> read_sizes("2p,20", dimension=50, width=40)
    [20, 80]
    """
    from giantstep.sizes import Size

    sizes = [Size.parse(part.strip(), name="samples") for part in text.split(",")]
    return sorted({size.count(dimension=dimension, width=width, name="samples") for size in sizes})


def read_drawn(
    widths: tuple[int, ...],
    activation: Activation,
    rows: str,
    dimension: int,
    target: str | None,
    target_widths: str,
    noise: str | None,
) -> DeepProblem:
    """Return the problem of a drawn network, with a target of the inputs or a network of its own."""
    from giantstep.networks.deep import DeepNetwork
    from giantstep.networks.deep_problem import DeepProblem

    learner = DeepNetwork(widths, activation, rows)
    if target is not None:
        return DeepProblem(learner, read_target(target, noise), dimension)
    given = DeepNetwork(read_widths(target_widths, "target_widths"), activation, rows)
    variance = 0.05 if noise is None else number(noise, "noise")
    return DeepProblem(learner, given, dimension, variance)


def read_trained(
    widths: tuple[int, ...],
    activation: Activation,
    dimension: int,
    target: str | None,
    noise: str | None,
    learning_rate: str,
    steps: str | None,
    batch: str | None,
    samples: str,
) -> TrainedSetting:
    """Return the setting of theory note 50, S5.4: one layer, from a readout N(0, 1/p) and rows N(0, I/d)."""
    from giantstep.asymptotics.deep_features.covariance import check_odd
    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.studies.trained_walk import TrainedSetting

    if target is None:
        raise SpecError("target: found none with --learning-rate. Add one, such as --target 'tanh(2*z1)'.")
    if len(widths) != 1:
        raise SpecError(f"widths: found {len(widths)} layers with --learning-rate, expected one to train.")
    check_odd(activation)
    start: dict[str, Any] = {"readout": "gaussian", "readout_scale": "1/sqrt(p)", "rows": "gaussian"}
    network = Network(widths[0], activation, symmetric=False, **start)
    count = whole("1" if steps is None else steps, "steps")
    if count < 1:
        raise SpecError(f"steps: found {count}, expected at least 1. Leave --learning-rate out for none.")
    protocol = Protocol.repeat(count, batch="2d" if batch is None else batch, learning_rate=learning_rate)
    sizes = tuple(read_sizes(samples, dimension, network.width))
    return TrainedSetting(read_target(target, noise), network, protocol, dimension, sizes)
