"""A task is a canonical text: compute what it says, commit, return its hash. Pure and idempotent."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.streams import Streams, fingerprint
from giantstep.studies.canonical import canonical, spec_hash
from giantstep.studies.provenance import provenance
from giantstep.studies.store import Store
from giantstep.targets import Target
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

DONE, FAILED = "done", "failed"


def perform(task: str, folder: str) -> str:
    """Compute one point, commit it to a results folder and return its hash.

    What fails is noted beside where the point would be, with its reason, and does not raise.
    """
    store, name = Store(Path(folder)), spec_hash(task)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        with one_blas_thread():
            store.write(name, task, compute(task), fingerprint())
            record: dict[str, Any] = provenance() | {"status": DONE, "message": ""}
    # Anything may go wrong in a point; one bad point never ends a study.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        record = provenance() | {"status": FAILED, "message": reason, "error": type(error).__name__}
    record |= {
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "wall_seconds": round(time.perf_counter() - wall, 4),
        "cpu_seconds": round(time.process_time() - cpu, 4),
        "threads": 1,
        "spec_hash": name,
    }
    store.note(name, record)
    return name


def compute(task: str) -> xr.Dataset:
    """Return the Dataset that a canonical text describes."""
    spec = json.loads(task)
    return {"certificate": _certificate, "simulation": _simulation, "scan": _scan}[spec["kind"]](spec)


def read_target(spec: dict[str, Any]) -> Target:
    """Return the target of a spec."""
    return Target.parse(spec["expression"], rank=spec["rank"], noise=spec["noise"])


def _simulation(spec: dict[str, Any]) -> xr.Dataset:
    from giantstep.training.retraining import Retraining
    from giantstep.training.simulation import simulate_replicate

    network = Network(**spec["network"])
    return simulate_replicate(
        read_target(spec["target"]),
        network,
        Protocol.from_spec(spec["protocol"]),
        dimension=spec["dimension"],
        streams=_streams(spec),
        engine=spec.get("engine", "auto"),
        retraining=Retraining.parse(
            spec.get("ridge"), spec.get("ridge_batch"), dimension=spec["dimension"], width=network.width
        ),
        threads=1,
    )


def _scan(spec: dict[str, Any]) -> xr.Dataset:
    from giantstep.training.batch_scan import scan_replicate

    return scan_replicate(
        read_target(spec["target"]),
        Network(**spec["network"]),
        Protocol.from_spec(spec["protocol"]),
        dimension=spec["dimension"],
        streams=_streams(spec),
        smallest_batch=spec["smallest_batch"],
        per_octave=spec.get("per_octave", 3),
        threads=1,
    )


def _streams(spec: dict[str, Any]) -> Streams:
    """Return the random streams of a replicate; points share them unless the study says otherwise."""
    prefix: tuple[int, ...] = ()
    if spec.get("independent"):
        own = spec_hash(canonical(spec))
        prefix = (int(own[:8], 16), int(own[8:16], 16))
    return Streams(spec["seed"], spec["replicate"], prefix)


def _certificate(spec: dict[str, Any]) -> xr.Dataset:
    from giantstep.staircase import analyze

    certificate = analyze(
        read_target(spec["target"]),
        Network(**spec["network"]) if "network" in spec else None,
        Protocol.from_spec(spec["protocol"]) if "protocol" in spec else None,
        dimension=spec.get("dimension"),
    )
    return certificate.dataset().assign_attrs(certificate=canonical(certificate.to_dict()))
