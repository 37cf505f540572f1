"""The alignment law of multi-task pretraining: its traces, its limits, and the pitfalls as warnings."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from giantstep import CapabilityError, SpecError
from giantstep import asymptotics as predict
from giantstep.asymptotics.multi_task.alignment_law import alignment_law
from giantstep.asymptotics.multi_task.conditioning import conditioning, shared_draw
from giantstep.streams import Streams
from giantstep.targets.tasks import Tasks, TaskTables, pattern_index, patterns

SEED = Streams(11)


def note_law(labels, d, n1, n2):
    """Theory note 50, S8.3, from sums over pairs of tasks, general case; with the share 1 - r/d of C_0^2."""
    size = labels.shape[1]
    bits = patterns(int(math.log2(size)))
    r = bits.shape[1]
    f = labels @ bits / size
    g = labels @ labels.T / size
    pairs = f @ f.T
    q1, q2, q3 = (g**2).mean(), (g * pairs).mean(), (pairs**2).mean()
    c = labels.mean(1)
    c0, v = (c**2).mean(), (c[:, None] * f).mean(0)
    q0 = (((c[:, None] * labels).mean(0)) ** 2).mean() / (2 * math.pi)
    whole = q2 / (2 * math.pi * d) + q1 / (2 * n1) + q0
    first = f.T @ f / len(f)
    inside = np.sum((first + c0 * np.eye(r)) ** 2) / (4 * math.pi**2 * d) + v @ v / (4 * math.pi**2)
    inside += q2 / (4 * math.pi * n1) + r / (2 * n2) * whole
    if c0 < 1e-12:
        assert inside == pytest.approx(
            q3 / (4 * math.pi**2 * d) + q2 / (4 * math.pi * n1) + r / (2 * n2) * whole
        )
    return inside, (d - r) / (2 * n2) * whole + c0**2 / (4 * math.pi**2) * (1 - r / d)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("count", [1, 7, 60])
def test_the_kernel_form_is_the_sum_over_pairs_of_tasks(balanced, count):
    tables = Tasks(3, count, balanced).draw(SEED)
    law = alignment_law(tables, 150, 3000, 1700)
    inside, leakage = note_law(tables.labels, 150, 3000, 1700)
    assert np.trace(law.inside) == pytest.approx(inside, rel=1e-12)
    assert law.leakage == pytest.approx(leakage, rel=1e-12)


@pytest.mark.parametrize("rank", [2, 3, 4])
@pytest.mark.parametrize("kappa", [2.5, 10.0, 40.0, 160.0])
def test_infinitely_many_tasks_in_infinite_dimension(rank, kappa):
    size, d = 2**rank, 10**9
    a = rank / (4 * math.pi**2) + rank / (4 * math.pi * kappa)
    p = (rank / (2 * math.pi) + (size - 1) / (2 * kappa)) / (2 * kappa)
    law = alignment_law(Tasks(rank, None).draw(SEED), d, kappa * d, kappa * d)
    assert law.alignment == pytest.approx(a / (a + p), rel=1e-7)


def test_listed_limits_of_the_sample_scan():
    # Theory note 50, S8.6, last column of the sample scan, four digits.
    listed = {(2, 2.5): 0.3837, (2, 40.0): 0.9247, (3, 10.0): 0.7071, (4, 2.5): 0.2392, (4, 160.0): 0.9797}
    for (rank, kappa), value in listed.items():
        law = alignment_law(Tasks(rank, None).draw(SEED), 10**9, kappa * 1e9, kappa * 1e9)
        assert law.alignment == pytest.approx(value, abs=6e-5)


def test_many_tasks_tend_to_infinitely_many():
    many = Tasks(3, 200_000).draw(SEED)
    for centred in (False, True):
        limit = Tasks(3, None, False, centred).draw(SEED)
        drawn = Tasks(3, 200_000, False, centred).draw(SEED)
        found = [alignment_law(one, 300, 6000, 6000).alignment for one in (drawn, limit)]
        assert found[0] == pytest.approx(found[1], rel=0.02)
    np.testing.assert_allclose(many.kernel, Tasks(3, None).draw(SEED).kernel, atol=5 / math.sqrt(200_000))


def test_unbalanced_tables_tend_to_a_floor_however_many_samples():
    tables = Tasks(3, None, balanced=False).draw(SEED)
    for d in (50, 200, 800):
        law = alignment_law(tables, d, 1e15, 1e15)
        assert law.alignment == pytest.approx(12 / (9 + d), rel=1e-6)
    # The note's 4r / (4r + d) differs by r/d: at d = r everything is inside.
    assert alignment_law(tables, 3, 1e15, 1e15).alignment == pytest.approx(1.0)


def test_a_single_task_teaches_one_direction():
    tables = Tasks(3, 1).draw(SEED)
    values = np.linalg.eigvalsh(alignment_law(tables, 800, 16_000, 16_000).inside)
    assert values[-1] > 50 * values[-2]
    assert conditioning(tables, 800, 16_000, 16_000)[0] < 0.1


def test_more_tasks_are_better_conditioned():
    ratios = [
        conditioning(Tasks(3, count).draw(SEED), 200, 8000, 8000, width=300)[0] for count in (1, 8, 512)
    ]
    assert ratios == sorted(ratios)
    assert ratios[0] < 0.15
    assert ratios[2] > 5 * ratios[0]


def test_conditioning_needs_as_many_neurons_as_bits():
    words = (Tasks(3, 50).draw(SEED), 200, 8000, 8000)
    assert conditioning(*words, width=2) == (0.0, 0.0)
    assert conditioning(*words, width=10**6)[0] == pytest.approx(conditioning(*words)[0], rel=0.01)


@pytest.mark.parametrize(
    ("tasks", "samples", "fresh"),
    [
        (Tasks(3, 200), 2000, False),
        (Tasks(3, 5, False, True), 2000, False),
        (Tasks(3, None), 4000, False),
        (Tasks(2, 40), 200, True),
        (Tasks(2, 40, False, True), 200, True),
    ],
)
def test_what_neurons_share_and_their_own_noise_add_up_to_the_moments_of_a_row(tasks, samples, fresh):
    # The two are derived apart: the closed law from one row, the draws from all rows given the inputs.
    tables, d, draws, generator = tasks.draw(Streams(3)), 400, 1000, np.random.default_rng(0)
    found = []
    for _ in range(draws):
        common, linear, noise = shared_draw(tables, d, samples, samples, generator, fresh=fresh)
        found.append(noise + linear @ linear.T / d + np.outer(common, common))
    off = np.mean(found, axis=0) - alignment_law(tables, d, samples, samples, fresh=fresh).inside
    errors = np.std(found, axis=0, ddof=1) / np.sqrt(draws)
    scale = np.trace(np.mean(found, axis=0))
    # The closed law leaves out terms of relative order r/d, 2^r/n and 1/T.
    assert (np.abs(off) < 4 * errors + 0.01 * scale).all()


def test_at_many_samples_the_conditioning_is_that_of_f_1():
    tables = Tasks(3, 40).draw(SEED)
    values = np.linalg.svd(tables.linear.T @ tables.linear, compute_uv=False)
    found = conditioning(tables, 200, 1e14, 1e14)[0]
    assert found == pytest.approx(values[-1] / values[0], rel=1e-4)


def test_fresh_inputs_count_the_total_budget():
    tables = Tasks(3, 100).draw(SEED)
    few = alignment_law(tables, 200, 10**9, 400, fresh=True)
    shared = alignment_law(TaskTables.of(np.repeat(tables.labels, 2, axis=0)), 200, 10**9, 200, fresh=True)
    # Twice the tasks with half the samples each: the second step's budget n2 T is the same.
    assert few.alignment == pytest.approx(shared.alignment, rel=1e-6)


def test_a_dataset_with_conditioning_at_a_width():
    found = predict.task_alignment(Tasks(3, 200), dimension=200, samples=[500, 4000], width=300)
    assert found.alignment.dims == ("samples",)
    np.testing.assert_allclose(found.alignment, found.signal / (found.signal + found.leakage))
    assert (found.conditioning_width < found.conditioning).all()


WARNINGS = {
    "unbalanced": (Tasks(3, 50, balanced=False), {}, "Balance the tables, or centre"),
    "single": (Tasks(3, 1), {}, "Take more tasks"),
    "parity": (TaskTables.of([[1, -1, -1, 1]]), {}, "parities"),
    "few samples": (Tasks(3, 200), {"samples": 200}, "must grow like d"),
    "low dimension": (Tasks(3, 200), {"dimension": 20}, "not many times the rank"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_pitfalls_are_warnings_with_a_remedy(case):
    tasks, words, sentence = WARNINGS[case]
    found = predict.task_alignment(tasks, **({"dimension": 200, "samples": 4000} | words))
    assert any(sentence in text for text in json.loads(found.attrs["warnings"]))


def test_sound_settings_have_no_warning():
    for tasks in (Tasks(3, 200), Tasks(3, 200, False, True), Tasks(2, None)):
        found = predict.task_alignment(tasks, dimension=200, samples=4000)
        assert json.loads(found.attrs["warnings"]) == []


def test_tasks_are_the_same_at_every_dimension_and_their_law_is_uniform():
    # Tables come from an address without the dimension: same downstream tasks at every d (S8.7).
    first, again = (Tasks(3, 20).draw(Streams(5, 2)).labels for _ in range(2))
    np.testing.assert_array_equal(first, again)
    counts = np.zeros(6)
    for row in Tasks(2, 12_000).draw(Streams(1)).labels:
        counts[
            ["++--", "+-+-", "+--+", "-++-", "-+-+", "--++"].index("".join("-+"[int(x > 0)] for x in row))
        ] += 1
    assert np.sum((counts - 2000) ** 2 / 2000) < 20.5  # chi^2 with 5 degrees at 1e-3


def test_patterns_are_numbered_as_their_bits():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((3, 50))
    np.testing.assert_array_equal(patterns(3)[pattern_index(z)], np.sign(z).T)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tasks(0, 5), "rank: found 0"),
        (lambda: Tasks(3, 0), "tasks: found 0"),
        (lambda: Tasks(8, 10**6), "tasks: found 1000000, expected a whole number from 1 to 131072"),
        (lambda: Tasks(True, 5), "rank: found True"),
        (lambda: TaskTables.of([[1, 0]]), "entries other than 1 and -1"),
        (lambda: TaskTables.of([[1, -1, 1]]), r"shape \(1, 3\)"),
        (lambda: predict.task_alignment(Tasks(3, 5), dimension=2, samples=10), "dimension: found 2"),
        (lambda: predict.task_alignment(Tasks(3, 5), dimension=20, samples=0), "samples: found 0"),
        (lambda: predict.task_alignment("many", dimension=20, samples=5), "tasks: found str"),
    ],
)
def test_bad_tasks_are_refused(make, message):
    with pytest.raises(SpecError, match=message):
        make()


def test_fresh_inputs_are_derived_for_balanced_or_centred_tasks_only():
    with pytest.raises(CapabilityError, match="derived for balanced or centred"):
        alignment_law(Tasks(3, 50, balanced=False).draw(SEED), 100, 100, 100, fresh=True)
    with pytest.raises(CapabilityError, match="infinite budget"):
        alignment_law(Tasks(3, None).draw(SEED), 100, 100, 100, fresh=True)
