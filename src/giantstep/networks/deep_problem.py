"""A readout problem on deep features: who learns, from whom, with how much noise (theory note 50, S5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, instance, real_number, whole_number
from giantstep.networks.deep import MAX_WIDTH, DeepNetwork, DeepWeights
from giantstep.streams import Role, Streams
from giantstep.targets import Target

LEARNER, TEACHER = 0, 1
"""Places of the two networks among the streams of one replicate."""


@dataclass(frozen=True, slots=True)
class DeepProblem:
    """Ridge regression on the features of a deep random network; theory and simulation both take it.

    Parameters
    ----------
    learner : DeepNetwork
    target : DeepNetwork or Target
        A network f* = <theta*, phi*> with theta* ~ N(0, I/p*), drawn independently of the learner; or a
        function of the first inputs z1, .., with its own noise.
    dimension : int
        Inputs x ~ N(0, I_d).
    noise : float
        Variance of the label noise of a target network.

    Examples
    --------
    >>> problem = DeepProblem(DeepNetwork([30]), DeepNetwork([20]), dimension=25, noise=0.05)
    >>> instance = problem.draw(Streams(seed=0, replicate=1))
    >>> instance.labels(np.zeros((25, 4))).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """

    learner: DeepNetwork
    target: DeepNetwork | Target
    dimension: int
    noise: float = 0.0

    def __post_init__(self) -> None:
        instance("learner", self.learner, DeepNetwork)
        instance("target", self.target, DeepNetwork, Target)
        whole_number("dimension", self.dimension, 1, MAX_WIDTH)
        real_number("noise", self.noise, "a variance, a finite number >= 0", lambda number: number >= 0)
        if isinstance(self.target, Target):
            if self.noise:
                raise SpecError(
                    "noise: found one beside a Target, which has its own. Give Target(.., noise=)."
                )
            if self.target.rank > self.dimension:
                raise SpecError(f"target: rank {self.target.rank} is above the dimension {self.dimension}.")
            object.__setattr__(self, "noise", self.target.noise)

    def draw(self, streams: Streams) -> DeepInstance:
        """Return the weights of one replicate."""
        learner = self.learner.draw(self.dimension, streams, place=LEARNER)
        if isinstance(self.target, Target):
            return DeepInstance(self, streams, learner, self.target)
        teacher = self.target.draw(self.dimension, streams, place=TEACHER)
        readout = streams.generator(Role.READOUT).standard_normal(teacher.width) / math.sqrt(teacher.width)
        return DeepInstance(self, streams, learner, teacher, readout)


@dataclass(frozen=True, slots=True, eq=False)
class DeepInstance:
    """One replicate of a `DeepProblem`: weights, and labels of any inputs."""

    problem: DeepProblem
    streams: Streams
    learner: DeepWeights
    target: DeepWeights | Target
    readout: NDArray[np.float64] | None = None

    def labels(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return f*(x), without noise, of inputs of shape (d, samples)."""
        if self.readout is None:
            link: Any = self.target
            return np.asarray(link(inputs[: link.rank].T))
        teacher: Any = self.target
        return np.asarray(self.readout @ teacher.features(inputs))
