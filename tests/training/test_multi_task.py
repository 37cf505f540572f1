"""Multi-task pretraining against the plain two steps, its law, and its streams."""

from __future__ import annotations

import numpy as np
import pytest

from giantstep import SpecError
from giantstep.asymptotics.multi_task.conditioning import given_inputs
from giantstep.significance import needed_t
from giantstep.streams import Role, Streams
from giantstep.studies.multi_task_walk import multi_task_walk
from giantstep.targets.tasks import Tasks, TaskTables, pattern_index, patterns
from giantstep.training.multi_task.downstream import accuracies, oracle_layer
from giantstep.training.multi_task.pretraining import Pretraining, alignment_of, pretrain


def plain_steps(tables, setting, streams):
    """S8.2 word for word, whole batches in memory, the streams' own inputs."""
    start = setting.start(streams).astype(float)

    def inputs(step, samples):
        parts = []
        while sum(part.shape[1] for part in parts) < samples:
            size = min(setting.chunk, samples - sum(part.shape[1] for part in parts))
            generator = streams.generator(Role.BATCH, step, len(parts))
            from giantstep.gaussian.normals import draw_normals

            parts.append(draw_normals(generator, setting.dimension, size).astype(float))
        return np.hstack(parts)

    first, second = inputs(1, setting.head_samples), inputs(2, setting.layer_samples)
    layer = np.zeros((setting.width, setting.dimension))
    for labels in tables.labels:
        y = labels[pattern_index(first[: tables.rank])]
        head = np.maximum(start @ first, 0) @ y / y.size
        y = labels[pattern_index(second[: tables.rank])]
        layer += ((start @ second > 0) * head[:, None] * y) @ second.T / y.size
    return layer / np.sqrt((layer**2).sum() / setting.width)


def test_the_streamed_steps_are_the_plain_ones():
    tables, streams = Tasks(3, 12, balanced=False).draw(Streams(3)), Streams(3, 1)
    setting = Pretraining(2**11, 15, 700, 1100)  # several chunks of 512 inputs
    assert setting.chunk == 512
    found = pretrain(tables, setting, streams)
    np.testing.assert_allclose(found, plain_steps(tables, setting, streams), atol=2e-5)


def test_the_bits_do_not_depend_on_threads():
    tables = Tasks(2, 9).draw(Streams(0))
    for fresh in (False, True):
        setting = Pretraining(30, 20, 9000, 9000, fresh)
        one, two = (pretrain(tables, setting, Streams(0), threads=threads) for threads in (1, 2))
        np.testing.assert_array_equal(one, two)


