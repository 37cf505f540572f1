"""The conditioning of the pretrained layer, smallest over largest singular value of W+ M: A is blind to it.

Neurons see the same inputs, so given these a row of W+ M is c + L w_M + noise with w_M ~ N(0, I/d), c and L
shared by all neurons [derived here]. The shares N(s) of the patterns among the inputs and their sums
X(s) = mean of 1{s} M^T x fluctuate; with relu(u) = 1/sqrt(2 pi) + u/2 + .. the heads' step leaves

    R(s) = N(s)/sqrt(2 pi) + X(s).w_M/2 + noise of variance 2^-r (1/2 - 1/(2 pi)) / n1,    q = K R,

and with 1{u > 0} = 1/2 + u/sqrt(2 pi) + .. the first layer's step, on shares and sums of its own, leaves

    X^T q / 2 + E_s[q(s) E(M^T x x^T M | s)] w_M / sqrt(2 pi) + noise of variance E_s q^2 / (4 n2).

Terms beyond are smaller by sqrt(r/d) or 1/sqrt(n). Without what sampling does to L, which is F_1/(2 pi) in
expectation, the law is 3 to 10 % too high at n = 10 d to 20 d; with it, right within 0.5 % (tests).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.bartlett import bartlett
from giantstep.streams import Role, Streams
from giantstep.targets.tasks import TaskTables, patterns

Array = NDArray[np.float64]

DRAWS = 512
FEWEST_DRAWS = 16
_TASK_DRAWS = 2**20
_MEAN = math.sqrt(2 / math.pi)
"""Of |x|; a bit's input has this mean given the bit, and variance 1 - 2/pi."""
_CONSTANT = 1 / math.sqrt(2 * math.pi)
_OWN = 0.5 - 1 / (2 * math.pi)
"""Of E relu(u)^2 = 1/2, what two neurons do not share."""


