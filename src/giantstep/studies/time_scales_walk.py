"""A finite network with a fast readout beside its limit, from the same readouts and overlaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from giantstep.asymptotics import learning_times
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.training.time_scales.runs import run_descent

if TYPE_CHECKING:
    import xarray as xr


def time_scales_walk(
    components: HermiteComponents,
    *,
    time_scale_ratio: Sequence[float],
    start: ParticleStart,
    until: float,
    method: str = "flow",
    step: float | None = None,
    batch: int = 20,
    on_progress: Callable[[int], None] = lambda done: None,
) -> xr.Dataset:
    """Return `learning_times` with the risk of the finite network laid beside.

    Returns
    -------
    xarray.Dataset
        That of `learning_times`; over time_scale_ratio, replicate, time_point ``finite_risk``; over the first
        two ``deviation`` = sup over the times of |finite_risk - risk| and ``finite_status``,
        ``finite_message``; attribute ``warnings`` of both.
    """
    import xarray as xr

    data = learning_times(components, time_scale_ratio=time_scale_ratio, start=start, until=until)
    runs = []
    for ratio in data["time_scale_ratio"].values:
        runs.append(
            run_descent(
                components,
                time_scale_ratio=float(ratio),
                start=start,
                times=data["time"].sel(time_scale_ratio=ratio).values,
                method=method,
                step=step,
                batch=batch,
                on_progress=on_progress,
            )
        )
    axis = data["time_scale_ratio"]
    data["finite_risk"] = xr.concat([run["risk"] for run in runs], dim=axis)
    data["deviation"] = abs(data["finite_risk"] - data["risk"]).max("time_point", skipna=False)
    for name in ("status", "message"):
        data[f"finite_{name}"] = xr.concat([run[name] for run in runs], dim=axis)
    for run in runs:
        data.attrs["warnings"] = [*data.attrs["warnings"], *run.attrs["warnings"]]
    data.attrs["dimension"] = start.dimension
    return data