SETTINGS = {
    "multi": (Tasks(3, 100), Pretraining(100, 200, 2000, 2000)),
    "different samples": (Tasks(3, 100), Pretraining(100, 200, 6000, 1500)),
    "single": (Tasks(3, 1), Pretraining(100, 200, 2000, 2000)),
    "unbalanced": (Tasks(2, 60, balanced=False), Pretraining(150, 200, 3000, 3000)),
    "centred": (Tasks(3, 60, False, True), Pretraining(100, 200, 2000, 2000)),
    "infinite": (Tasks(3, None), Pretraining(100, 200, 1000, 1000)),
    "fresh": (Tasks(2, 40), Pretraining(100, 200, 200, 200, fresh=True)),
    "fresh, centred": (Tasks(2, 40, False, True), Pretraining(100, 200, 200, 200, fresh=True)),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_alignment_agrees_with_its_law_in_standard_errors(case):
    tasks, setting = SETTINGS[case]
    walked = multi_task_walk(tasks, [setting], seeds=8, seed=21)
    assert abs(float(walked.scores.alignment_z[0])) < needed_t(len(SETTINGS), 7, single=3.29)


CONDITIONED = {
    "balanced": (Tasks(3, 200), Pretraining(100, 200, 2000, 2000)),
    "four bits": (Tasks(4, 300), Pretraining(100, 200, 1000, 1000)),
    "unbalanced": (Tasks(3, 200, balanced=False), Pretraining(100, 200, 2000, 2000)),
    "fresh": (Tasks(3, 30), Pretraining(100, 200, 100, 100, fresh=True)),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CONDITIONED)
def test_conditioning_agrees_with_its_law_in_standard_errors(case):
    # Seeds enough to see 5 %, what sampling does to F_1.
    tasks, setting = CONDITIONED[case]
    scores = multi_task_walk(tasks, [setting], seeds=80, seed=21).scores.isel(samples=0)
    law, error = float(scores.conditioning_law), float(scores.conditioning_se)
    print(case, float(scores.conditioning), error, "law", law, "z", float(scores.conditioning_z))
    assert abs(float(scores.conditioning_z)) < needed_t(len(CONDITIONED), 79, single=3.29)
    assert error < 0.02 * law


@pytest.mark.parametrize("balanced", [True, False])
def test_rows_are_the_line_in_their_latent_weights_that_the_inputs_say(balanced):
    # Both steps in plain arrays; then rows of W+ M against w_M, by least squares over many neurons.
    rank, d, n, neurons = 3, 200, 3000, 4000
    tables, rng = Tasks(rank, 40, balanced=balanced).draw(Streams(4)), np.random.default_rng(1)
    weights = rng.standard_normal((neurons, d)) / np.sqrt(d)
    first, second = rng.standard_normal((2, d, n))
    indicators = [np.eye(2**rank)[pattern_index(x[:rank])] for x in (first, second)]
    means = np.maximum(weights @ first, 0.0) @ indicators[0] / n
    pulled = (means @ tables.kernel @ indicators[1].T) * (weights @ second > 0)
    rows = pulled @ second[:rank].T / n
    sums = [seen.T @ x[:rank].T / n for seen, x in zip(indicators, (first, second), strict=True)]
    common, linear, noise = given_inputs(tables, d, n, n, indicators[0].mean(0), *sums)
    design = np.hstack([np.ones((neurons, 1)), weights[:, :rank]])
    fitted, *_ = np.linalg.lstsq(design, rows, rcond=None)
    rest = rows - design @ fitted
    errors = np.sqrt(np.outer(np.diag(np.linalg.inv(design.T @ design)), rest.var(axis=0)))
    expected = np.vstack([common, linear.T])
    # What is left out is smaller by sqrt(r/d) than what is kept of c, by r/d than L.
    left_out = np.vstack(
        [np.full(rank, 0.02 * np.abs(common).max()), np.full((rank, rank), 5e-3 * abs(linear).max())]
    )
    assert (np.abs(fitted - expected) < 4.5 * errors + left_out).all()
    # Given the inputs, the other d - r directions average what they add to it.
    assert np.linalg.norm(np.cov(rest.T) - noise) < 2 * np.sqrt(rank / d) * np.linalg.norm(noise)
    # .. and L is visibly not its mean, F_1 / (2 pi).
    bits = patterns(rank)
    mean = bits.T @ tables.kernel @ bits / 64 / (2 * np.pi) + tables.bias * np.eye(rank) / (2 * np.pi)
    assert np.abs((linear - mean) / errors[1:].T).max() > 6


def test_downstream_accuracy_orders_the_representations():
    setting = Pretraining(100, 150, 4000, 4000)
    walked = multi_task_walk(Tasks(3, 100), [setting], seeds=4, downstream=[60, 400], downstream_tasks=2)
    mean = walked.scores.accuracy
    for n in (60, 400):
        order = [
            float(mean.sel(representation=kind, downstream_samples=n))
            for kind in ("random", "multi", "oracle")
        ]
        assert order == sorted(order)
    single = mean.sel(representation="single", downstream_samples=400)
    assert float(single) < float(mean.sel(representation="multi", downstream_samples=400))


def test_leakage_is_a_ceiling_downstream_that_more_pretraining_lifts():
    found = []
    for kappa in (10, 160):
        setting = Pretraining(50, 200, 50 * kappa, 50 * kappa)
        walked = multi_task_walk(Tasks(3, 200), [setting], seeds=5, downstream=[600], downstream_tasks=2)
        found.append(walked.data.accuracy.sel(downstream_samples=600))
    few, many = (one.sel(representation="multi").values for one in found)
    oracle = found[1].sel(representation="oracle").values
    for above, below in ((many, few), (oracle, many)):
        gain = above - below
        assert gain.mean() / (gain.std(ddof=1) / np.sqrt(5)) > needed_t(2, 4, single=2.33)


def test_an_oracle_learns_a_task_that_inputs_drawn_by_hand_confirm():
    streams, tables = Streams(7), TaskTables.of([[1, 1, -1, -1]])  # the second bit
    found = accuracies(oracle_layer(60, 20, 2, streams), tables, [400], streams)
    assert found[0, 0] > 0.95
    assert alignment_of(oracle_layer(60, 20, 2, streams), 2)[0] == 1.0


def test_bad_sizes_are_refused():
    tables = Tasks(3, 5).draw(Streams(0))
    with pytest.raises(SpecError, match="samples: found 0"):
        Pretraining(10, 10, 0, 10)
    with pytest.raises(SpecError, match="expected at least the rank, 3"):
        pretrain(tables, Pretraining(2, 10, 10, 10), Streams(0))
    with pytest.raises(SpecError, match="downstream samples: found 5"):
        accuracies(np.ones((4, 6)), tables, [5], Streams(0))