def conditioning(
    tasks: TaskTables,
    dimension: int,
    head_samples: float,
    layer_samples: float,
    *,
    fresh: bool = False,
    width: int | None = None,
) -> tuple[float, float]:
    """Return mean and standard deviation of smallest over largest singular value of W+ M, over draws.

    Parameters
    ----------
    tasks, dimension, head_samples, layer_samples, fresh
        As `alignment_law`.
    width : int, optional
        Number of neurons; infinitely many by default.

    512 draws at a fixed address, of what the neurons share and, at a width, of the Gram matrix of the rest;
    fewer for many tasks with fresh inputs.

    Examples
    --------
    >>> from giantstep.targets.tasks import Tasks
    >>> tables = Tasks(3, 200).draw(Streams(0))
    >>> mean, spread = conditioning(tables, 200, 4000, 4000, width=300)
    >>> 0.6 < mean < 0.8, 0.0 < spread < 0.2
    (True, True)
    """
    rank = tasks.rank
    if width is not None and width < rank:
        return 0.0, 0.0
    generator = Streams(0).generator(Role.TEST)
    count = DRAWS
    if fresh and tasks.labels is not None:
        count = min(DRAWS, max(FEWEST_DRAWS, _TASK_DRAWS // len(tasks.labels)))
    ratios = np.empty(count)
    for place in range(count):
        common, linear, noise = shared_draw(
            tasks, dimension, head_samples, layer_samples, generator, fresh=fresh
        )
        own = noise + linear @ linear.T / dimension
        if width is None:
            gram = own + np.outer(common, common)
        else:
            # Z has iid rows; Z^T Z and the sum of its rows are all that the Gram matrix needs.
            factor = np.vstack([bartlett(rank, width - 1, generator).T, generator.standard_normal(rank)])
            rows = factor @ _root(own).T
            rows[-1] += math.sqrt(width) * common
            gram = rows.T @ rows
        values = np.linalg.eigvalsh(gram)
        ratios[place] = math.sqrt(max(float(values[0]), 0.0) / float(values[-1]))
    return float(ratios.mean()), float(ratios.std())


def shared_draw(
    tasks: TaskTables, dimension: int, n1: float, n2: float, generator: np.random.Generator, *, fresh: bool
) -> tuple[Array, Array, Array]:
    """Return c (r,), L (r, r) and the covariance (r, r) of a row's own noise, for inputs drawn at random.

    With c c^T + L L^T / d + covariance averaged over inputs, this is the second moment of a row.
    """
    return (_fresh if fresh else _shared)(tasks, dimension, n1, n2, generator)


def _shared(
    tasks: TaskTables, dimension: int, n1: float, n2: float, generator: np.random.Generator
) -> tuple[Array, Array, Array]:
    bits = patterns(tasks.rank)
    heads, first = _sums(bits, n1, generator)
    _, second = _sums(bits, n2, generator)
    return given_inputs(tasks, dimension, n1, n2, heads, first, second)


def given_inputs(
    tasks: TaskTables, dimension: int, n1: float, n2: float, shares: Array, first: Array, second: Array
) -> tuple[Array, Array, Array]:
    """Return what `shared_draw` does, for inputs that all tasks share and whose sums are known.

    Parameters
    ----------
    shares : array, shape (2^r,)
        Share of the heads' inputs with each pattern.
    first, second : array, shape (2^r, r)
        Mean over the inputs of each step of 1{s} M^T x.
    """
    size, kernel = len(shares), tasks.kernel
    moments = _second_moments(patterns(tasks.rank))
    constant: Array = _CONSTANT * (kernel @ shares)
    slope: Array = 0.5 * (kernel @ first)
    back = 0.5 * second.T
    linear = back @ slope + _CONSTANT * np.tensordot(constant / size, moments, 1)
    noise = _OWN / (size * n1)
    answers = float((constant**2).sum() + (slope**2).sum() / dimension + noise * (kernel**2).sum()) / size
    spread = back @ kernel
    return back @ constant, linear, noise * spread @ spread.T + answers / (4 * n2) * np.eye(tasks.rank)


def _sums(bits: Array, samples: float, generator: np.random.Generator) -> tuple[Array, Array]:
    """Return the share of inputs with each pattern (2^r,), and the mean of 1{s} M^T x (2^r, r)."""
    size, rank = bits.shape
    counts: Array = np.asarray(generator.standard_normal(size))
    shares: Array = 1 / size + (counts - counts.mean()) / math.sqrt(size * samples)
    inner = np.sqrt(np.maximum(shares, 0.0) * (1 - _MEAN**2) / samples)
    return shares, _MEAN * shares[:, None] * bits + inner[:, None] * generator.standard_normal((size, rank))


def _second_moments(bits: Array) -> Array:
    """Return E(M^T x x^T M | s) of every pattern, shape (2^r, r, r)."""
    moments = _MEAN**2 * bits[:, :, None] * bits[:, None, :]
    axes = np.arange(bits.shape[1])
    moments[:, axes, axes] = 1.0
    return np.asarray(moments, dtype=np.float64)


def _fresh(
    tasks: TaskTables, dimension: int, n1: float, n2: float, generator: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return the same where every task has inputs of its own: means over tasks of products of two steps."""
    labels: Any = tasks.labels
    bits, count = patterns(tasks.rank), len(labels)
    size = len(bits)
    energies = (labels**2).mean(1)
    answers, slopes = _labelled_sums(labels, bits, n1, generator)
    _, pulls = _labelled_sums(labels, bits, n2, generator)
    constant, slope, back = _CONSTANT * answers, 0.5 * slopes, 0.5 * pulls
    second = np.tensordot(constant @ labels / (size * count), _second_moments(bits), 1)
    linear = back.T @ slope / count + _CONSTANT * second
    noise = _OWN * energies / n1
    squares = constant**2 + (slope**2).sum(1) / dimension + noise
    own = (back * noise[:, None]).T @ back / count**2
    own = own + float(energies @ squares) / (4 * n2 * count**2) * np.eye(tasks.rank)
    return back.T @ constant / count, linear, own


def _labelled_sums(
    labels: Array, bits: Array, samples: float, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Return the means over a task's own inputs of y (tasks,) and of y M^T x (tasks, r)."""
    size, rank = bits.shape
    seen = np.hstack([np.ones((size, 1)), bits])
    means = labels @ seen / size
    covariance = np.tensordot(labels**2 / size, seen[:, :, None] * seen[:, None, :], 1)
    covariance -= means[:, :, None] * means[:, None, :]
    drawn = generator.standard_normal((len(labels), rank + 1))
    found = means + np.einsum("tkl,tl->tk", _root(covariance), drawn) / math.sqrt(samples)
    inner = np.sqrt((labels**2).mean(1) * (1 - _MEAN**2) / samples)
    return found[:, 0], _MEAN * found[:, 1:] + inner[:, None] * generator.standard_normal((len(labels), rank))


def _root(covariance: Array) -> Array:
    """Return a square root of each covariance along the last two axes."""
    values, vectors = np.linalg.eigh(covariance)
    root: Array = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    return root
