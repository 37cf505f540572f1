"""A task that some points do not survive; a module of its own, for worker processes to import."""

import os
import signal

from giantstep.studies.tasks import perform


def perform_or_die(task: str, folder: str) -> str:
    """Kill the worker where the target is z1, the replicate 1 and the dimension 100."""
    if '"replicate":1' in task and '"dimension":100,' in task and '"z1"' in task:
        os.kill(os.getpid(), signal.SIGKILL)
    return perform(task, folder)


def perform_on_a_full_disk(task: str, folder: str) -> str:
    """Compute, but find no room for the result."""
    from giantstep.errors import WriteError

    raise WriteError("points: cannot be written (No space left on device); free some space")
