"""With what a number was made: versions, linear algebra, processor, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "xarray", "h5netcdf", "h5py")


@cache
def _fixed() -> dict[str, Any]:
    import giantstep

    return {
        "giantstep": giantstep.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": _processor(),
        "host": platform.node(),
        "cores": os.cpu_count(),
    }


def provenance() -> dict[str, Any]:
    """Return what a run's record holds besides its times: nothing here enters a result or its hash."""
    from threadpoolctl import threadpool_info

    libraries = [
        {key: item.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
        for item in threadpool_info()
        if item.get("user_api") == "blas"
    ]
    return {**_fixed(), "blas": libraries}


def _commit() -> str | None:
    """Return the commit of the source tree this package runs from; None for an installed one."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists() or not (root / "pyproject.toml").exists():
        return None
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
