"""Cells that begin with %%sh show what a command prints into a pipe: no colours, no progress bar."""

import os
import subprocess

from IPython import get_ipython


def sh(line, cell):
    """Run the cell's commands; what fails ends the build with its message."""
    plain = {name: value for name, value in os.environ.items() if "COLOR" not in name} | {"NO_COLOR": "1"}
    done = subprocess.run(["sh", "-ec", cell], capture_output=True, text=True, env=plain, check=False)
    print(done.stdout, end="")
    if done.returncode:
        raise RuntimeError(done.stderr.strip())


get_ipython().register_magic_function(sh, magic_kind="cell")
