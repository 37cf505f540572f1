"""What a study is about, in the words that say which papers it rests on."""

from __future__ import annotations

import json

from giantstep.studies.study import Study


def subjects(study: Study) -> tuple[str, ...]:
    """Return its kind of figure, or its kinds of points where it has none; and ``reuse`` if batches are.

    >>> study = Study.parse('''
    ... figure = "stairway"
    ... [[sweep]]
    ... kind = "simulation"
    ... target = "z1*z2"
    ... network = {width = 4}
    ... protocol = {steps = 2, batch = "2d", learning_rate = 1, reuse = true}
    ... seeds = 1
    ... dimension = 100
    ... ''')
    >>> subjects(study)
    ('stairway', 'reuse')
    """
    found = [study.figure] if study.figure else [sweep.kind for sweep in study.sweeps]
    if any(_reuses(point.task) for point in study.points):
        found.append("reuse")
    return tuple(dict.fromkeys(found))


def _reuses(task: str) -> bool:
    # Most tasks do not hold the word at all; reading them as JSON would cost more than everything else.
    if '"reuse"' not in task:
        return False
    steps = json.loads(task).get("protocol", [])
    return any(step.get("reuse") for step in steps)
